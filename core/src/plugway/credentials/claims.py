"""Claims of credentials: each serves one call at a time, on one node.

The row is the truth. A claim is an UPDATE that finds the credential free, rested and usable,
or does nothing; queues in memory only say which one is worth it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Coroutine, Sequence
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import msgspec

from plugway.credentials import rows
from plugway.credentials.credential import Credential
from plugway.credentials.index import Index
from plugway.credentials.leases import Leases
from plugway.credentials.line import Line, Ticket
from plugway.credentials.rows import Facts, Given

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Channel, PooledChannelSettings
    from plugway.credentials.roster import Roster
    from plugway.credentials.slot import Slot
    from plugway.credentials.writer import Writer
    from plugway.storage.database import Database
    from plugway.telemetry.metrics import Metrics

log = logging.getLogger(__name__)

#: Credentials that a call asks the database for in a row, each time beyond the first because
#: another node was quicker; and seconds until a call that waits asks for more.
ATTEMPTS, PAUSE = 8, 1.0

#: Credentials that are looked at besides when another node was quicker.
LOOK = 64

#: Microseconds until a credential is looked at again that is no longer what it was.
_LOAD_US = 2_000_000

#: Seconds beyond a channel's `total_timeout` that a claim lasts; while its call goes on it is
#: extended in time.
MARGIN_SECONDS = 30.0


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
        self._database = database
        self._roster = roster
        self._writer = writer
        self._clock = clock
        self._spawn = spawn
        self._metrics = metrics
        self._lines: dict[int, Line] = {}
        self._numbers = count(1)
        self._leases = Leases(database, clock, spawn)

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
        owner: str,
        tried: Container[int],
        admits: Admits,
        *,
        wait: bool,
    ) -> Claim | None:
        """Take a credential of the first channel that has one.

        Args:
            channels: Pooled ones, best first.
            kinds: What the call draws from.
            owner: The call's id.
            tried: Credentials that are not wanted.
            admits: Says whether a channel may be asked now.
            wait: Wait, as long as the channels' settings say, where there is hope.

        Raises:
            Unavailable: The database is away.
        """
        self._writer.again()
        by_line = {self.line(channel): channel for channel in channels}
        if wait:
            return await self._wait(by_line, kinds, owner, tried, admits)
        for line, channel in by_line.items():
            if line.waits(kinds):
                continue
            admitted = False
            for _ in range(ATTEMPTS):
                slot = line.index.pick(kinds, self._clock.now(), tried)
                if slot is None:
                    break
                slot.owner = owner
                if not admitted and not admits(channel):
                    self._put_back(slot)
                    break
                admitted = True
                if await self._take(line, slot, kinds, owner):
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
            self._leases.drop(credential.id)
            return
        if slot.owner != claim.owner or slot.given is not None:
            return
        settings = cast("PooledChannelSettings", claim.channel.settings)
        rested = self._clock.now() + round(settings.use_cooldown * 1_000_000)
        self._give(slot, rested)

    def ready_in(self, channel: Channel, kinds: frozenset[str]) -> float | None:
        """Return the seconds until a credential is ready; None: nobody knows.

        Args:
            channel: A pooled one.
            kinds: What the call draws from.
        """
        index, now = self.line(channel).index, self._clock.now()
        waits = [] if (at := index.next_at(kinds, now)) is None else [max(0, at - now) / 1_000_000]
        if index.held(kinds, now):
            # At the earliest: the call that uses it ends now.
            waits.append(index.settings.use_cooldown)
        return min(waits, default=None)

    async def _wait(
        self,
        by_line: dict[Line, Channel],
        kinds: frozenset[str],
        owner: str,
        tried: Container[int],
        admits: Admits,
    ) -> Claim | None:
        began = self._clock.now()
        longest = max((line.index.settings.wait for line in by_line), default=0.0)
        until = began + round(longest * 1_000_000)
        ticket = Ticket(next(self._numbers), kinds, tried, owner, until)
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
                self._put_back(slot)
                lines.remove(line)
                continue
            admitted.add(line)
            if await self._take(line, slot, kinds, owner):
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
                self._put_back(turn[1])
            raise
        finally:
            timer.cancel()
            ticket.leave()
        return ticket.turn.result() if ticket.turn.done() else None

    async def _take(self, line: Line, slot: Slot, kinds: frozenset[str], owner: str) -> bool:
        """Ask the database for a credential that was picked."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        # Not in the caller's task: who leaves while the database works would leave a claim.
        self._spawn(self._ask(line, slot, kinds, owner, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            if answer.done() and not answer.cancelled() and not answer.exception():
                self._unused(slot)
            raise

    async def _ask(
        self,
        line: Line,
        slot: Slot,
        kinds: frozenset[str],
        owner: str,
        answer: asyncio.Future[bool],
    ) -> None:
        settings = line.index.settings
        lease = round((settings.total_timeout + MARGIN_SECONDS) * 1_000_000)
        try:
            taken, found = await rows.take(
                self._database,
                slot.facts,
                owner,
                self._clock,
                lease_us=lease,
                cooldown_us=round(settings.use_cooldown * 1_000_000),
                others=lambda: line.index.upcoming(kinds, self._clock.now(), LOOK),
            )
        except BaseException as error:
            # Nobody knows whether it was done: the row is told that it is not wanted.
            self._give(slot, slot.next_use_at)
            if answer.done() or not isinstance(error, Exception):
                answer.cancel()
                raise
            answer.set_exception(error)
            return
        if not taken:
            self._lost(line, slot, found)
            if not answer.done():
                answer.set_result(False)
            return
        now = self._clock.now()
        facts = found.get(slot.credential.id)
        if facts is not None:
            slot.merge(facts, now)
            self._roster.stamp(slot)
            slot.next_use_at = facts.next_use_at
            slot.lease_until = facts.claimed_until or now
        day = line.index.calendar.day(now)
        closed = slot.quotas.open_at(kinds, settings, day) > now
        if closed or answer.done() or facts is None:
            # Another node has used up what this call needs, or the call has left.
            self._unused(slot)
            if not answer.done():
                answer.set_result(False)
            return
        slot.drawn = kinds
        self._leases.add(slot, owner, lease)
        answer.set_result(True)

    def _lost(self, line: Line, slot: Slot, found: dict[int, Facts]) -> None:
        """Learn what other nodes have done."""
        now = self._clock.now()
        slot.owner = None
        for id_ in (slot.credential.id, *found):
            other = self._roster.get(slot.credential.channel_id, id_)
            if other is None or other.owner is not None:
                continue
            facts, claimed = found.get(id_), other.claimed_until
            if facts is None or facts.digest != other.facts.digest:
                # Deleted, or renewed elsewhere: the next load brings it.
                other.next_use_at = now + _LOAD_US
            else:
                other.merge(facts, now)
            if other is slot and claimed is not None and claimed == slot.claimed_until:
                slot.look_again(now)
            line.index.place(other, now)
        line.serve()

    def _unused(self, slot: Slot) -> None:
        """End a claim of which no use was made."""
        self._give(slot, slot.next_use_at)

    def _give(self, slot: Slot, next_use_at: int) -> None:
        owner = cast("str", slot.owner)
        self._leases.drop(slot.credential.id)
        slot.drawn = frozenset()
        slot.next_use_at = next_use_at
        slot.given = Given(owner, next_use_at)
        self._writer.later(slot)

    def _put_back(self, slot: Slot) -> None:
        """Put a credential back that was picked, and that the database was not asked for."""
        slot.owner = None
        self.moved([slot])

    def _count(self, channel: Channel, result: str) -> None:
        if self._metrics is not None:
            self._metrics.claim(channel.provider, channel.name, result)
