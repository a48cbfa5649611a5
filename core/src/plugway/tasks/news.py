"""Tells those who wait for a task that something has become known of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from plugway.tasks import store

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Task
    from plugway.storage.database import Database

#: Seconds between two looks at the row: another node may poll the task.
_LOOK = 1.0


class News:
    """Knows who waits for which task in this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin with nobody.

        Args:
            database: Where tasks are.
            clock: The time.
        """
        self._database = database
        self._clock = clock
        self._waiting: dict[str, set[asyncio.Event]] = {}

    def tell(self, call_id: str) -> None:
        """Let those look who wait for a task.

        Args:
            call_id: Its call.
        """
        for event in self._waiting.get(call_id, ()):
            event.set()

    async def of(self, task: Task, seconds: float) -> Task:
        """Wait for news of a task.

        Args:
            task: As it was known.
            seconds: Longest wait.

        Returns:
            The task as it is now.
        """
        until = self._clock.monotonic() + seconds
        event = asyncio.Event()
        waiting = self._waiting.setdefault(task.call_id, set())
        waiting.add(event)
        try:
            while True:
                event.clear()
                found = await store.by_call(self._database, task.call_id) or task
                left = until - self._clock.monotonic()
                if left <= 0 or _says(found) != _says(task):
                    return found
                await self._pause(event, min(left, _LOOK))
        finally:
            waiting.discard(event)
            if not waiting and self._waiting.get(task.call_id) is waiting:
                del self._waiting[task.call_id]

    async def _pause(self, event: asyncio.Event, seconds: float) -> None:
        told = asyncio.ensure_future(event.wait())
        timer = asyncio.ensure_future(self._clock.sleep(seconds))
        try:
            await asyncio.wait((told, timer), return_when=asyncio.FIRST_COMPLETED)
        finally:
            told.cancel()
            timer.cancel()


def _says(task: Task) -> tuple[object, ...]:
    return task.state, task.progress, task.upstream_id
