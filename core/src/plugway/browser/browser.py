"""The machine's browser, as the gateway and its plugins use it."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from plugway.browser import proxy as proxies
from plugway.browser.bridge import bridge
from plugway.browser.launching import launched
from plugway.browser.problem import problem
from plugway.browser.program import check_display, find
from plugway.errors import ConfigurationError, PlugwayError

if TYPE_CHECKING:
    from playwright.async_api import Browser as Running
    from playwright.async_api import BrowserContext, ProxySettings


class Browser:
    """Opens a Chromium, and ends all of its processes whatever happens.

    Attributes:
        DIRECT: What says of a proxy: none.

    Example:
        >>> Browser("/nowhere/chromium").available
        False
    """

    DIRECT = proxies.DIRECT

    def __init__(self, path: str = "") -> None:
        """Prepare; nothing runs before `open` or `run`.

        Args:
            path: The program; empty: found.
        """
        self._path = path

    @property
    def available(self) -> bool:
        """Return whether there is a browser that can be opened, as far as that is known."""
        try:
            self.program(visible=False)
        except ConfigurationError:
            return False
        return True

    def program(self, *, visible: bool) -> str | None:
        """Find the program.

        Args:
            visible: It is to be seen.

        Returns:
            Its path; None: the one that Playwright has installed.

        Raises:
            ConfigurationError: It is missing; the message says how to get it.
        """
        return find(self._path, visible=visible)

    def check(self, *, visible: bool) -> None:
        """Check that a browser can be opened, before anybody is told to look at it.

        Args:
            visible: It is to be seen.

        Raises:
            ConfigurationError: There is no browser, or no display.
        """
        self.program(visible=visible)
        if visible:
            check_display(os.environ)

    @asynccontextmanager
    async def open(
        self, *, proxy: str | None = None, visible: bool = False
    ) -> AsyncIterator[BrowserContext]:
        """Open a window without a past, in processes of its own, which end with the block.

        Args:
            proxy: URL of a proxy, login included; `direct`: none; None: the machine's.
            visible: A person is to see it.

        Raises:
            ConfigurationError: There is no browser, no display or no proxy of this kind.
            Unavailable: The browser did not open, or has ended before its time.
        """
        self.check(visible=visible)
        program = self.program(visible=visible)
        # What the browser does beside its pages takes the same way.
        async with (
            self.way(proxy) as way,
            launched(program, visible=visible, proxy=way) as running,
        ):
            yield await running.new_context(no_viewport=True if visible else None)

    @asynccontextmanager
    async def run(self, *, visible: bool = False) -> AsyncIterator[Running]:
        """Run a browser for contexts of several owners; its processes end with the block.

        A context is one's own: cookies, storage and, by `way`, proxy.

        Args:
            visible: A person is to see it.

        Raises:
            ConfigurationError: There is no browser, or no display.
            Unavailable: The browser did not open, or has ended before its time.
        """
        self.check(visible=visible)
        async with launched(self.program(visible=visible), visible=visible) as running:
            yield running

    @asynccontextmanager
    async def way(self, proxy: str | None) -> AsyncIterator[ProxySettings | None]:
        """Make the way through a proxy, for `new_context(proxy=…)`; it stands in the block.

        Loopback is reached straight, whatever the proxy.

        Args:
            proxy: URL of a proxy, login included; `direct`: none; None: the machine's.

        Raises:
            ConfigurationError: A browser cannot use it.
        """
        if proxy is not None and proxies.wants_bridge(proxy):
            # A browser cannot log in at a SOCKS proxy.
            async with bridge(proxy) as near:
                yield proxies.proxy_settings(near)
        else:
            yield proxies.proxy_settings(proxy)

    @staticmethod
    def problem(error: BaseException) -> PlugwayError:
        """Return what an error of the driver means; its own text may hold secrets.

        Args:
            error: The driver's.
        """
        return problem(error)
