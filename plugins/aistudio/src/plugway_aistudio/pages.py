"""The open drivers of this process, each for one profile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import msgspec

from plugway import NoChannel
from plugway_aistudio.driver import Driver

if TYPE_CHECKING:
    from plugway import Channel, Clock, Secret, Turn
    from plugway_aistudio.settings import AIStudioSettings

log = logging.getLogger(__name__)

#: Seconds between two looks for pages that nobody uses.
_LOOK = 10.0

#: Makes a driver of a profile, its channel and the proxy of its browser.
Make = Callable[["Secret", "Channel", str], Driver]

#: Returns what was stored in the place of a profile while its page was open, else the profile.
Newest = Callable[[int, "Secret"], "Secret"]

#: Saves what a page that is about to be closed made of its profile.
Save = Callable[["Channel", int, "Secret", Driver], Awaitable[None]]

#: Name of no proxy at all, not even the machine's.
_DIRECT = "direct"


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Says how the pages of this process are.

    Attributes:
        open: Pages that are open.
        busy: Those that answer a question, or are about to.
    """

    open: int = 0
    busy: int = 0


class _Held:
    """Is a driver with what is known of it."""

    def __init__(
        self,
        driver: Driver,
        channel: Channel,
        secret: Secret,
        settings: AIStudioSettings,
        now: float,
    ) -> None:
        self.driver = driver
        self.settings = settings
        self.channel = channel
        self.secret = secret
        self.used = now
        self.requests = 0
        self.busy = False
        self.closing: asyncio.Task[None] | None = None


class Pages:
    """Hands out the driver of a profile to whoever has claimed its credential."""

    def __init__(
        self,
        make: Make,
        newest: Newest,
        settings: Callable[[], AIStudioSettings],
        clock: Clock,
        save: Save | None = None,
    ) -> None:
        """Begin with none.

        Args:
            make: Makes a driver.
            newest: Knows the profiles that were saved.
            settings: Returns the plugin's settings as they are now.
            clock: The time.
            save: Saves profiles whose pages are closed; None: nobody does.
        """
        self._make = make
        self._save = save
        self._newest = newest
        self._settings = settings
        self._clock = clock
        self._held: dict[int, _Held] = {}
        #: Held by who wants a page more, so that no two find room for one.
        self._opening = asyncio.Lock()
        self._given = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    async def take(self, turn: Turn) -> Driver:
        """Return the driver of a turn's profile; `give` hands it back.

        It waits until there may be another page, where all that may be open answer.

        Args:
            turn: It has claimed the profile, so nobody else uses its driver.

        Raises:
            NoChannel: The turn has no profile.
            UpstreamUnreachable: No proxy of the pool can be used.
        """
        if turn.credential_id is None or turn.secret is None:
            raise NoChannel("the channel has no profile")
        held = self._held.get(turn.credential_id)
        if held is not None and not self._fits(held, turn):
            await self._drop(turn.credential_id, held)
            held = None
        if held is None:
            async with self._opening:
                await self._make_room()
                proxy = await turn.proxy_url()
                # Its page may have been closed with cookies that turns do not have yet.
                secret = self._newest(turn.credential_id, turn.secret)
                driver = self._make(secret, turn.channel, proxy or _DIRECT)
                settings, now = self._settings(), self._clock.monotonic()
                held = _Held(driver, turn.channel, secret, settings, now)
                self._held[turn.credential_id] = held
                held.busy = True
            self._look_after()
        held.busy = True
        held.requests += 1
        return held.driver

    def give(self, turn: Turn) -> None:
        """Take a driver back.

        Args:
            turn: Whose it was.
        """
        held = self._held.get(turn.credential_id or 0)
        if held is not None:
            held.busy = False
            held.used = self._clock.monotonic()
        self._given.set()

    def renewed(self, credential_id: int, secret: Secret) -> None:
        """Note that a profile was saved, so that its page is still the right one.

        Args:
            credential_id: Whose.
            secret: What is stored now.
        """
        held = self._held.get(credential_id)
        if held is not None:
            held.secret = secret

    def status(self) -> Status:
        """Say how the pages are."""
        return Status(
            open=sum(held.driver.health().open for held in self._held.values()),
            busy=sum(held.busy for held in self._held.values()),
        )

    async def close(self) -> None:
        """Close all."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        # Together: the gateway waits only so long.
        await asyncio.gather(*[self._drop(id_, held) for id_, held in list(self._held.items())])

    def _fits(self, held: _Held, turn: Turn) -> bool:
        most = self._settings().page_requests
        if most and held.requests >= most:
            return False
        if not held.driver.health().open:
            # What it would open again with are the cookies of its beginning.
            return False
        if turn.credential_id is None or turn.secret is None or held.channel != turn.channel:
            return False
        if held.settings != self._settings():
            # Such as a selector that somebody has mended.
            return False
        if held.closing is not None:
            return False
        # One that was signed in anew begins anew; one that its own page has renewed does not.
        return held.secret == self._newest(turn.credential_id, turn.secret)

    async def _make_room(self) -> None:
        """Close pages that nobody uses, or wait for one, until one more may be open."""
        while len(self._held) >= self._settings().pages:
            self._given.clear()
            idle = [(held.used, id_) for id_, held in self._held.items() if not held.busy]
            if idle:
                credential_id = min(idle)[1]
                await self._drop(credential_id, self._held[credential_id])
            else:
                await self._given.wait()

    async def _drop(self, credential_id: int, held: _Held) -> None:
        """Close a page; another may be opened for its profile when its cookies are saved."""
        # Whoever wants it meanwhile gets another, and nobody closes it twice.
        held.busy = True
        if held.closing is None:
            held.closing = asyncio.create_task(self._closed(credential_id, held))
        await asyncio.shield(held.closing)

    async def _closed(self, credential_id: int, held: _Held) -> None:
        try:
            if self._save is not None:
                await self._save(held.channel, credential_id, held.secret, held.driver)
            await held.driver.close()
        except Exception:
            log.exception("a page could not be closed")
        finally:
            if self._held.get(credential_id) is held:
                del self._held[credential_id]
            self._given.set()

    def _look_after(self) -> None:
        if self._watch is None:
            self._watch = asyncio.create_task(self._close_idle())

    async def _close_idle(self) -> None:
        while True:
            await self._clock.sleep(_LOOK)
            since = self._clock.monotonic() - self._settings().idle_seconds
            for credential_id, held in list(self._held.items()):
                if not held.busy and held.used <= since:
                    await self._drop(credential_id, held)
