"""Which credential of a pool is next: the one that has been ready longest.

For each set of kinds of quota that calls draw from there are two queues by the moment at
which a credential is ready: of those that work, where that order is least recently used, and
of those that a call would have to try. What changes gets a new place; its old one is dropped
when it comes up, so nothing is ever searched for.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Container, Mapping, Set
from typing import TYPE_CHECKING

from plugway.credentials.quotas import Calendar
from plugway.credentials.states import OUT_OF_USE

if TYPE_CHECKING:
    from plugway.contract import PooledChannelSettings
    from plugway.credentials.slot import Slot
    from plugway.credentials.states import Condition

#: Places in a queue beyond those of twice all credentials, until the old ones are thrown out.
_SPARE = 64

#: Ready at, id, version, whose place it is.
_Place = tuple[int, int, int, "Slot"]
_Queue = list[_Place]


class Index:
    """Orders the credentials of one channel.

    Attributes:
        settings: The channel's; others need another index.
        calendar: Says which day it is.
    """

    def __init__(self, settings: PooledChannelSettings, slots: Mapping[int, Slot]) -> None:
        """Take the credentials.

        Args:
            settings: The channel's.
            slots: By id; whoever changes it calls `place` or `drop`.
        """
        self.settings = settings
        self.calendar = Calendar(settings.day_zone)
        self._slots = slots
        self._cooldown = round(settings.use_cooldown * 1_000_000)
        self._queues: dict[frozenset[str], tuple[_Queue, _Queue]] = {}
        #: By kinds, how many of those that calls of this process use will serve again.
        self._held: Counter[frozenset[str]] = Counter()
        #: What is out of the queues, and the kinds for which it counts as held.
        self._out: dict[int, tuple[frozenset[str], ...]] = {}
        #: Calls of this process that are finding out.
        self._trials: set[int] = set()

    def pick(
        self,
        kinds: frozenset[str],
        now: int,
        tried: Container[int] = (),
        busy: Container[int] = (),
    ) -> Slot | None:
        """Take out the credential that has been ready longest.

        One that must be tried goes to a call that has not failed yet, and while others work
        to one call at a time.

        Args:
            kinds: What the call draws from.
            now: Microseconds since 1970.
            tried: Those that the call does not want; true if it has failed with one.
            busy: Those that it does not want now.

        Returns:
            What to hand back with `place`; None: none is ready.
        """
        good, doubtful = self._of(kinds, now)
        known_first = bool(tried) or bool(self._trials)
        for queue in (good, doubtful) if known_first else (doubtful, good):
            slot = self._pop(queue, now, tried, busy)
            if slot is not None:
                if queue is doubtful:
                    self._trials.add(slot.credential.id)
                self._hold(slot, now)
                return slot
        return None

    def place(self, slot: Slot, now: int) -> None:
        """Put a credential where it belongs, after any change.

        Args:
            slot: One of the channel's.
            now: Microseconds since 1970.
        """
        if slot.owner is not None:
            return
        self.drop(slot)
        id_ = slot.credential.id
        if slot.credential.state in OUT_OF_USE or self._slots.get(id_) is not slot:
            return
        for kinds, queues in self._queues.items():
            self._push(slot, kinds, queues, now)

    def drop(self, slot: Slot) -> None:
        """Forget a credential's place."""
        slot.version += 1
        self._trials.discard(slot.credential.id)
        for kinds in self._out.pop(slot.credential.id, ()):
            self._held[kinds] -= 1

    def next_at(self, kinds: frozenset[str], now: int, tried: Container[int] = ()) -> int | None:
        """Return when the first one that is not in use will be ready.

        Args:
            kinds: What a call draws from.
            now: Microseconds since 1970.
            tried: Those that do not count.

        Returns:
            Microseconds since 1970; None: none will, by itself.
        """
        tops = [_first(queue, tried) for queue in self._of(kinds, now)]
        return min((top for top in tops if top is not None), default=None)

    def hope_at(self, kinds: frozenset[str], now: int, tried: Container[int]) -> int | None:
        """Return when the first one will be ready that is worth waiting for.

        Whether one that was refused works again is found out by a call that comes then.

        Args:
            kinds: What a call draws from.
            now: Microseconds since 1970.
            tried: Those that the call does not want.

        Returns:
            Microseconds since 1970; None: none will, by itself.
        """
        good, doubtful = self._of(kinds, now)
        trial = _first(doubtful, tried)
        if trial is not None and trial <= now:
            return trial
        return _first(good, tried)

    def upcoming(self, kinds: frozenset[str], now: int, number: int) -> list[int]:
        """Return ids of the next ones that are believed to be ready.

        Args:
            kinds: What a call draws from.
            now: Microseconds since 1970.
            number: How many at the most.
        """
        good, _ = self._of(kinds, now)
        places: list[_Place] = []
        while len(places) < number and _clean(good) and good[0][0] <= now:
            places.append(heapq.heappop(good))
        for place in places:
            heapq.heappush(good, place)
        return [place[1] for place in places]

    def held(self, kinds: frozenset[str], now: int, tried: Container[int] = ()) -> bool:
        """Say whether calls of this process use some that will be ready after them.

        Args:
            kinds: What a call draws from.
            now: Microseconds since 1970.
            tried: Those that do not count.
        """
        self._of(kinds, now)
        if not self._held[kinds]:
            return False
        return any(kinds in kept and id_ not in tried for id_, kept in self._out.items())

    def freed_at(self, kinds: frozenset[str], now: int, tried: Container[int] = ()) -> int | None:
        """Return when the first of those in use may be used again, if its call ended now.

        What the upstream said of it meanwhile counts: a rest that has begun is not over with
        the call.

        Args:
            kinds: What a call draws from.
            now: Microseconds since 1970.
            tried: Those that do not count.

        Returns:
            Microseconds since 1970; None: none is in use, or none comes back by itself.
        """
        day, found = self.calendar.day(now), []
        for id_ in self._out:
            if id_ in tried:
                continue
            slot = self._slots[id_]
            ready = slot.credential.state == "ready"
            until = now if ready else slot.credential.until
            if until is not None:
                opens = slot.quotas.open_at(kinds, self.settings, day)
                found.append(max(until, now + self._cooldown, opens))
        return min(found, default=None)

    def resting(self, now: int) -> bool:
        """Say whether some that work are in use, or will be ready by themselves.

        Args:
            now: Microseconds since 1970.
        """
        good, _ = self._of(frozenset({"text"}), now)
        return len(self._out) > len(self._trials) or _clean(good)

    def ready_at(self, slot: Slot, kinds: Set[str], now: int) -> int | None:
        """Return when a credential may be used, as far as this process knows.

        Args:
            slot: Which.
            kinds: What the call draws from.
            now: Microseconds since 1970.

        Returns:
            Microseconds since 1970; None: never, by itself.
        """
        credential = slot.credential
        at = slot.next_use_at
        if credential.state != "ready":
            if credential.until is None:
                return None
            at = max(at, credential.until)
        if slot.claimed_until is not None:
            over = slot.claimed_until + self._cooldown
            at = max(at, min(over, max(slot.look_at, now)) if over > now else over)
        return max(at, slot.quotas.open_at(kinds, self.settings, self.calendar.day(now)))

    def condition(self, slot: Slot, now: int) -> Condition:
        """Return what a credential is in; without quota for text it is cooling.

        Args:
            slot: Which.
            now: Microseconds since 1970.
        """
        found = slot.condition(now)
        day = self.calendar.day(now)
        if found == "ready" and slot.quotas.open_at(("text",), self.settings, day) > now:
            return "cooling"
        return found

    def _of(self, kinds: frozenset[str], now: int) -> tuple[_Queue, _Queue]:
        queues = self._queues.get(kinds)
        if queues is None:
            queues = self._queues[kinds] = ([], [])
            for slot in self._slots.values():
                if slot.credential.id in self._out:
                    self._count_held(slot, kinds, now)
                elif slot.owner is None and slot.credential.state not in OUT_OF_USE:
                    self._push(slot, kinds, queues, now)
        return queues

    def _push(
        self, slot: Slot, kinds: frozenset[str], queues: tuple[_Queue, _Queue], now: int
    ) -> None:
        at = self.ready_at(slot, kinds, now)
        if at is None:
            return
        queue = queues[slot.doubtful]
        heapq.heappush(queue, (at, slot.credential.id, slot.version, slot))
        if len(queue) > 2 * len(self._slots) + _SPARE:
            queue[:] = [place for place in queue if place[2] == place[3].version]
            heapq.heapify(queue)

    def _pop(
        self, queue: _Queue, now: int, tried: Container[int], busy: Container[int]
    ) -> Slot | None:
        unwanted: list[_Place] = []
        found = None
        while found is None and _clean(queue) and queue[0][0] <= now:
            place = heapq.heappop(queue)
            if place[1] in tried or place[1] in busy:
                unwanted.append(place)
            else:
                found = place[3]
        for place in unwanted:
            heapq.heappush(queue, place)
        return found

    def _hold(self, slot: Slot, now: int) -> None:
        slot.version += 1
        self._out[slot.credential.id] = ()
        for kinds in self._queues:
            self._count_held(slot, kinds, now)

    def _count_held(self, slot: Slot, kinds: frozenset[str], now: int) -> None:
        soon = now + round(self.settings.wait * 1_000_000)
        if slot.quotas.open_at(kinds, self.settings, self.calendar.day(now)) <= soon:
            self._out[slot.credential.id] += (kinds,)
            self._held[kinds] += 1


def _first(queue: _Queue, tried: Container[int]) -> int | None:
    """Return when the first place of a queue is ready that is not one of some few."""
    aside: list[_Place] = []
    while _clean(queue) and queue[0][1] in tried:
        aside.append(heapq.heappop(queue))
    at = queue[0][0] if queue else None
    for place in aside:
        heapq.heappush(queue, place)
    return at


def _clean(queue: _Queue) -> bool:
    """Drop old places at the head of a queue; return whether anything is left."""
    while queue and queue[0][2] != queue[0][3].version:
        heapq.heappop(queue)
    return bool(queue)
