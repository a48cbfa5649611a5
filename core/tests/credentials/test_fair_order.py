"""Users take turns, whatever they do, as a plain model says; and each step is small."""

from __future__ import annotations

import heapq
import math
import random
from collections import Counter
from contextlib import closing
from itertools import islice
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from plugway.credentials import lazy_heap
from plugway.credentials.fair_order import FairOrder
from plugway.credentials.lazy_heap import SPARE
from plugway.credentials.line import Ticket

TEXT, IMAGES = frozenset({"text"}), frozenset({"text", "images"})
KINDS = [TEXT, IMAGES]
USERS = ["ann", "bob", "cem"]


def ticket(
    number: int, user: str = "ann", kinds: frozenset[str] = TEXT, until: int = 0, since: int = 0
) -> Ticket:
    """Make a call's ticket."""
    return Ticket((since, number), kinds, (), f"call{number}", until, user)


def drained(order: FairOrder, kinds: frozenset[str] = TEXT) -> list[str]:
    """Serve all; return whose calls those were."""
    found = []
    while order.waits(kinds):
        with closing(order.in_order(kinds)) as tickets:
            first = next(tickets)
        order.serve(first)
        found.append(first.user)
    return found


class Model:
    """Says who is next, in the plainest way."""

    def __init__(self) -> None:
        self.waiting: list[Ticket] = []
        self.now = 0
        self.rounds: dict[str, int] = {}

    def add(self, ticket: Ticket) -> None:
        if all(one.user != ticket.user for one in self.waiting):
            self.rounds[ticket.user] = max(self.now, self.rounds.get(ticket.user, 0))
        self.waiting.append(ticket)

    def order(self, kinds: frozenset[str]) -> list[Ticket]:
        """Return those who draw from some kinds, each user's by number, a round for each."""
        places = []
        for user in {one.user for one in self.waiting}:
            own = [one for one in self.waiting if (one.user, one.kinds) == (user, kinds)]
            own.sort(key=lambda one: one.number)
            places += [
                (self.rounds[user] + place, one.number, one) for place, one in enumerate(own)
            ]
        return [one for _, _, one in sorted(places, key=lambda place: place[:2])]

    def remove(self, ticket: Ticket) -> None:
        self.waiting.remove(ticket)
        if not self.waiting:
            self.now, self.rounds = 0, {}

    def serve(self, ticket: Ticket) -> None:
        self.now = max(self.now, self.rounds[ticket.user])
        self.rounds[ticket.user] = self.now + 1
        self.remove(ticket)

    def take_back(self, user: str) -> None:
        if self.rounds.get(user, 0) > self.now:
            self.rounds[user] -= 1


class FairOrderIsTheModel(RuleBasedStateMachine):
    """Does to the order and to the model the same."""

    def __init__(self) -> None:
        super().__init__()
        self.order, self.model = FairOrder(), Model()
        self.number = 0
        self.served: list[Ticket] = []

    @rule(
        user=st.sampled_from(USERS),
        kinds=st.sampled_from(KINDS),
        until=st.integers(0, 3),
        since=st.integers(0, 3),
    )
    def comes(self, user: str, kinds: frozenset[str], until: int, since: int) -> None:
        self.number += 1
        new = ticket(self.number, user, kinds, until, since)
        self.order.add(new)
        self.model.add(new)

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data())
    def leaves(self, data: Any) -> None:
        gone = data.draw(st.sampled_from(self.model.waiting))
        self.order.remove(gone)
        self.order.remove(gone)
        self.model.remove(gone)

    @precondition(lambda self: self.model.waiting)
    @rule(data=st.data(), skipped=st.integers(0, 2))
    def is_served(self, data: Any, skipped: int) -> None:
        kinds = data.draw(st.sampled_from(self.order.kinds))
        # Those before it do not want what there is.
        wanted = self.model.order(kinds)
        wanted = wanted[min(skipped, len(wanted) - 1) :]
        self.order.serve(wanted[0])
        self.model.serve(wanted[0])
        self.served.append(wanted[0])

    @precondition(lambda self: self.served)
    @rule(again=st.booleans())
    def makes_no_use_of_it(self, again: bool) -> None:
        lost = self.served.pop()
        self.order.take_back(lost.user)
        self.model.take_back(lost.user)
        if again:
            self.order.add(lost)
            self.model.add(lost)

    @invariant()
    def both_agree(self) -> None:
        assert len(self.order) == len(self.model.waiting)
        assert set(self.order.kinds) == {one.kinds for one in self.model.waiting}
        for kinds in self.order.kinds:
            expected = self.model.order(kinds)
            with closing(self.order.in_order(kinds)) as tickets:
                # Left in the middle, it is as it was.
                list(islice(tickets, len(expected) // 2))
            assert list(self.order.in_order(kinds)) == expected
            rounds = self.model.rounds[expected[0].user]
            assert self.order.first(kinds) == (rounds, expected[0].number)
            last = min(expected, key=lambda one: (one.until, one.number))
            assert self.order.first_to_end(kinds) is last
        found = self.order.all()
        assert sorted(map(id, found)) == sorted(map(id, self.model.waiting))
        for user in USERS:
            numbers = [one.number for one in found if one.user == user]
            assert numbers == sorted(numbers)


TestFairOrderIsTheModel = FairOrderIsTheModel.TestCase
TestFairOrderIsTheModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_hundred_calls_of_one_do_not_delay_another_s_first() -> None:
    order = FairOrder()
    for number in range(100):
        order.add(ticket(number, "ann"))
    order.add(ticket(100, "bob"))
    order.add(ticket(101, "cem"))
    order.add(ticket(102, "bob"))
    assert drained(order)[:6] == ["ann", "bob", "cem", "ann", "bob", "ann"]


def test_who_comes_back_takes_turns_with_who_stays() -> None:
    order, found = FairOrder(), []
    for number in range(50):
        order.add(ticket(number, "ann"))
    for number in range(50, 60):
        # It asks for the next only when it has had an answer.
        order.add(ticket(number, "bob"))
        for _ in range(2):
            first = next(iter(order.in_order(TEXT)))
            order.serve(first)
            found.append(first.user)
    assert Counter(found) == {"ann": 10, "bob": 10}


def test_who_leaves_leaves_no_gap() -> None:
    order = FairOrder()
    tickets = [ticket(number, "ann") for number in range(50)]
    for one in tickets:
        order.add(one)
    for number in range(50, 55):
        order.add(ticket(number, "bob"))
    for one in tickets[:-1]:
        order.remove(one)
    assert drained(order) == ["ann", *["bob"] * 5]


def test_what_could_not_be_served_for_long_is_nothing_to_make_up_for() -> None:
    order = FairOrder()
    for number in range(20):
        order.add(ticket(number, "ann", IMAGES))
    for number in range(20, 60):
        order.add(ticket(number, "bob"))
    for _ in range(30):
        order.serve(next(iter(order.in_order(TEXT))))
    # Now there are images: not all of them at once.
    order.add(ticket(60, "cem", IMAGES))
    assert drained(order, IMAGES)[:3] == ["ann", "cem", "ann"]


@pytest.mark.parametrize("seed", range(20))
def test_nobody_starves(seed: int) -> None:
    chance, order = random.Random(seed), FairOrder()  # noqa: S311  # reproducible on purpose
    users = [f"user{place}" for place in range(6)]
    passed: dict[Ticket, int] = {}
    ahead: dict[Ticket, int] = {}
    for number in range(3_000):
        if chance.random() < 0.6 or not len(order):
            new = ticket(number, chance.choice(users))
            ahead[new] = sum(one.user == new.user for one in order.all())
            order.add(new)
            passed[new] = 0
        else:
            first = next(iter(order.in_order(TEXT)))
            order.serve(first)
            del passed[first]
            for one in passed:
                passed[one] += 1
                # A turn of each user for each call of its own user before it, and its own.
                assert passed[one] <= len(users) * (ahead[one] + 2)


class Counting:
    """Counts what heaps do."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    def heappush(self, heap: list[Any], entry: Any) -> None:
        self.counts["steps"] += 1
        heapq.heappush(heap, entry)

    def heappop(self, heap: list[Any]) -> Any:
        self.counts["steps"] += 1
        return heapq.heappop(heap)

    def heapify(self, heap: list[Any]) -> None:
        # As many steps as it has entries, paid by those that were added before.
        self.counts["rebuilt"] += len(heap)
        heapq.heapify(heap)


@pytest.mark.parametrize("users", [1, 100, 10_000])
def test_with_ten_thousand_each_step_is_small(users: int, monkeypatch: pytest.MonkeyPatch) -> None:
    number, counting = 10_000, Counting()
    monkeypatch.setattr(lazy_heap, "heapq", counting)
    order, chance = FairOrder(), random.Random(1)  # noqa: S311  # reproducible on purpose
    tickets = [ticket(place, f"user{place % users}", until=place) for place in range(number)]
    for one in tickets:
        order.add(one)
    counting.counts.clear()
    for step in range(number):
        if step % 2:
            with closing(order.in_order(TEXT)) as waiting:
                one = next(waiting)
            order.serve(one)
        else:
            # From anywhere.
            one = chance.choice(tickets)
            while one not in order:
                one = chance.choice(tickets)
            order.remove(one)
        order.first_to_end(TEXT)
        new = ticket(number + step, f"user{step % users}", until=number + step)
        order.add(new)
        tickets.append(new)
    # On the average, since what has gone is dropped when it comes up.
    assert counting.counts["steps"] / number <= math.log2(number)
    assert counting.counts["rebuilt"] <= 8 * number
    kept = len(order._ends[TEXT]) + len(order._heads[TEXT])  # noqa: SLF001  # its memory
    assert kept <= 6 * number + 2 * SPARE
