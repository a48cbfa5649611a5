"""Which answer of a page is expected, however the page is listened to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from plugway_aistudio.capture.arriving import Arriving
from plugway_aistudio.capture.watching import PATIENCE, WENT, Watch

if TYPE_CHECKING:
    from playwright.async_api import Page

    from plugway import Clock

ANOTHER = "Another answer is expected of the page."
DEAF = "The page is not listened to any more."

#: What is said of a request, whichever way it is seen.
STOPPED = "The page stopped the answer."
NETWORK = "The browser's network failed"
LOST = "The browser did not give the whole answer."


class Expecting:
    """Holds the one answer that is expected, and cuts it when its page is not the same.

    Attributes:
        exchange: The answer; None: none is expected yet.
    """

    def __init__(self, page: Page, clock: Clock) -> None:
        """Begin to watch the page.

        Args:
            page: The page.
            clock: Tells when an answer was heard of.
        """
        self.exchange: Arriving | None = None
        self._clock = clock
        self._dead = ""
        self._watch = Watch(page, self._gone)

    @property
    def waiting(self) -> Arriving | None:
        """Return the answer if it may still be asked for."""
        if self.exchange is None or self.exchange.ended or self.exchange.asked_for:
            return None
        return self.exchange

    @property
    def dead(self) -> bool:
        """Return whether nothing will be heard of the page any more."""
        return bool(self._dead)

    def went(self) -> None:
        """Note that the page shows another document."""
        self._gone(WENT)

    def renew(self) -> Arriving:
        """Expect another answer; the earlier one is cut."""
        if self.exchange is not None:
            self.exchange.cut(ANOTHER)
        self.exchange = Arriving(self._clock)
        if self._dead:
            # Nothing will ever be heard of this page.
            self.exchange.cut(self._dead)
        return self.exchange

    async def close(self) -> None:
        """Expect nothing more; a second time does nothing."""
        self._gone(DEAF)
        await self._watch.close()

    async def undone(self, undo: Callable[[], Awaitable[None]]) -> None:
        """Take back what the page was given to listen by; what is gone with it is left.

        Args:
            undo: Asks the browser.
        """
        from playwright.async_api import Error

        if self._dead not in ("", DEAF):
            # Of a page that has crashed the browser gives no answer at all.
            return
        with contextlib.suppress(Error, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await undo()

    def _gone(self, why: str) -> None:
        if why != WENT:
            # The first word is the right one: whatever comes after is of its making.
            self._dead = why = self._dead or why
        if self.exchange is not None:
            self.exchange.cut(why)
