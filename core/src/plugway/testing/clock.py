"""A clock that moves when told."""

from __future__ import annotations

import asyncio
import heapq
from itertools import count


class ManualClock:
    """Stands still until `advance` is called; sleepers wake in order.

    Example:
        >>> clock = ManualClock(start_us=0)
        >>> clock.advance(1.5)
        >>> clock.now()
        1500000
    """

    def __init__(self, start_us: int = 1_800_000_000_000_000) -> None:
        """Start the clock.

        Args:
            start_us: Microseconds since 1970.
        """
        self._now = start_us
        self._order = count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now(self) -> int:
        """Return microseconds since 1970."""
        return self._now

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return self._now / 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced that far."""
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due = self._now + round(seconds * 1_000_000)
        heapq.heappush(self._sleepers, (due, next(self._order), wake))
        await wake

    def advance(self, seconds: float) -> None:
        """Move on and wake who is due.

        Args:
            seconds: 0 or more.
        """
        self._now += round(seconds * 1_000_000)
        while self._sleepers and self._sleepers[0][0] <= self._now:
            _, _, wake = heapq.heappop(self._sleepers)
            if not wake.done():
                wake.set_result(None)
