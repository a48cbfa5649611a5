"""The order in which proxies are taken."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from plugway.upstream.proxies.member import Member

#: Seconds between two sortings, which a round of checks would ask for without an end.
SORT_SECONDS = 1.0


class Rings:
    """Gives the proxy that was not used for longest, from the faster half where it can.

    First come healthy ones of the faster half that have rested since their last use, then
    rested ones of the slower half, then those that have not rested; when none is healthy,
    those of which nothing is known yet.
    """

    def __init__(self) -> None:
        self._members: list[Member] = []
        # The first of each was not used for longest.
        self._healthy: tuple[dict[Member, None], ...] = ({}, {})
        self._others: dict[Member, None] = {}
        self._sorted_at = float("-inf")
        self._stale = False

    def fill(self, members: Iterable[Member]) -> None:
        """Take these and no others.

        Args:
            members: The pool.
        """
        self._members = list(members)
        self._stale, self._sorted_at = True, float("-inf")

    def changed(self) -> None:
        """Sort again before long: the state or the latency of one has changed."""
        self._stale = True

    def take(self, may: Callable[[Member], bool], now: float, cooldown: float) -> Member | None:
        """Return one, noted as used; None: there is none.

        Args:
            may: Says whether one can be taken.
            now: The time.
            cooldown: Seconds of rest after a use, where another one can be taken.
        """
        if self._stale and now - self._sorted_at >= SORT_SECONDS:
            self._sort(now)
        taken = self._first(self._healthy, may, now - cooldown)
        taken = taken or self._first((self._others,), may, now - cooldown)
        if taken is None and self._stale:
            self._sort(now)
            taken = self._first((*self._healthy, self._others), may, now - cooldown)
        if taken is not None:
            self.use(taken, now)
        return taken

    def use(self, member: Member, now: float) -> None:
        """Note that one is used.

        Args:
            member: Of the pool.
            now: The time.
        """
        member.used_at = now
        for ring in (*self._healthy, self._others):
            if member in ring:
                ring[member] = ring.pop(member)

    @staticmethod
    def _first(
        rings: Iterable[dict[Member, None]], may: Callable[[Member], bool], rested: float
    ) -> Member | None:
        unrested = None
        for ring in rings:
            member = next(filter(may, ring), None)
            if member is not None and member.used_at <= rested:
                return member
            unrested = unrested or member
        return unrested

    def _sort(self, now: float) -> None:
        self._stale, self._sorted_at = False, now
        by_use = sorted(self._members, key=lambda member: member.used_at)
        healthy = [member for member in by_use if member.health.state == "healthy"]
        by_latency = sorted(healthy, key=lambda member: member.health.latency or 0.0)
        fast = set(by_latency[: (len(by_latency) + 1) // 2])
        self._healthy = (
            {member: None for member in healthy if member in fast},
            {member: None for member in healthy if member not in fast},
        )
        known = set(healthy)
        self._others = {member: None for member in by_use if member not in known}
