"""What calls of this process hold of a pool: each credential for one call, as its row says.

The row is the truth. A claim is an UPDATE that finds the credential free, rested and usable,
or does nothing; queues in memory only say which one is worth it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, cast

from plugway.credentials import rows
from plugway.credentials.leases import Leases
from plugway.credentials.rows import Facts, Given

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.line import Line
    from plugway.credentials.roster import Roster
    from plugway.credentials.slot import Slot
    from plugway.credentials.writer import Writer
    from plugway.storage.database import Database

#: Credentials that are looked at besides when another node was quicker.
LOOK = 64

#: Microseconds until a credential is looked at again that is no longer what it was.
_LOAD_US = 2_000_000

#: Seconds beyond a channel's `total_timeout` that a claim lasts; while its call goes on it is
#: extended in time.
MARGIN_SECONDS = 30.0


class Possession:
    """Takes credentials in the database for calls of this process, and gives them back."""

    def __init__(
        self,
        database: Database,
        roster: Roster,
        writer: Writer,
        clock: Clock,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Begin with nothing.

        Args:
            database: Where rows are.
            roster: Has the credentials.
            writer: Ends claims in their rows.
            clock: The time.
            spawn: Runs what must come to its end even if the caller leaves.
        """
        self._database = database
        self._roster = roster
        self._writer = writer
        self._clock = clock
        self._spawn = spawn
        self._leases = Leases(database, clock, spawn)

    async def take(self, line: Line, slot: Slot, kinds: frozenset[str], owner: str) -> bool:
        """Ask the database for a credential that was picked; return whether it was to be had.

        Args:
            line: Of its channel.
            slot: The credential's; its `owner` is set.
            kinds: What the call draws from.
            owner: The call's id.

        Raises:
            Unavailable: The database is away.
        """
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        # Not in the caller's task: who leaves while the database works would leave a claim.
        self._spawn(self._ask(line, slot, kinds, owner, answer))
        try:
            return await answer
        except asyncio.CancelledError:
            given = answer.done() and not answer.cancelled() and answer.exception() is None
            if given and answer.result():
                self._unused(slot)
            raise

    def drop(self, credential_id: int) -> None:
        """Forget a credential that has been deleted."""
        self._leases.drop(credential_id)

    def give(self, slot: Slot, next_use_at: int) -> None:
        """End a claim, in the row soon.

        Args:
            slot: The credential's.
            next_use_at: Microseconds since 1970 when others may have it.
        """
        owner = cast("str", slot.owner)
        self._leases.drop(slot.credential.id)
        slot.drawn, slot.before = frozenset(), None
        slot.next_use_at = next_use_at
        slot.given = Given(owner, next_use_at)
        self._writer.later(slot)

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
            self.give(slot, slot.next_use_at)
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
        slot.drawn, slot.before = kinds, None
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
        self.give(slot, slot.next_use_at)
