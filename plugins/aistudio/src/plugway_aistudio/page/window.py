"""One page of a profile: opened in its context, listened to, and led to addresses."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

from plugway import Browser, UpstreamError
from plugway_aistudio.capture import Capture, listen
from plugway_aistudio.page import address
from plugway_aistudio.page.dom import Dom, interrupted
from plugway_aistudio.page.seen import Condition
from plugway_aistudio.page.selectors import Selectors

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Dialog, Page

    from plugway import Clock

#: Seconds until a page that has been loaded shows where to write, and until one is taken for
#: another page that never will.
_READY, _ASTRAY = 30.0, 3.0


class Window:
    """Is a page with what listens to it."""

    def __init__(self, page: Page, capture: Capture, dom: Dom, base: str) -> None:
        """Take them; `opened` makes one.

        Args:
            page: The page.
            capture: Listens to it.
            dom: Its parts.
            base: Scheme and host of AI Studio.
        """
        self.page = page
        self.capture = capture
        self.dom = dom
        self._base = base
        self._answers: set[asyncio.Task[None]] = set()
        self._crashed = False
        page.on("dialog", self._accept)
        page.on("crash", self._on_crash)

    @classmethod
    async def opened(
        cls,
        context: BrowserContext,
        *,
        base: str,
        selectors: Selectors,
        capture: Literal["auto", "cdp", "script"],
        clock: Clock,
        models: Callable[[bytes], None],
    ) -> Window:
        """Open a page, and listen to it before it goes anywhere.

        Args:
            context: The profile's.
            base: Scheme and host of AI Studio.
            selectors: The page's parts.
            capture: How it is listened to.
            clock: The gateway's.
            models: Called with the body of each list of models.

        Raises:
            Unavailable: The browser has ended.
        """
        from playwright.async_api import Error

        try:
            page = await context.new_page()
            try:
                listening = await listen(page, kind=capture, clock=clock, models=models)
            except BaseException:
                await page.close()
                raise
        except Error as error:
            raise Browser.problem(error) from None
        return cls(page, listening, Dom(page, selectors, clock), base)

    @property
    def alive(self) -> bool:
        """Return whether the page is there, as far as that is known."""
        browser = self.page.context.browser
        return not (
            self._crashed
            or self.capture.ended
            or self.page.is_closed()
            or (browser is not None and not browser.is_connected())
        )

    async def visit(self, url: str) -> None:
        """Lead the page to an address of AI Studio, and wait until one can write there.

        Args:
            url: The address.

        Raises:
            CredentialExpired: It ends up where people sign in.
            ChallengeRequired: The upstream wants a person.
            CredentialRestricted: The account may not use it.
            UpstreamUnreachable: The network does not let it.
            UnreadableAnswer: The page is not the one that is known.
            UpstreamInterrupted: The page was closed or crashed.
        """
        from playwright.async_api import Error

        try:
            answer = await self.page.goto(url, wait_until="commit", timeout=0)
        except Error as error:
            if not self.alive:
                raise interrupted(self.page, error) from None
            found = Browser.problem(error)
            if isinstance(found, UpstreamError) and "ABORTED" not in found.message:
                raise found from None
            # The page goes on elsewhere by itself.
            answer = None
        elsewhere = address.meaning(self.page.url, self._base)
        if elsewhere is None and answer is not None:
            elsewhere = address.of_status(answer.status)
        if elsewhere is not None:
            raise elsewhere
        await self._ready()

    async def close(self) -> None:
        """Close the page; a second time does nothing."""
        from playwright.async_api import Error

        for task in list(self._answers):
            task.cancel()
        await asyncio.gather(*self._answers, return_exceptions=True)
        await self.capture.close()
        with contextlib.suppress(Error):
            await self.page.close()

    async def _ready(self) -> None:
        """Wait for the prompt, and notice a page that leads elsewhere by script."""
        there = [Condition("prompt")]
        start = self.dom.clock.monotonic()
        while True:
            view = await self.dom.do(until=[there])
            elsewhere = address.meaning(view.url, self._base)
            if elsewhere is not None:
                raise elsewhere
            if view.met == 0:
                return
            passed = self.dom.clock.monotonic() - start
            if passed >= _ASTRAY and (elsewhere := address.astray(view.url)) is not None:
                raise elsewhere
            if passed >= _READY:
                raise self.dom.missing("prompt")

    def _on_crash(self, _: Page) -> None:
        self._crashed = True

    def _accept(self, dialog: Dialog) -> None:
        """Agree when the browser asks whether to leave a chat; else the page would stay."""
        task = asyncio.create_task(_accepted(dialog))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)


async def _accepted(dialog: Dialog) -> None:
    from playwright.async_api import Error

    with contextlib.suppress(Error):
        await dialog.accept()
