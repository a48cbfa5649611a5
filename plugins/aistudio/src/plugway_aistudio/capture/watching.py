"""What can happen to a page that ends every answer in it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.async_api import Frame, Page

CRASHED = "The page crashed."
CLOSED = "The page was closed."
WENT = "The page went elsewhere."
ENDED = "The browser ended."

#: Milliseconds of the longest wait that the driver knows.
_LONGEST = 2**31 - 1

#: Seconds in which a browser that is still there answers.
PATIENCE = 5.0


class Watch:
    """Tells at once when a page has crashed, is closed or shows what is not of the web.

    A page that only changes its address, as AI Studio does when it saves a chat, shows the same
    document. The driver's event is the same for both, and its events of requests, which would
    tell them apart, are not asked for: it keeps the requests that it has told of. So whoever
    listens to the page notices its other documents by other means, but for those that have an
    address which no page can give itself.
    """

    def __init__(self, page: Page, gone: Callable[[str], None]) -> None:
        """Begin to watch.

        Args:
            page: The page.
            gone: Called with one of the sentences above, each time; it must not raise.
        """
        self._page = page
        self._browser = page.context.browser
        self._gone = gone
        self._closed: asyncio.Task[None] | None = None
        self._listeners: list[tuple[Any, str, Callable[..., None]]] = [
            (page, "crash", self._on_crash),
            (page, "close", self._on_close),
            (page, "framenavigated", self._on_navigated),
        ]
        if self._browser is not None:
            self._listeners.append((self._browser, "disconnected", self._on_disconnected))
        for source, name, listener in self._listeners:
            source.on(name, listener)
        self._pulse = asyncio.create_task(self._wait())

    async def close(self) -> None:
        """Watch no longer; a second time does nothing."""
        for source, name, listener in self._listeners:
            source.remove_listener(name, listener)
        self._listeners.clear()
        tasks = [task for task in (self._pulse, self._closed) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _wait(self) -> None:
        """Wait in the driver, which says that it ended too: no event does if it was killed."""
        from playwright.async_api import Error

        with contextlib.suppress(Error):
            while True:
                await self._page.wait_for_timeout(_LONGEST)
        if self._closed is None:
            # After a crash this is the second word.
            self._gone(ENDED)

    def _on_crash(self, _: Page) -> None:
        self._gone(CRASHED)

    def _on_disconnected(self, _: object) -> None:
        self._gone(ENDED)

    def _on_close(self, page: Page) -> None:
        # A browser that ends closes its pages first.
        if self._closed is None:
            self._closed = asyncio.create_task(self._say_closed(page))

    async def _say_closed(self, page: Page) -> None:
        from playwright.async_api import Error

        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await page.context.cookies("http://127.0.0.1/")
        there = self._browser is None or self._browser.is_connected()
        self._gone(CLOSED if there else ENDED)

    def _on_navigated(self, frame: Frame) -> None:
        if frame == self._page.main_frame and not frame.url.startswith(("http://", "https://")):
            self._gone(WENT)
