"""Ends of time for many tasks, with one timer for all of them."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any


class Deadlines:
    """Cancels tasks whose time is up.

    It does what `asyncio.timeout` does, at a fraction of the cost, which every request would
    pay: deadlines mostly come in the order of arrival, so one timer, set for the earliest,
    is enough and seldom has to be moved.
    """

    def __init__(self) -> None:
        """Start without any."""
        self._due: dict[asyncio.Task[Any], float] = {}
        self._passed: set[asyncio.Task[Any]] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._next = inf

    def __len__(self) -> int:
        """Return how many tasks have a deadline."""
        return len(self._due)

    def begin(self, task: asyncio.Task[Any], seconds: float) -> None:
        """Give a task a deadline.

        Args:
            task: The running one.
            seconds: From now, above 0.
        """
        loop = task.get_loop()
        due = loop.time() + seconds
        self._due[task] = due
        if due < self._next or loop is not self._loop:
            self._set(loop, due)

    def _set(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._loop = loop
        self._next = due
        self._timer = loop.call_at(due, self._expire)

    def _expire(self) -> None:
        assert self._loop is not None  # noqa: S101  # it has called us
        now = self._loop.time()
        for task, due in self._due.items():
            if due <= now:
                # It still counts until it has ended.
                self._due[task] = inf
                self._passed.add(task)
                task.cancel("the deadline has passed")
        self._timer = None
        self._next = min(self._due.values(), default=inf)
        if self._next < inf:
            self._set(self._loop, self._next)

    def pause(self, task: asyncio.Task[Any]) -> float | None:
        """Let a task's time stand still until `resume`.

        Args:
            task: Which.

        Returns:
            The seconds that it has left; None: it has no deadline, or that has passed.
        """
        due = self._due.get(task, inf)
        if due == inf:
            return None
        self._due[task] = inf
        return due - task.get_loop().time()

    def resume(self, task: asyncio.Task[Any], left: float | None) -> None:
        """Let a task's time go on.

        Args:
            task: Which.
            left: What `pause` returned.
        """
        if left is not None and task in self._due:
            self.begin(task, left)

    def passed(self, task: asyncio.Task[Any]) -> bool:
        """Tell whether a deadline, and nobody else, has cancelled a task.

        Ask once, on `CancelledError`; when it is so, the cancellation is taken back.
        """
        if task not in self._passed:
            return False
        self._passed.remove(task)
        return task.uncancel() == 0

    def end(self, task: asyncio.Task[Any]) -> None:
        """Take a task's deadline away."""
        self._due.pop(task, None)
        if self._passed and task in self._passed:
            self._passed.remove(task)
            task.uncancel()


def running_task() -> asyncio.Task[Any]:
    """Return the task that runs."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # only coroutines ask, and those run in tasks
    return task
