"""Waiting with an end, by the gateway's clock."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from plugway import Clock


T = TypeVar("T")


async def within(work: Coroutine[Any, Any, T], seconds: float, clock: Clock) -> T:
    """Wait for work, and end it when it takes too long.

    Args:
        work: What is done.
        seconds: Longest wait.
        clock: The gateway's.

    Returns:
        What it came to.

    Raises:
        TimeoutError: The time was over; the work has been cancelled, and has ended.
    """
    task = asyncio.ensure_future(work)
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait((task, timer), return_when=asyncio.FIRST_COMPLETED)
        if not task.done():
            raise TimeoutError
        return task.result()
    finally:
        for one in (task, timer):
            one.cancel()
        await asyncio.gather(task, timer, return_exceptions=True)
