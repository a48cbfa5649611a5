"""The pool of proxies of one gateway."""

from __future__ import annotations

import asyncio
import heapq
import logging
import math
import ssl
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from plugway.errors import PlugwayError, UpstreamUnreachable
from plugway.upstream.proxies.check import check
from plugway.upstream.proxies.member import Lease, Member
from plugway.upstream.proxies.rings import Rings
from plugway.upstream.proxies.sources import Source, Sources

if TYPE_CHECKING:
    from yarl import URL

    from plugway.clock import Clock
    from plugway.settings import ProxySettings
    from plugway.upstream.proxies.proxy import Proxy
    from plugway.upstream.proxies.subscription import Send

log = logging.getLogger(__name__)

#: Keys whose proxies are remembered, and how many of the best are for each.
KEPT = 16_384
RANKED = 8


class Proxies:
    """Hands out proxies, and knows which of them work.

    What it knows of their health is this process's own: another one may see other networks,
    and comes to its own view within seconds. There is no way around the pool: where no proxy
    can be used nothing is sent.
    """

    def __init__(
        self,
        home: Path,
        settings: Callable[[], ProxySettings],
        clock: Clock,
        *,
        send: Send,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Take the parts; nothing is read before it is needed.

        Args:
            home: Where the paths of files start from.
            settings: Returns the settings as they are now.
            clock: The time.
            send: `Upstream.send`, for subscriptions.
            tls: Whom to trust; None: the system's certificate authorities.
        """
        self._settings = settings
        self._clock = clock
        self._tls = tls
        self._sources = Sources(home, settings, send, clock)
        self._members: dict[Proxy, Member] = {}
        self._rings = Rings()
        self._ranked: dict[str, list[Member]] = {}
        self._loaded = False
        self._loading = asyncio.Lock()
        self._checkers: set[asyncio.Task[None]] = set()

    async def round(self) -> None:
        """Read what has changed, and start the checks that are due; called every second."""
        await self.load()
        self._start_checks()

    async def load(self) -> None:
        """Read the sources if that has not been done, or they have changed since."""
        if not self._loaded or self._sources.stale():
            async with self._loading:
                if not self._loaded or self._sources.stale():
                    await self._read()

    async def reload(self) -> None:
        """Read all sources now."""
        async with self._loading:
            await self._read()

    async def add(self, proxies: Iterable[Proxy]) -> int:
        """Keep more proxies in the home directory, and return how many were new.

        Args:
            proxies: Those that are there already are left out.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        await self.load()
        added = await self._sources.add(proxies)
        await self.load()
        return added

    async def close(self) -> None:
        """Stop the checks."""
        checkers = list(self._checkers)
        for checker in checkers:
            checker.cancel()
        await asyncio.gather(*checkers, return_exceptions=True)

    def all(self) -> list[Member]:
        """Return every proxy, in the order of the sources."""
        return list(self._members.values())

    def sources(self) -> list[Source]:
        """Return where they come from."""
        return self._sources.all()

    def counts(self) -> dict[str, int]:
        """Return how many are in each state."""
        return dict(Counter(member.health.state for member in self._members.values()))

    async def take(self, target: URL, sticky: str = "", without: Collection[Member] = ()) -> Lease:
        """Return a proxy for one request.

        With a key it is the same one as long as that works, in every process: the highest by
        rendezvous hashing of those that can be used. Without, it is the one that was not used
        for longest among the faster half of the healthy ones.

        Args:
            target: Where the request goes; a proxy that is not for there is not taken.
            sticky: Such as a credential's id; empty: any proxy.
            without: Not these.

        Raises:
            UpstreamUnreachable: None can be used; `retry_after` says when one may be.
        """
        if not self._loaded:
            await self.load()
        now = self._clock.monotonic()

        def may(member: Member) -> bool:
            return (
                member.health.usable(now)
                and member not in without
                and not member.proxy.exempt.covers(target)
            )

        if sticky:
            found = self._own(sticky, may)
            if found is not None:
                self._rings.use(found, now)
        else:
            found = self._rings.take(may, now, self._settings().use_cooldown)
        if found is None:
            raise self._none(now)
        return Lease(found, self._clock, self._rings.changed)

    async def check(self, members: Collection[Member]) -> None:
        """Check some proxies now, so many at once as the settings say.

        Args:
            members: Of the pool.
        """
        room = asyncio.Semaphore(self._settings().concurrency)

        async def one(member: Member) -> None:
            async with room:
                await self._check(member)

        await asyncio.gather(*map(one, members))

    async def try_out(self, proxy: Proxy) -> float:
        """Return the seconds that a check takes of a proxy that need not be in the pool.

        Args:
            proxy: Any.

        Raises:
            PlugwayError: It does not work; the message says why, without a secret.
        """
        return await check(proxy, self._settings(), self._tls, self._clock)

    async def settled(self) -> None:
        """Wait until no check is under way."""
        while self._checkers:
            await asyncio.gather(*self._checkers, return_exceptions=True)

    async def _read(self) -> None:
        await self._sources.read()
        now = self._clock.monotonic()
        before, self._members = self._members, {}
        names: Counter[str] = Counter()
        for proxy, source in self._sources.found().items():
            address = proxy.address
            names[address] += 1
            name = address if names[address] == 1 else f"{address}/{names[address]}"
            member = before.get(proxy) or Member(proxy, name, source, now)
            member.name, member.source = name, source
            self._members[proxy] = member
        self._ranked.clear()
        self._rings.fill(self._members.values())
        self._loaded = True
        for one in self._sources.all():
            if one.fault is not None:
                log.warning("proxies of %s: %s", one.name, one.fault)

    def _start_checks(self) -> None:
        now = self._clock.monotonic()
        due = sum(
            member.health.check_at <= now and not member.checking
            for member in self._members.values()
        )
        for _ in range(min(due, self._settings().concurrency - len(self._checkers))):
            checker = asyncio.create_task(self._check_due(), name="proxies")
            self._checkers.add(checker)
            checker.add_done_callback(self._checkers.discard)

    async def _check_due(self) -> None:
        while (member := self._most_due()) is not None:
            await self._check(member)

    def _most_due(self) -> Member | None:
        now = self._clock.monotonic()
        due = (
            member
            for member in self._members.values()
            if member.health.check_at <= now and not member.checking
        )
        return min(due, key=lambda member: member.health.check_at, default=None)

    async def _check(self, member: Member) -> None:
        health, member.checking = member.health, True
        try:
            seconds = await self.try_out(member.proxy)
        except PlugwayError as error:
            if health.state != "sick":
                log.info("the proxy %s does not work: %s", member.name, error.message)
            health.failed(self._clock.monotonic(), error.message)
        except Exception:  # it must not end the checks of the others
            log.exception("the check of the proxy %s failed", member.name)
            health.failed(self._clock.monotonic(), "the check itself failed")
        else:
            health.passed(self._clock.monotonic(), seconds, self._settings().check_seconds)
        finally:
            member.checking = False
        member.checked_at = self._clock.now()
        self._rings.changed()

    def _own(self, sticky: str, may: Callable[[Member], bool]) -> Member | None:
        key = sticky.encode()
        weight = partial(Member.weight, sticky=key)
        ranked = self._ranked.get(sticky)
        if ranked is None:
            if len(self._ranked) >= KEPT:
                self._ranked.clear()
            ranked = heapq.nlargest(RANKED, self._members.values(), key=weight)
            self._ranked[sticky] = ranked
        best = next(filter(may, ranked), None)
        return best or max(filter(may, self._members.values()), key=weight, default=None)

    def _none(self, now: float) -> UpstreamUnreachable:
        said = "no proxy of the pool works" if self._members else "the pool has no proxy"
        again = min((member.health.check_at for member in self._members.values()), default=now)
        return UpstreamUnreachable(
            f"The upstream could not be reached: {said}.",
            retry_after=float(max(1, math.ceil(again - now))),
            acted=False,
        )
