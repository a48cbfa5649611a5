"""How the browser is started: its processes, their options and their end."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from plugway.browser.ending import ended, to_its_end
from plugway.browser.keeping import KEEP, keeping
from plugway.browser.problem import problem
from plugway.browser.program import environment
from plugway.browser.proxy import NOWHERE
from plugway.errors import Unavailable

if TYPE_CHECKING:
    from playwright.async_api import Browser, Playwright, ProxySettings

#: Seconds that the browser gets to open.
OPENING = 60.0

#: Beside those that the driver gives: what is asked of Google by the browser itself goes nowhere,
#: and pages come over the connections that a proxy can carry. Measured with Chromium 156 in 100
#: seconds on one empty page: without them two requests to update.googleapis.com (a component that
#: is wanted on demand) and five connections to accounts.google.com, with them, in 30 seconds, none.
_QUIET = (f"--component-updater=url-source={NOWHERE}/", "--disable-quic")

#: Who is signed in, it asks by itself; where a person signs in, nothing is to be different.
_NOBODY = f"--gaia-url={NOWHERE}"


@asynccontextmanager
async def launched(
    program: str | None, *, visible: bool, proxy: ProxySettings | None = None
) -> AsyncIterator[Browser]:
    """Start a driver and a browser, which end with the block.

    Args:
        program: As `find` returns it.
        visible: It is to be seen.
        proxy: For all that it does, and for every context that has none of its own.

    Raises:
        Unavailable: The browser did not open, or has ended before its time.
    """
    from playwright.async_api import Error, async_playwright

    manager = async_playwright()
    # In a task of its own: cut short, it would leave a process behind.
    starting = asyncio.create_task(manager.start())
    try:
        async with asyncio.timeout(OPENING):
            playwright = await asyncio.shield(starting)
            _take_error(manager)
            browser = await _launch(playwright, program, visible, proxy)
    except BaseException as error:
        await to_its_end(ended(starting))
        if isinstance(error, Error | OSError | TimeoutError):
            raise Unavailable("The browser did not open.") from None
        raise
    try:
        yield browser
    except Error as error:
        raise problem(error) from None
    finally:
        await to_its_end(ended(starting, browser))


def _take_error(manager: object) -> None:
    """Take the error that a killed driver leaves, which nobody does and asyncio would log.

    What is told of it are the errors of whoever uses the driver.
    """
    place: object = manager
    for name in ("_client", "_transport", "on_error_future"):
        place = getattr(place, name, None)
    if isinstance(place, asyncio.Future):
        place.add_done_callback(lambda future: future.cancelled() or future.exception())


async def _launch(
    playwright: Playwright, program: str | None, visible: bool, proxy: ProxySettings | None
) -> Browser:
    kept = None if program is None else keeping(program)
    return await playwright.chromium.launch(
        executable_path=program if kept is None else str(KEEP),
        headless=not visible,
        # Chromium's own sandbox does not work for root.
        chromium_sandbox=os.name == "posix" and os.geteuid() != 0,
        args=[*_QUIET] if visible else [*_QUIET, _NOBODY],
        proxy=proxy,
        env={**dict(environment(os.environ)), **(kept or {})},
        # Who runs this decides what a signal means, and ends the browser in order.
        handle_sigint=False,
        handle_sigterm=False,
        handle_sighup=False,
    )
