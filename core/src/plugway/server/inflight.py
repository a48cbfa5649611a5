"""Requests that are running, and whether more are wanted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from plugway.server.deadlines import Deadlines, running_task


class Inflight(Deadlines):
    """Knows the running requests of one gateway, each with its deadline.

    Attributes:
        ready: Whether load balancers should send requests here; `/readyz` shows it.
            Requests that come all the same are served.
        stopping: No socket stays open any more.
    """

    def __init__(self) -> None:
        """Start with nothing running, and not ready."""
        super().__init__()
        self.ready = False
        self.stopping = False
        self._waiters: list[asyncio.Future[None]] = []
        self._sockets: set[asyncio.Task[Any]] = set()

    def end(self, task: asyncio.Task[Any]) -> None:
        """Count a request no more."""
        super().end(task)
        if self._waiters and not self:
            for waiter in self._waiters:
                if not waiter.done():
                    waiter.set_result(None)
            self._waiters.clear()

    @contextmanager
    def socket(self) -> Iterator[None]:
        """Know a WebSocket while it is served: it has no deadline, and ends with the server."""
        task = running_task()
        self._sockets.add(task)
        try:
            yield
        finally:
            self._sockets.discard(task)

    def close_sockets(self) -> None:
        """End every WebSocket: those who were connected go to another node."""
        self.stopping = True
        for task in self._sockets:
            task.cancel("the gateway is stopping")

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
