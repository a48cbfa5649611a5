"""What waits, and what lets it go on."""

from __future__ import annotations

import asyncio


class Gate:
    """Holds answers back: frame by frame until somebody steps, or until somebody releases all."""

    def __init__(self) -> None:
        self._released = asyncio.Event()
        self._steps = asyncio.Semaphore(0)

    def release(self) -> None:
        """Let go whatever waits now for a time."""
        self._released.set()
        self._released = asyncio.Event()

    def step(self, count: int = 1) -> None:
        """Let frames of stepped answers go out; kept for those that are not written yet.

        Args:
            count: How many.
        """
        for _ in range(count):
            self._steps.release()

    async def stepped(self) -> None:
        """Wait for a step."""
        await self._steps.acquire()

    async def wait(self, seconds: float) -> None:
        """Wait until released, but no longer than asked.

        Args:
            seconds: At the most; 0: as long as it takes.
        """
        try:
            async with asyncio.timeout(seconds or None):
                await self._released.wait()
        except TimeoutError:
            return
