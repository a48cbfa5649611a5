"""The machine's browser: found, opened with a profile of its own, and ended whatever happens."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from plugway import (
    ConfigurationError,
    PlugwayError,
    Unavailable,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_gemini_business.socks_bridge import bridge

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Playwright, ProxySettings

#: Names of the program, those for people first.
PROGRAMS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")

#: One that cannot be seen.
SHELL = "chromium-headless-shell"

#: Setting of a proxy that says: none.
DIRECT = "direct"

#: Seconds that the browser gets to open, and to end before it is ended.
OPENING, ENDING = 60.0, 10.0

#: Reached straight, whatever the proxy; named, for a browser that is driven sends all to it.
_LOOPBACK = "127.0.0.0/8,localhost,*.localhost,[::1]"

#: How the names begin of what the browser gets of the environment, where secrets may be.
_ENVIRONMENT = (
    *("HOME", "PATH", "LANG", "LC_", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "FONTCONFIG_"),
    *("DISPLAY", "XAUTHORITY", "WAYLAND_", "XDG_", "DBUS_", "HTTP", "ALL_PROXY", "NO_PROXY"),
)

_NET_ERROR = re.compile(r"net::ERR_[A-Z0-9_]+")


class Browser:
    """Opens windows of a Chromium, each in processes and with a profile of its own.

    Example:
        >>> Browser("/nowhere/chromium").available
        False
    """

    def __init__(self, path: str = "") -> None:
        """Prepare; nothing runs before `open`.

        Args:
            path: The program; empty: found.
        """
        self._path = path

    @property
    def available(self) -> bool:
        """Return whether there is a browser that `open` can open, as far as that is known."""
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
        if find_spec("playwright") is None:
            raise ConfigurationError(
                "no browser can be driven: install plugway-gemini-business with its extra `browser`"
            )
        if self._path:
            found = shutil.which(self._path)
            if found is None:
                raise ConfigurationError(
                    f"plugins.gemini_business.browser: there is no program {self._path}"
                )
            return found
        names = PROGRAMS if visible else (*PROGRAMS, SHELL)
        paths = [path for path in map(shutil.which, names) if path is not None]
        if paths:
            return paths[0]
        if _playwright_has_one(visible=visible):
            return None
        raise ConfigurationError(
            "there is no Chromium here: install the system's package chromium, or run "
            "`playwright install chromium`, or name one in plugins.gemini_business.browser"
        )

    @asynccontextmanager
    async def open(
        self, *, proxy: str | None = None, visible: bool = False
    ) -> AsyncIterator[BrowserContext]:
        """Open a window without a past; its processes end with the block.

        Args:
            proxy: URL of a proxy, login included; `direct`: none; None: the machine's.
            visible: A person is to see it.

        Raises:
            ConfigurationError: There is no browser, no display or no proxy of this kind.
            Unavailable: The browser did not open, or has ended before its time.
        """
        program = self.program(visible=visible)
        if visible:
            check_display(os.environ)
        async with AsyncExitStack() as stack:
            if proxy is not None and _wants_bridge(proxy):
                proxy = await stack.enter_async_context(bridge(proxy))
            yield await stack.enter_async_context(self._window(program, proxy, visible))

    @asynccontextmanager
    async def _window(
        self, program: str | None, proxy: str | None, visible: bool
    ) -> AsyncIterator[BrowserContext]:
        from playwright.async_api import Error, async_playwright

        manager = async_playwright()
        # In a task of its own: cut short, it would leave a process behind.
        starting = asyncio.create_task(manager.start())
        try:
            async with asyncio.timeout(OPENING):
                playwright = await asyncio.shield(starting)
                context = await self._context(playwright, program, proxy, visible)
        except BaseException as error:
            await _to_its_end(_ended(starting))
            if isinstance(error, Error | TimeoutError):
                raise Unavailable("The browser did not open.") from None
            raise
        try:
            yield context
        except Error as error:
            raise problem(error) from None
        finally:
            await _to_its_end(_ended(starting, context))

    @staticmethod
    async def _context(
        playwright: Playwright, program: str | None, proxy: str | None, visible: bool
    ) -> BrowserContext:
        browser = await playwright.chromium.launch(
            executable_path=program,
            headless=not visible,
            # Chromium's own sandbox does not work for root.
            chromium_sandbox=os.name == "posix" and os.geteuid() != 0,
            env=dict(_environment(os.environ)),
            args=["--no-proxy-server"] if proxy == DIRECT else [],
            proxy=proxy_settings(proxy) if proxy not in (None, DIRECT) else None,
            # Who runs this decides what a signal means, and ends the browser in order.
            handle_sigint=False,
            handle_sigterm=False,
            handle_sighup=False,
        )
        return await browser.new_context(no_viewport=True if visible else None)


def proxy_settings(url: str | None) -> ProxySettings | None:
    """Return a proxy as the driver takes it.

    Args:
        url: With its login.

    Raises:
        ConfigurationError: A browser cannot use it.

    Example:
        >>> proxy_settings("http://me:p%40ss@proxy:3128")["password"]
        'p@ss'
    """
    if url is None:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ConfigurationError("the proxy's address cannot be one") from None
    scheme = {"socks5h": "socks5"}.get(parts.scheme, parts.scheme)
    if scheme not in ("http", "https", "socks5") or not parts.hostname:
        raise ConfigurationError(f"a browser cannot use proxies of the kind {parts.scheme}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    settings: dict[str, Any] = {
        "server": f"{scheme}://{host}" + (f":{port}" if port else ""),
        "bypass": _LOOPBACK,
    }
    if parts.username:
        settings["username"] = unquote(parts.username)
        settings["password"] = unquote(parts.password or "")
    return settings  # type: ignore[return-value]  # the driver's type is known to checkers only


def check_display(environ: Mapping[str, str]) -> None:
    """Check that a window can be seen.

    Args:
        environ: The environment.

    Raises:
        ConfigurationError: There is no display.

    Example:
        >>> check_display({"DISPLAY": ":0"})
    """
    if sys.platform != "linux" or environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY"):
        return
    raise ConfigurationError(
        "there is no display for the browser's window: run this at a desktop, over `ssh -X`, "
        "or on another machine with --url, which stores the account here"
    )


def problem(error: BaseException) -> PlugwayError:
    """Return what an error of the driver means; its own text may hold secrets.

    Args:
        error: The driver's.
    """
    from playwright.async_api import TimeoutError as DriverTimeout

    if isinstance(error, DriverTimeout):
        return UpstreamTimeout("The page took too long in the browser.", acted=False)
    if (found := _NET_ERROR.search(str(error))) is not None:
        return UpstreamUnreachable(
            f"The browser could not reach the upstream: {found[0]}.", acted=False
        )
    return Unavailable("The browser ended before its time.")


def _wants_bridge(proxy: str) -> bool:
    """Say whether a proxy is one of those that a browser cannot log in at."""
    parts = urlsplit(proxy)
    return parts.scheme in ("socks5", "socks5h") and bool(parts.username)


def _environment(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        if name.upper().startswith(_ENVIRONMENT):
            yield name, value


def _playwright_has_one(*, visible: bool) -> bool:
    told = os.environ.get("PLAYWRIGHT_BROWSERS_PATH", "")
    places = {"darwin": "Library/Caches/ms-playwright", "win32": "AppData/Local/ms-playwright"}
    place = Path(told) if told else Path.home() / places.get(sys.platform, ".cache/ms-playwright")
    return any(place.glob("chromium-[0-9]*" if visible else "chromium*-[0-9]*"))


async def _ended(starting: asyncio.Task[Playwright], context: BrowserContext | None = None) -> None:
    """End the driver, and with it the browser; it takes `ENDING` twice at the most."""
    from playwright.async_api import Error

    try:
        async with asyncio.timeout(ENDING):
            await asyncio.shield(starting)
            if context is not None and context.browser is not None:
                await context.browser.close()
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


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Wait for work however often the waiting is cancelled; it must be bounded itself."""
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
