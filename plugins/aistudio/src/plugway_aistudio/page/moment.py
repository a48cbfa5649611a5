"""The machine's clock, for a command: it has no gateway to ask."""

from __future__ import annotations

import asyncio
import time


class SystemTime:
    """Tells the machine's time.

    Example:
        >>> SystemTime().now() > 0
        True
    """

    def now(self) -> int:
        """Return microseconds since 1970, UTC."""
        return time.time_ns() // 1_000

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)
