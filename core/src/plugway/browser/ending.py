"""How a driver and its browser end, also in the middle of something."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright

#: Seconds that the browser and its driver get, one after the other, before they are left.
ENDING = 10.0


async def ended(starting: asyncio.Task[Playwright], browser: Browser | None = None) -> None:
    """End the driver, and with it the browser; it takes `ENDING` twice at the most.

    Args:
        starting: The driver's start, wherever it is.
        browser: The browser, if it is open.
    """
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(ENDING):
            await asyncio.shield(starting)
            if browser is not None:
                await browser.close()
    except (Error, OSError, TimeoutError):
        if not starting.done() or starting.cancelled() or starting.exception() is not None:
            starting.cancel()
            return
    try:
        async with asyncio.timeout(ENDING):
            await starting.result().stop()
    except (Error, OSError, TimeoutError):
        # It has been told to end, and ends its browser when its input does.
        return


async def to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work however often the waiting is cancelled.

    Args:
        work: What must come to its end; bounded itself.
    """
    task = asyncio.create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait([task])
        except asyncio.CancelledError as error:
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled
