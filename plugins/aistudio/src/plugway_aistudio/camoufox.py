"""The optional engine: a Firefox of the extra `camoufox`, run like the machine's browser."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from plugway import Browser, ConfigurationError, Unavailable

if TYPE_CHECKING:
    from playwright.async_api import Browser as Running

#: Seconds that the browser gets to open, and to end before it is left.
OPENING, ENDING = 60.0, 10.0

_MISSING = (
    "plugins.aistudio.engine: camoufox is not installed: install plugway-aistudio with its extra "
    "`camoufox`, and run `camoufox fetch`, or set the engine chromium"
)
_UNFETCHED = (
    "plugins.aistudio.engine: camoufox has no browser that fits it: run `camoufox fetch`, or set "
    "the engine chromium"
)


def program() -> str:
    """Find the browser of the package `camoufox`, which fetches none by itself.

    Raises:
        ConfigurationError: The extra, or its browser, is missing.
    """
    try:
        package: Any = import_module("camoufox.pkgman")
        unfit: Any = import_module("camoufox.exceptions").UnsupportedVersion
    except ImportError:
        raise ConfigurationError(_MISSING) from None
    try:
        return str(package.launch_path(package.camoufox_path(download_if_missing=False)))
    except (FileNotFoundError, unfit):
        raise ConfigurationError(_UNFETCHED) from None


@asynccontextmanager
async def camoufox(*, visible: bool) -> AsyncIterator[Running]:
    """Run Camoufox for contexts of several owners; its processes end with the block.

    It is run as a Firefox is: with none of its means to look like another machine.

    Args:
        visible: A person is to see it.

    Raises:
        ConfigurationError: The extra, or its browser, is missing.
        Unavailable: The browser did not open, or has ended before its time.
    """
    path = program()
    from playwright.async_api import Error, async_playwright

    manager = async_playwright()
    try:
        try:
            async with asyncio.timeout(OPENING):
                driver = await manager.__aenter__()
                running = await driver.firefox.launch(
                    executable_path=path,
                    headless=not visible,
                    # Who runs this decides what a signal means.
                    handle_sigint=False,
                    handle_sigterm=False,
                    handle_sighup=False,
                )
        except (Error, OSError, TimeoutError):
            raise Unavailable("The browser did not open.") from None
        yield running
    except Error as error:
        raise Browser.problem(error) from None
    finally:
        # The driver ends its browser.
        with contextlib.suppress(Error, OSError, TimeoutError):
            async with asyncio.timeout(ENDING):
                await manager.__aexit__()
