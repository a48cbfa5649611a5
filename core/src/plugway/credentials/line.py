"""Calls that wait for a credential of one channel, first come, first served."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Container, Iterator
from typing import TYPE_CHECKING

from plugway.credentials.alarm import Alarm

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.index import Index
    from plugway.credentials.slot import Slot

#: Microseconds until what nobody who waits wanted is offered again.
_PAUSE_US = 1_000_000


class Ticket:
    """Is a call's place in the lines of the channels that may serve it.

    Attributes:
        number: Lower was earlier.
        kinds: What the call draws from.
        tried: Credentials that it does not want.
        owner: The call's id.
        until: Microseconds since 1970 when it gives up.
        lines: Where it stands.
        turn: Done with a line and a credential taken out for it, or with None: nothing will
            be ready in time.
    """

    def __init__(
        self, number: int, kinds: frozenset[str], tried: Container[int], owner: str, until: int
    ) -> None:
        self.number = number
        self.kinds = kinds
        self.tried = tried
        self.owner = owner
        self.until = until
        self.lines: set[Line] = set()
        self.turn: asyncio.Future[tuple[Line, Slot] | None]

    def leave(self) -> None:
        """Leave all lines."""
        for line in self.lines:
            line.left(self)
        self.lines.clear()


class Line:
    """Hands credentials to calls in the order in which these came.

    A call does not wait for one before it that needs something else.

    Attributes:
        index: Says which credential is next; whoever changes it calls `serve`.
    """

    def __init__(self, index: Index, clock: Clock) -> None:
        """Begin with nobody.

        Args:
            index: The channel's.
            clock: The time.
        """
        self.index = index
        self._clock = clock
        self._alarm = Alarm(clock, self.serve)
        self._waiting: dict[frozenset[str], list[tuple[int, Ticket]]] = {}

    def waits(self, kinds: frozenset[str]) -> bool:
        """Say whether somebody waits who draws from the same kinds."""
        return kinds in self._waiting

    def hopeful(self, ticket: Ticket, now: int) -> bool:
        """Say whether something may be ready in time for a call.

        Args:
            ticket: The call.
            now: Microseconds since 1970.
        """
        if not self.index.has_other(ticket.tried):
            return False
        at = self.index.next_at(ticket.kinds, now)
        if at is not None and at <= ticket.until:
            return True
        after = now + round(self.index.settings.use_cooldown * 1_000_000)
        return after <= ticket.until and self.index.held(ticket.kinds, now)

    def join(self, ticket: Ticket) -> None:
        """Let a call wait, at the place that its number has.

        Args:
            ticket: Its `turn` is not done.
        """
        ticket.lines.add(self)
        heapq.heappush(self._waiting.setdefault(ticket.kinds, []), (ticket.number, ticket))

    def left(self, ticket: Ticket) -> None:
        """Forget a call."""
        queue = self._waiting.get(ticket.kinds, [])
        # The one that is served stands first; who leaves by itself is looked for.
        if queue and queue[0][1] is ticket:
            heapq.heappop(queue)
        else:
            queue[:] = [place for place in queue if place[1] is not ticket]
            heapq.heapify(queue)
        if not queue:
            self._waiting.pop(ticket.kinds, None)
        if not self._waiting:
            self._alarm.set(None)

    def serve(self) -> None:
        """Hand out what is ready, and tell those for whom nothing will be in time."""
        now = self._clock.now()
        stuck: set[frozenset[str]] = set()
        while ready := [
            (queue[0][0], kinds)
            for kinds, queue in self._waiting.items()
            if kinds not in stuck and self._is_ready(kinds, now)
        ]:
            _, kinds = min(ready, key=lambda one: one[0])
            if not self._hand_out(kinds, now):
                stuck.add(kinds)
        for kinds in list(self._waiting):
            self._give_up(kinds, now)
        self._set_alarm(now)

    def _is_ready(self, kinds: frozenset[str], now: int) -> bool:
        at = self.index.next_at(kinds, now)
        return at is not None and at <= now

    def _hand_out(self, kinds: frozenset[str], now: int) -> bool:
        for ticket in _in_order(self._waiting[kinds]):
            slot = self.index.pick(kinds, now, ticket.tried)
            if slot is not None:
                slot.owner = ticket.owner
                ticket.leave()
                ticket.turn.set_result((self, slot))
                return True
        return False

    def _give_up(self, kinds: frozenset[str], now: int) -> None:
        # Who came first gives up first, so nobody behind is without hope before.
        while queue := self._waiting.get(kinds):
            ticket = queue[0][1]
            if self.hopeful(ticket, now):
                return
            self.left(ticket)
            ticket.lines.discard(self)
            if not ticket.lines:
                ticket.turn.set_result(None)

    def _set_alarm(self, now: int) -> None:
        moments = [self.index.next_at(kinds, now) for kinds in self._waiting]
        # What is ready and yet not wanted by those who wait does not make it ring at once.
        again = [max(at, now + _PAUSE_US) if at <= now else at for at in moments if at is not None]
        self._alarm.set(min(again, default=None))


def _in_order(queue: list[tuple[int, Ticket]]) -> Iterator[Ticket]:
    yield queue[0][1]
    # Only where the first does not want what is ready.
    yield from [ticket for _, ticket in sorted(queue)[1:]]
