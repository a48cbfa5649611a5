"""Waiting for futures, but not for ever, with one timer for all of them."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any


class Patience:
    """Ends the waiting for futures, each after the same time.

    `asyncio.wait` or `call_later` would make a timer for each; since all wait equally long,
    the first to begin is the first whose time is up, and one timer is enough.
    """

    def __init__(self, seconds: float) -> None:
        """Say how long to wait.

        Args:
            seconds: For each future, above 0.
        """
        self._seconds = seconds
        self._waiting: deque[tuple[float, asyncio.Future[Any], Callable[[], object]]] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def limit(self, future: asyncio.Future[Any], late: Callable[[], object]) -> None:
        """Have something called if a future is not done in time.

        Args:
            future: Not done yet.
            late: Called then, in the event loop.
        """
        loop = future.get_loop()
        self._waiting.append((loop.time() + self._seconds, future, late))
        if self._timer is None:
            self._timer = loop.call_later(self._seconds, self._expire, loop)

    async def wait(self, future: asyncio.Future[Any]) -> bool:
        """Wait until a future is done, and say whether it is; it is not cancelled.

        Args:
            future: What to wait for; its result or exception is not looked at.
        """
        if future.done():
            return True
        waiter: asyncio.Future[bool] = future.get_loop().create_future()

        def done(_: object) -> None:
            if not waiter.done():
                waiter.set_result(True)

        future.add_done_callback(done)
        self.limit(waiter, partial(waiter.set_result, False))
        return await waiter

    def _expire(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting
        now = loop.time()
        while waiting and (waiting[0][1].done() or waiting[0][0] <= now):
            _, future, late = waiting.popleft()
            if not future.done():
                late()
        self._timer = loop.call_at(waiting[0][0], self._expire, loop) if waiting else None
