"""Who of those that wait is next: users take turns, and each one's calls keep their order.

It is start-time fair queueing (Goyal, Vin and Cheng, 1996) with calls that all count the same.
Each user has a round, and only the user's first call stands in it; when that is served, the
user's next one stands in the round after it. Whoever waits for nothing and comes back stands in
the round that is served now, or in the one after the user's last. So a user with a hundred
calls is as far from the next turn as one with a single call, and one that leaves leaves no gap.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Generator
from itertools import count
from typing import TYPE_CHECKING

from plugway.credentials.lazy_heap import LazyHeap

if TYPE_CHECKING:
    from plugway.credentials.line import Ticket

#: When it came, and its count.
Number = tuple[int, int]
Kinds = frozenset[str]

#: Number, count, whose.
_Place = tuple[Number, int, "Ticket"]


class _Flow:
    """Is one user who waits.

    Attributes:
        round: The one in which the user's first call stands.
        queues: The user's calls, by what they draw from.
    """

    __slots__ = ("queues", "round")

    def __init__(self, round_: int) -> None:
        self.round = round_
        self.queues: dict[Kinds, LazyHeap[_Place]] = {}

    def first(self, kinds: Kinds) -> tuple[int, Number] | None:
        """Return where the first call of some kinds stands."""
        queue = self.queues.get(kinds)
        place = None if queue is None else queue.least()
        return None if place is None else (self.round, place[0])


class FairOrder:
    """Orders calls; every change takes as long as a heap is deep."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._round = 0
        self._flows: dict[str, _Flow] = {}
        #: Rounds of users who wait for nothing and had a turn in this round.
        self._ahead: dict[str, int] = {}
        self._stays: dict[Ticket, int] = {}
        self._sizes: Counter[Kinds] = Counter()
        #: By kinds, the first calls of users: round, number, count, user.
        self._heads: dict[Kinds, LazyHeap[tuple[int, Number, int, str]]] = {}
        #: By kinds, all calls by the moment when they give up.
        self._ends: dict[Kinds, LazyHeap[tuple[int, Number, int, Ticket]]] = {}
        self._counts = count()

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._stays)

    def __contains__(self, ticket: Ticket) -> bool:
        """Say whether a call waits."""
        return ticket in self._stays

    @property
    def kinds(self) -> list[Kinds]:
        """Return the sets of kinds that somebody waits for."""
        return list(self._sizes)

    def waits(self, kinds: Kinds) -> bool:
        """Say whether somebody waits who draws from the same kinds."""
        return kinds in self._sizes

    def add(self, ticket: Ticket) -> None:
        """Let a call wait.

        Args:
            ticket: It does not wait yet; among its user's calls it stands by its number.
        """
        kinds, user = ticket.kinds, ticket.user
        stay = self._stays[ticket] = next(self._counts)
        flow = self._flows.get(user)
        if flow is None:
            flow = self._flows[user] = _Flow(max(self._round, self._ahead.pop(user, 0)))
        queue = flow.queues.get(kinds)
        if queue is None:
            queue = flow.queues[kinds] = LazyHeap(self._is_there)
        queue.push((ticket.number, stay, ticket))
        if kinds not in self._sizes:
            self._heads[kinds] = LazyHeap(lambda head: self._leads(kinds, head))
            self._ends[kinds] = LazyHeap(self._is_there)
        self._sizes[kinds] += 1
        self._ends[kinds].push((ticket.until, ticket.number, stay, ticket))
        if flow.first(kinds) == (flow.round, ticket.number):
            self._lead(kinds, user, flow)

    def remove(self, ticket: Ticket) -> None:
        """Forget a call, wherever it stands; one that does not wait is passed over.

        Args:
            ticket: Which.
        """
        if self._stays.pop(ticket, None) is None:
            return
        kinds, user = ticket.kinds, ticket.user
        flow = self._flows[user]
        first = flow.first(kinds)
        if first is None:
            del flow.queues[kinds]
            if not flow.queues:
                del self._flows[user]
                if flow.round > self._round:
                    self._ahead[user] = flow.round
        elif first[1] > ticket.number:
            self._lead(kinds, user, flow)
        self._sizes[kinds] -= 1
        if not self._sizes[kinds]:
            del self._sizes[kinds], self._heads[kinds], self._ends[kinds]
        if not self._stays:
            # Nobody is behind anybody.
            self._round = 0
            self._ahead.clear()

    def serve(self, ticket: Ticket) -> None:
        """Forget a call whose turn it is; its user's others stand a round later.

        Args:
            ticket: One that waits.
        """
        flow = self._flows[ticket.user]
        if flow.round > self._round:
            self._round = flow.round
            # They were one round ahead at the most.
            self._ahead.clear()
        # Also of one who came long ago and could not be served: that is nothing to make up for.
        flow.round = self._round + 1
        self.remove(ticket)
        self._move(ticket.user, flow)

    def take_back(self, user: str) -> None:
        """Take a turn back of which no use was made.

        Args:
            user: Who had it.
        """
        self._ahead.pop(user, None)
        flow = self._flows.get(user)
        if flow is not None and flow.round > self._round:
            flow.round -= 1
            self._move(user, flow)

    def first(self, kinds: Kinds) -> tuple[int, Number] | None:
        """Return where the first call of some kinds stands: its round and number.

        Args:
            kinds: Which.
        """
        heads = self._heads.get(kinds)
        head = None if heads is None else heads.least()
        return None if head is None else head[:2]

    def in_order(self, kinds: Kinds) -> Generator[Ticket, None, None]:
        """Give the calls of some kinds, first to last; close it before anything changes.

        Args:
            kinds: Which; somebody waits for them.
        """
        heads, own = self._heads[kinds], list[tuple[int, Number, str]]()
        led: dict[str, tuple[int, Number, int, str]] = {}
        passed: list[tuple[LazyHeap[_Place], _Place]] = []
        try:
            while True:
                head = heads.least()
                if head is not None and (not own or head[:2] <= own[0][:2]):
                    heads.pop()
                    round_, user = head[0], head[3]
                    if user in led:
                        continue
                    led[user] = head
                elif own:
                    round_, _, user = heapq.heappop(own)
                else:
                    return
                queue = self._flows[user].queues[kinds]
                place = queue.pop()
                assert place is not None  # noqa: S101  # a head has a call, and so has a next one
                passed.append((queue, place))
                following = queue.least()
                if following is not None:
                    heapq.heappush(own, (round_ + 1, following[0], user))
                yield place[2]
        finally:
            for queue, place in passed:
                queue.push(place)
            for head in led.values():
                heads.push(head)

    def first_to_end(self, kinds: Kinds) -> Ticket | None:
        """Return the call of some kinds that gives up first.

        Args:
            kinds: Which.
        """
        ends = self._ends.get(kinds)
        end = None if ends is None else ends.least()
        return None if end is None else end[3]

    def all(self) -> list[Ticket]:
        """Return all calls in the order in which they are served if no other comes."""
        by_user: dict[str, list[Ticket]] = {}
        for ticket in self._stays:
            by_user.setdefault(ticket.user, []).append(ticket)
        places: list[tuple[int, Number, Ticket]] = []
        for user, tickets in by_user.items():
            tickets.sort(key=lambda ticket: ticket.number)
            begins = self._flows[user].round
            places += [
                (round_, ticket.number, ticket) for round_, ticket in enumerate(tickets, begins)
            ]
        places.sort(key=lambda place: place[:2])
        return [ticket for _, _, ticket in places]

    def _move(self, user: str, flow: _Flow) -> None:
        for kinds in flow.queues:
            self._lead(kinds, user, flow)

    def _lead(self, kinds: Kinds, user: str, flow: _Flow) -> None:
        first = flow.first(kinds)
        if first is not None:
            self._heads[kinds].push((*first, next(self._counts), user))

    def _leads(self, kinds: Kinds, head: tuple[int, Number, int, str]) -> bool:
        flow = self._flows.get(head[3])
        return flow is not None and flow.first(kinds) == head[:2]

    def _is_there(self, place: tuple[object, ...]) -> bool:
        ticket: Ticket = place[-1]  # type: ignore[assignment]  # the last of both kinds of places
        return self._stays.get(ticket) == place[-2]
