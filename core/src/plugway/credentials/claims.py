"""Claims of credentials: each serves one call at a time, on one node."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container, Coroutine, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import msgspec

from plugway.credentials.credential import Credential
from plugway.credentials.index import Index
from plugway.credentials.line import Line, Ticket
from plugway.credentials.possession import Possession

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Channel, PooledChannelSettings
    from plugway.credentials.roster import Roster
    from plugway.credentials.slot import Slot
    from plugway.credentials.writer import Writer
    from plugway.storage.database import Database
    from plugway.telemetry.metrics import Metrics

#: Credentials that a call asks the database for in a row, each time beyond the first because
#: another node was quicker; and seconds until a call that waits asks for more.
ATTEMPTS, PAUSE = 8, 1.0


class Claim(msgspec.Struct, frozen=True):
    """Is the right to use a credential for one call.

    Attributes:
        channel: The channel.
        credential: The credential; None: the channel has none.
        exclusive: Nobody else may use it meanwhile: it is one of a pool.
        owner: The call's id; empty: nothing is kept of the claim.
    """

    channel: Channel
    credential: Credential | None
    exclusive: bool = False
    owner: str = ""


Admits = Callable[["Channel"], bool]


class Caller(msgspec.Struct, frozen=True):
    """Is a call that asks for a credential.

    Attributes:
        owner: The call's id.
        user: Whose it is; users take turns.
        since: Microseconds since 1970 when it began to wait first; None: now.
        waited: Seconds that it has waited before; its patience is for all its tries.
        busy: Credentials that it does not want now; it waits for them.
    """

    owner: str
    user: str = ""
    since: int | None = None
    waited: float = 0.0
    busy: Container[int] = ()


class Claims:
    """Claims credentials of pooled channels for calls of this process."""

    def __init__(
        self,
        database: Database,
        roster: Roster,
        writer: Writer,
        clock: Clock,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        metrics: Metrics | None,
    ) -> None:
        """Begin with no claim.

        Args:
            database: Where rows are.
            roster: Has the credentials.
            writer: Ends claims in their rows.
            clock: The time.
            spawn: Runs what must come to its end even if the caller leaves.
            metrics: Counts claims.
        """
        self._roster = roster
        self._writer = writer
        self._clock = clock
        self._metrics = metrics
        self._lines: dict[int, Line] = {}
        self._numbers = count(1)
        self._possession = Possession(database, roster, writer, clock, spawn=spawn)

    def line(self, channel: Channel) -> Line:
        """Return who waits for a channel's credentials, and which is next.

        Args:
            channel: A pooled one.
        """
        settings = cast("PooledChannelSettings", channel.settings)
        line = self._lines.get(channel.id)
        if line is None:
            index = Index(settings, self._roster.of(channel.id))
            line = self._lines[channel.id] = Line(index, self._clock)
        elif line.index.settings is not settings:
            if line.index.settings == settings:
                line.index.settings = settings
            else:
                line.index = Index(settings, self._roster.of(channel.id))
                line.serve()
        return line

    def moved(self, slots: Sequence[Slot], *, gone: bool = False) -> None:
        """Put credentials where they belong now, and serve those who wait.

        Args:
            slots: What has changed.
            gone: They have been deleted.
        """
        now = self._clock.now()
        lines = set()
        for slot in slots:
            line = self._lines.get(slot.credential.channel_id)
            if line is not None:
                lines.add(line)
                if gone:
                    line.index.drop(slot)
                else:
                    line.index.place(slot, now)
        for line in lines:
            line.serve()

    async def claim(
        self,
        channels: Sequence[Channel],
        kinds: frozenset[str],
        caller: Caller,
        tried: Container[int],
        admits: Admits,
        *,
        wait: bool,
    ) -> Claim | None:
        """Take a credential of the first channel that has one.

        Args:
            channels: Pooled ones, best first.
            kinds: What the call draws from.
            caller: The call.
            tried: Credentials that are not wanted.
            admits: Says whether a channel may be asked now.
            wait: Wait, as long as the channels' settings say, where there is hope.

        Raises:
            Unavailable: The database is away.
        """
        self._writer.again()
        owner = caller.owner
        by_line = {self.line(channel): channel for channel in channels}
        if wait:
            return await self._wait(by_line, kinds, caller, tried, admits)
        for line, channel in by_line.items():
            if line.waits(kinds):
                continue
            admitted = False
            for _ in range(ATTEMPTS):
                slot = line.index.pick(kinds, self._clock.now(), tried, caller.busy)
                if slot is None:
                    break
                slot.owner = owner
                if not admitted and not admits(channel):
                    self._put_back(slot)
                    break
                admitted = True
                if await self._possession.take(line, slot, kinds, owner):
                    self._count(channel, "claimed")
                    return Claim(channel, slot.credential, exclusive=True, owner=owner)
                self._count(channel, "lost")
        return None

    def free(self, claim: Claim) -> None:
        """End a claim; the credential rests from now on. A second time does nothing.

        Args:
            claim: An exclusive one.
        """
        credential = cast("Credential", claim.credential)
        slot = self._roster.get(credential.channel_id, credential.id)
        if slot is None:
            self._possession.drop(credential.id)
            return
        if slot.owner != claim.owner or slot.given is not None:
            return
        settings = cast("PooledChannelSettings", claim.channel.settings)
        rested = self._clock.now() + round(settings.use_cooldown * 1_000_000)
        self._possession.give(slot, rested)

    def positions(self) -> dict[str, int]:
        """Return how many calls are served before each one that waits, it included.

        Returns:
            By the call's id, 1 being next; of a call that waits for several channels the best.
        """
        found: dict[str, int] = {}
        for line in self._lines.values():
            for place, ticket in enumerate(line.order.all(), 1):
                found[ticket.owner] = min(place, found.get(ticket.owner, place))
        return found

    def ready_in(
        self, channel: Channel, kinds: frozenset[str], tried: Container[int] = ()
    ) -> float | None:
        """Return the seconds until a credential is ready; None: nobody knows.

        Args:
            channel: A pooled one.
            kinds: What the call draws from.
            tried: Credentials that are not wanted.
        """
        index, now = self.line(channel).index, self._clock.now()
        moments = (index.next_at(kinds, now, tried), index.freed_at(kinds, now, tried))
        return min((max(0, at - now) / 1_000_000 for at in moments if at is not None), default=None)

    async def _wait(
        self,
        by_line: dict[Line, Channel],
        kinds: frozenset[str],
        caller: Caller,
        tried: Container[int],
        admits: Admits,
    ) -> Claim | None:
        began, owner = self._clock.now(), caller.owner
        longest = max((line.index.settings.wait for line in by_line), default=0.0)
        until = began + round((longest - caller.waited) * 1_000_000)
        since = began if caller.since is None else caller.since
        number = (since, next(self._numbers))
        ticket = Ticket(number, kinds, tried, owner, until, caller.user, caller.busy)
        admitted: set[Line] = set()
        lines = list(by_line)
        waited, lost = False, 0
        while lines := [one for one in lines if one.hopeful(ticket, self._clock.now())]:
            waited = True
            turn = await self._turn(ticket, lines)
            if turn is None:
                break
            line, slot = turn
            channel = by_line[line]
            if line not in admitted and not admits(channel):
                line.order.take_back(caller.user)
                self._put_back(slot)
                lines.remove(line)
                continue
            admitted.add(line)
            taken = False
            try:
                taken = await self._possession.take(line, slot, kinds, owner)
            finally:
                if not taken:
                    line.order.take_back(caller.user)
            if taken:
                self._count(channel, "waited")
                return Claim(channel, slot.credential, exclusive=True, owner=owner)
            self._count(channel, "lost")
            lost += 1
            if lost % ATTEMPTS == 0:
                if self._clock.now() + PAUSE * 1_000_000 > until:
                    break
                await self._clock.sleep(PAUSE)
        for channel in by_line.values():
            self._count(channel, "waited_in_vain" if waited else "none")
        return None

    async def _turn(self, ticket: Ticket, lines: Sequence[Line]) -> tuple[Line, Slot] | None:
        """Wait until it is a call's turn; None: its time is over, or there is no hope."""
        ticket.turn = asyncio.get_running_loop().create_future()
        for line in lines:
            line.join(ticket)
        for line in lines:
            if not ticket.turn.done():
                line.serve()
        left = (ticket.until - self._clock.now()) / 1_000_000
        timer = asyncio.create_task(self._clock.sleep(max(left, 0.0)))
        try:
            await asyncio.wait((ticket.turn, timer), return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            if ticket.turn.done() and (turn := ticket.turn.result()) is not None:
                turn[0].order.take_back(ticket.user)
                self._put_back(turn[1])
            raise
        finally:
            timer.cancel()
            ticket.leave()
        return ticket.turn.result() if ticket.turn.done() else None

    def _put_back(self, slot: Slot) -> None:
        """Put a credential back that was picked, and that the database was not asked for."""
        slot.owner = None
        self.moved([slot])

    def _count(self, channel: Channel, result: str) -> None:
        if self._metrics is not None:
            self._metrics.claim(channel.provider, channel.name, result)
