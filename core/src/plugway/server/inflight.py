"""Requests that are running, and whether more are wanted."""

from __future__ import annotations

import asyncio
from typing import Any

from plugway.server.deadlines import Deadlines


class Inflight(Deadlines):
    """Knows the running requests of one gateway, each with its deadline.

    Attributes:
        ready: Whether load balancers should send requests here; `/readyz` shows it.
            Requests that come all the same are served.
    """

    def __init__(self) -> None:
        """Start with nothing running, and not ready."""
        super().__init__()
        self.ready = False
        self._waiters: list[asyncio.Future[None]] = []

    def end(self, task: asyncio.Task[Any]) -> None:
        """Count a request no more."""
        super().end(task)
        if self._waiters and not self:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    async def idle(self, seconds: float) -> bool:
        """Wait until nothing runs.

        Args:
            seconds: At the most.

        Returns:
            Whether nothing runs now.
        """
        if self:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append(waiter)
            await asyncio.wait((waiter,), timeout=seconds)
        return not self

    def cancel(self) -> int:
        """Cancel every running request.

        Returns:
            How many there were.
        """
        for task in self._due:
            task.cancel("the gateway is stopping")
        return len(self)
