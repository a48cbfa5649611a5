"""Calls back at a moment that may still change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugway.clock import Clock

#: Microseconds that it sleeps at the least: clocks may differ by a little.
_LEAST_US = 1_000


class Alarm:
    """Rings once at the moment that was set last, or some time before it.

    Example:
        >>> from plugway.testing import ManualClock
        >>> async def ring_once() -> list[str]:
        ...     clock, heard = ManualClock(start_us=0), []
        ...     alarm = Alarm(clock, lambda: heard.append("ring"))
        ...     alarm.set(5_000_000)
        ...     await asyncio.sleep(0)
        ...     clock.advance(5)
        ...     await asyncio.sleep(0)
        ...     return heard
        >>> asyncio.run(ring_once())
        ['ring']
    """

    def __init__(self, clock: Clock, ring: Callable[[], None]) -> None:
        """Prepare; nothing is set.

        Args:
            clock: The time.
            ring: Called in the event loop.
        """
        self._clock = clock
        self._ring = ring
        self._at = 0
        self._task: asyncio.Task[None] | None = None

    def set(self, at: int | None) -> None:
        """Say when to ring; a later moment than before is met by ringing early.

        Args:
            at: Microseconds since 1970; None: not at all.
        """
        task = self._task
        if task is not None and (at is None or at < self._at):
            task.cancel()
            task = self._task = None
        if task is None and at is not None:
            self._at = at
            self._task = asyncio.create_task(self._sleep(at))

    async def _sleep(self, at: int) -> None:
        await self._clock.sleep(max(at - self._clock.now(), _LEAST_US) / 1_000_000)
        self._task = None
        self._ring()
