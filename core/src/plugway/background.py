"""Work beside the requests, owned by one gateway and awaited when it stops."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from plugway.clock import Clock

log = logging.getLogger(__name__)


class Background:
    """Runs loops and short jobs.

    Jobs (`spawn`) are awaited at the end, loops (`every`) are cancelled: a job is something
    that somebody's money or state waits for, a loop begins again at the next start.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._loops: set[asyncio.Task[None]] = set()
        self._jobs: set[asyncio.Task[None]] = set()

    def spawn(self, job: Coroutine[Any, Any, None]) -> None:
        """Run a job; a failure is logged.

        Args:
            job: A coroutine.
        """
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._finished)

    def every(self, seconds: float, round_: Callable[[], Awaitable[object]], name: str) -> None:
        """Run a coroutine function again and again; a failed round is logged.

        Args:
            seconds: Between rounds.
            round_: Does one round.
            name: For the log.
        """
        self._loops.add(asyncio.create_task(self._repeat(seconds, round_, name), name=name))

    def keep(self, loop: Coroutine[Any, Any, None], name: str) -> None:
        """Run a coroutine that nothing is lost with when it is cancelled, such as a loop."""
        task = asyncio.create_task(loop, name=name)
        self._loops.add(task)
        task.add_done_callback(self._loops.discard)

    async def stop(self, wait: float) -> None:
        """Cancel the loops and await the jobs.

        Args:
            wait: Seconds for the jobs; those that take longer are cancelled and named.
        """
        for task in self._loops:
            task.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        self._loops.clear()
        if self._jobs:
            _, late = await asyncio.wait(set(self._jobs), timeout=wait)
            for job in late:
                log.error("a job did not end in time: %r", job.get_coro())
                job.cancel()

    async def _repeat(
        self, seconds: float, round_: Callable[[], Awaitable[object]], name: str
    ) -> None:
        while True:
            try:
                await round_()
            except Exception:  # a failed round must not end the loop
                log.exception("%s failed; the next round comes in %g s", name, seconds)
            await self._clock.sleep(seconds)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._jobs.discard(task)
        if not task.cancelled() and task.exception() is not None:
            log.error("a background job failed", exc_info=task.exception())
