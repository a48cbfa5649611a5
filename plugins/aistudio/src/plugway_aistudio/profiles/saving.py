"""Saves what pages make of profiles: cookies that the upstream renews while it is used."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from plugway import BadRequest, PlugwayError, Secret
from plugway_aistudio.profiles.profile import Profile, essential, read, same, written
from plugway_aistudio.profiles.visit import taken
from plugway_aistudio.provider import AIStudioChannel

if TYPE_CHECKING:
    from plugway import Channel, Gateway, Turn

log = logging.getLogger(__name__)

#: Seconds that a browser gets to say what it has.
SECONDS = 15.0


class Keeper(Protocol):
    """Has a browser's context: a driver, say."""

    async def state(self) -> Any:
        """Return the storage state of its context; None: it has none that is open."""


class Saving:
    """Stores the profiles of open pages, and never one that is signed out over a good one.

    A secret that is stored while calls use the account ends none of them, and what they say of
    its quotas is heard (`Renewals.refresh`).
    """

    def __init__(
        self,
        gateway: Gateway,
        renewed: Callable[[int, Secret], None] = lambda credential_id, secret: None,
    ) -> None:
        """Prepare.

        Args:
            gateway: Has the vault; its parts may come later.
            renewed: Told of each credential that has a newer secret of the same browser.
        """
        self._gateway = gateway
        self._renewed = renewed
        #: By credential: when it was last saved or seen first, by the monotonic clock.
        self._since: dict[int, float] = {}
        #: By credential: a secret and what was stored in its place.
        self._newer: dict[int, tuple[Secret, Secret]] = {}
        self._running: set[int] = set()

    def after(self, turn: Turn, keeper: Keeper) -> None:
        """Save the profile of a turn if its time has come; works on beside the turn.

        Args:
            turn: It has been answered.
            keeper: Has the page.
        """
        if turn.credential_id is None or turn.secret is None:
            return
        now = self._gateway.clock.monotonic()
        since = self._since.setdefault(turn.credential_id, now)
        seconds = cast("AIStudioChannel", turn.channel.settings).save_seconds
        if now - since < seconds or turn.credential_id in self._running:
            return
        self._since[turn.credential_id] = now
        self._gateway.background.spawn(
            self._save(turn.channel, turn.credential_id, turn.secret, keeper)
        )

    async def last(
        self, channel: Channel, credential_id: int, secret: Secret, keeper: Keeper
    ) -> None:
        """Save a profile before its page is closed.

        Args:
            channel: Its channel.
            credential_id: Its credential.
            secret: What the page was opened with, or `newest` of it.
            keeper: Has the page still.
        """
        self._since.pop(credential_id, None)
        if credential_id not in self._running:
            await self._save(channel, credential_id, secret, keeper)

    def newest(self, credential_id: int, secret: Secret) -> Secret:
        """Return what was stored in a secret's place by this process, else the secret.

        A page that was opened with one is right for the other, and needs no new beginning.

        Args:
            credential_id: Whose.
            secret: What a turn has.
        """
        before, fresh = self._newer.get(credential_id, (secret, secret))
        return fresh if before == secret else secret

    async def _save(
        self, channel: Channel, credential_id: int, secret: Secret, keeper: Keeper
    ) -> None:
        """Save one; whatever fails is logged, for the page goes on without."""
        self._running.add(credential_id)
        self._forget_removed()
        try:
            await self._saved(channel, credential_id, secret, keeper)
        except PlugwayError as error:
            log.warning(
                "credential %s of the channel %s is not saved: %s",
                credential_id,
                channel.name,
                error.message,
            )
        finally:
            self._running.discard(credential_id)

    def _forget_removed(self) -> None:
        """Let go of the secrets of credentials that there are no more."""
        gateway = self._gateway
        there = {
            one.id
            for channel in gateway.channels.all()
            for one in gateway.credentials.all(channel.id)
        }
        for known in (self._since, self._newer):
            for credential_id in known.keys() - there:
                del known[credential_id]

    async def _saved(
        self, channel: Channel, credential_id: int, secret: Secret, keeper: Keeper
    ) -> None:
        state = await _state(keeper)
        if state is None:
            return
        now = self._gateway.clock.now() / 1_000_000
        secret = self.newest(credential_id, secret)
        before = read(secret)
        fresh = taken(state, before.name, now)
        check_signed_in(before, fresh, now)
        if same(before, fresh):
            return
        # In the form that the vault has it, by which the next one is known.
        stored = Secret(written(fresh))
        if await self._gateway.renewals.refresh(credential_id, secret, stored.reveal()):
            self._newer[credential_id] = secret, stored
            self._renewed(credential_id, stored)
            log.info("the profile %s of the channel %s is saved", before.name, channel.name)
        else:
            log.info("the profile %s was replaced meanwhile: it stays so", before.name)


def check_signed_in(before: Profile, fresh: Profile, now: float) -> None:
    """Check that a browser is signed in as it was before, as far as its cookies tell.

    Args:
        before: What is stored.
        fresh: What the browser has.
        now: Seconds since 1970.

    Raises:
        BadRequest: It is not; the message names the cookies that are gone.
    """
    kept = {one.name for one in essential(fresh.cookies)}
    gone = sorted({one.name for one in essential(before.cookies)} - kept)
    if gone:
        raise BadRequest(f"the browser is signed out: it has no {', '.join(gone)} any more")
    if not fresh.signed_in(now):
        raise BadRequest("the browser is signed out: its cookies have ended")


async def _state(keeper: Keeper) -> Any:
    """Return a browser's storage state; None: there is none."""
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(SECONDS):
            return await keeper.state()
    except TimeoutError:
        log.warning("a browser did not say within %g s what it has", SECONDS)
    except Error:
        # It has ended, or is about to.
        log.info("a browser ended before it said what it has")
    return None
