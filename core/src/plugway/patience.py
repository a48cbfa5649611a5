"""Waiting for futures, but not for ever, with one timer for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any


class Patience:
    """Waits for futures, each for the same time.

    `asyncio.wait` would make a timer and a list for each call; since all wait equally long,
    the first to begin is the first whose time is up, and one timer is enough.
    """

    def __init__(self, seconds: float) -> None:
        """Say how long to wait.

        Args:
            seconds: For each future, above 0.
        """
        self._seconds = seconds
        self._waiting: deque[tuple[float, asyncio.Future[bool]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    async def wait(self, future: asyncio.Future[Any]) -> bool:
        """Wait until a future is done, and say whether it is; it is not cancelled.

        Args:
            future: What to wait for; its result or exception is not looked at.
        """
        if future.done():
            return True
        loop = future.get_loop()
        waiter: asyncio.Future[bool] = loop.create_future()

        def done(_: object) -> None:
            if not waiter.done():
                waiter.set_result(True)

        future.add_done_callback(done)
        self._waiting.append((loop.time() + self._seconds, waiter))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._expire, loop)
        return await waiter

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting
        now = loop.time()
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now):
            _, waiter = waiting.popleft()
            if not waiter.done():
                waiter.set_result(False)
        self._timer = loop.call_at(waiting[0][0], self._expire, loop) if waiting else None
