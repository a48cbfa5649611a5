"""Calls that wait for a credential of one channel; users take turns."""

from __future__ import annotations

import asyncio
from collections.abc import Container
from contextlib import closing
from typing import TYPE_CHECKING

from plugway.credentials.alarm import Alarm
from plugway.credentials.fair_order import FairOrder, Number

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.index import Index
    from plugway.credentials.slot import Slot

#: Microseconds until what nobody who waits wanted is offered again.
_PAUSE_US = 1_000_000


class Ticket:
    """Is a call's place in the lines of the channels that may serve it.

    Attributes:
        number: Microseconds since 1970 when the call came, and a count; lower was earlier.
        user: Whose call it is; users take turns.
        busy: Credentials that it does not want now, and waits for.
        kinds: What the call draws from.
        tried: Credentials that it does not want.
        owner: The call's id.
        until: Microseconds since 1970 when it gives up.
        lines: Where it stands.
        turn: Done with a line and a credential taken out for it, or with None: nothing will
            be ready in time.
    """

    def __init__(
        self,
        number: Number,
        kinds: frozenset[str],
        tried: Container[int],
        owner: str,
        until: int,
        user: str = "",
        busy: Container[int] = (),
    ) -> None:
        self.number = number
        self.user = user
        self.busy = busy
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
    """Hands credentials to calls: users take turns, and each one's calls keep their order.

    A call does not wait for one before it that needs something else.

    Attributes:
        index: Says which credential is next; whoever changes it calls `serve`.
        order: Those who wait.
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
        self.order = FairOrder()

    def waits(self, kinds: frozenset[str]) -> bool:
        """Say whether somebody waits who draws from the same kinds."""
        return self.order.waits(kinds)

    def hopeful(self, ticket: Ticket, now: int) -> bool:
        """Say whether something may be ready in time for a call.

        Args:
            ticket: The call.
            now: Microseconds since 1970.
        """
        at = self.index.hope_at(ticket.kinds, now, ticket.tried)
        if at is not None and at <= ticket.until:
            return True
        after = now + round(self.index.settings.use_cooldown * 1_000_000)
        return after <= ticket.until and self.index.held(ticket.kinds, now, ticket.tried)

    def join(self, ticket: Ticket) -> None:
        """Let a call wait, at its place.

        Args:
            ticket: Its `turn` is not done.
        """
        ticket.lines.add(self)
        self.order.add(ticket)

    def left(self, ticket: Ticket) -> None:
        """Forget a call."""
        self.order.remove(ticket)
        if not self.order:
            self._alarm.set(None)

    def serve(self) -> None:
        """Hand out what is ready, and tell those for whom nothing will be in time."""
        now = self._clock.now()
        stuck: set[frozenset[str]] = set()
        while ready := [
            (first, kinds)
            for kinds in self.order.kinds
            if kinds not in stuck
            and self._is_ready(kinds, now)
            and (first := self.order.first(kinds)) is not None
        ]:
            _, kinds = min(ready, key=lambda one: one[0])
            if not self._hand_out(kinds, now):
                stuck.add(kinds)
        for kinds in self.order.kinds:
            self._give_up(kinds, now)
        self._set_alarm(now)

    def _is_ready(self, kinds: frozenset[str], now: int) -> bool:
        at = self.index.next_at(kinds, now)
        return at is not None and at <= now

    def _hand_out(self, kinds: frozenset[str], now: int) -> bool:
        with closing(self.order.in_order(kinds)) as tickets:
            for ticket in tickets:
                slot = self.index.pick(kinds, now, ticket.tried, ticket.busy)
                if slot is not None:
                    break
            else:
                return False
        slot.owner = ticket.owner
        self.order.serve(ticket)
        ticket.leave()
        ticket.turn.set_result((self, slot))
        return True

    def _give_up(self, kinds: frozenset[str], now: int) -> None:
        # Who waits the longest loses hope last, so nobody behind is without hope before.
        while (ticket := self.order.first_to_end(kinds)) is not None:
            if self.hopeful(ticket, now):
                return
            self.left(ticket)
            ticket.lines.discard(self)
            if not ticket.lines:
                ticket.turn.set_result(None)

    def _set_alarm(self, now: int) -> None:
        moments = [self.index.next_at(kinds, now) for kinds in self.order.kinds]
        # What is ready and yet not wanted by those who wait does not make it ring at once.
        again = [max(at, now + _PAUSE_US) if at <= now else at for at in moments if at is not None]
        self._alarm.set(min(again, default=None))
