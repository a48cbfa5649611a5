"""The applet's page, and in it the frame that asks the API."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from plugway import Browser, UpstreamError, UpstreamInterrupted
from plugway_aistudio.capture.watching import WENT, Watch
from plugway_aistudio.page import address
from plugway_aistudio.page.dom import interrupted

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, Frame, Page

    from plugway import Clock

#: What the applet's page holds, so that its frame is known.
MARK = 'meta[name="plugway-relay"]'

#: What starts an applet, and what a person is asked before.
_STARTS = ("Launch", "Continue to the app", "Continue", "Agree")

#: Seconds between two looks for the applet's frame; milliseconds that a click may take.
_LOOK, _CLICK = 0.1, 2_000

#: Characters of the API's list of models at the most.
_LIST = 4 << 20

_SCRIPT = files("plugway_aistudio.relay").joinpath("relay.js").read_text(encoding="utf-8")

#: Called with what the frame tells; the frame goes on when it has returned.
Hear = Callable[[object], Awaitable[None]]


class Applet:
    """Opens the applet, and talks with its frame.

    Attributes:
        lost: Why it cannot be asked any more; empty: it can, as far as that is known.
    """

    def __init__(self, page: Page, clock: Clock, hear: Hear, gone: Callable[[str], None]) -> None:
        """Begin to watch a page that is still empty.

        Args:
            page: Nobody else uses it.
            clock: The gateway's.
            hear: Takes what the frame tells.
            gone: Called when the applet is lost, with a sentence that says why.
        """
        self.lost = ""
        self._page = page
        self._clock = clock
        self._hear = hear
        self._gone = gone
        self._frame: Frame | None = None
        self._looks: set[asyncio.Task[None]] = set()
        self._watch = Watch(page, self._on_gone)
        page.on("framedetached", self._on_detached)
        page.on("framenavigated", self._on_navigated)

    @classmethod
    async def beside(
        cls, window: BrowserContext, clock: Clock, hear: Hear, gone: Callable[[str], None]
    ) -> Applet:
        """Open an empty page for it in a profile's context.

        Args:
            window: The context, which has no other page.
            clock: As for the applet itself.
            hear: The same.
            gone: The same.
        """
        return cls(await window.new_page(), clock, hear, gone)

    async def open(self, base: str, path: str) -> None:
        """Lead the page to the applet, start it, and wait until its frame is there.

        Args:
            base: Scheme and host of AI Studio.
            path: The applet's.

        Raises:
            CredentialExpired: The page asks for a sign-in.
            UpstreamError: It cannot be had.
        """
        from playwright.async_api import Error

        try:
            # The page's other frames do not know what it is called.
            name = f"plugway{secrets.token_hex(8)}"
            await self._page.expose_binding(name, self._told)
            await self._visit(base, path)
            frame = self._frame = await self._found(base)
            await frame.evaluate(_SCRIPT, name)
        except Error as error:
            raise self._problem(error) from None

    @property
    def frame(self) -> Frame | None:
        """Return the frame that asks; None: it is not there yet, or no more."""
        return None if self.lost else self._frame

    async def start(self, number: int, path: str, body: str) -> None:
        """Have the frame send a request.

        Args:
            number: Its number.
            path: Model and method.
            body: JSON.

        Raises:
            UpstreamInterrupted: The applet is gone.
        """
        await self._do(
            "([id, path, body]) => plugwayRelay.start(id, path, body)", number, path, body
        )

    async def stop(self, number: int) -> None:
        """Have the frame abort a request, if it is still there.

        Args:
            number: Its number.
        """
        with suppress(UpstreamError):
            await self._do("([id]) => plugwayRelay.stop(id)", number)

    async def models(self) -> tuple[int, bytes]:
        """Return the API's list of models: its status, and its body where that is 200.

        Raises:
            UpstreamInterrupted: The applet is gone, or its request failed.
        """
        answer = await self._do("([most]) => plugwayRelay.models(most)", _LIST)
        return int(answer["status"]), str(answer["text"]).encode()

    async def close(self) -> None:
        """Watch no longer; the page ends with its context."""
        self._frame = None
        for task in list(self._looks):
            task.cancel()
        await asyncio.gather(*self._looks, return_exceptions=True)
        await self._watch.close()

    async def _do(self, script: str, *given: Any) -> Any:
        from playwright.async_api import Error

        frame = self.frame
        if frame is None:
            raise UpstreamInterrupted(
                self.lost or "The applet is gone.", acted=False, charged=False
            )
        try:
            return await frame.evaluate(script, list(given))
        except Error as error:
            raise self._problem(error) from None

    async def _visit(self, base: str, path: str) -> None:
        from playwright.async_api import Error

        answer = None
        try:
            answer = await self._page.goto(base + path, wait_until="commit", timeout=0)
        except Error as error:
            # One that is aborted goes on elsewhere by itself.
            if "ABORTED" not in str(error):
                raise
        elsewhere = address.meaning(self._page.url, base)
        if elsewhere is None and answer is not None:
            elsewhere = address.of_status(answer.status)
        if elsewhere is not None:
            raise elsewhere

    async def _found(self, base: str) -> Frame:
        """Wait for the applet's frame, and start the applet where that takes a click."""
        from playwright.async_api import Error

        page = self._page
        while not self.lost:
            # Frames come and go while the page begins, and buttons while they are clicked.
            with suppress(Error):
                for frame in page.frames:
                    if await frame.locator(MARK).count():
                        return frame
                for name in _STARTS:
                    button = page.get_by_role("button", name=name, exact=True).first
                    if await button.count() and await button.is_enabled():
                        await button.click(timeout=_CLICK)
                        break
            if (elsewhere := address.meaning(page.url, base)) is not None:
                raise elsewhere
            await self._clock.sleep(_LOOK)
        raise UpstreamInterrupted(self.lost, acted=False, charged=False)

    def _problem(self, error: Exception) -> UpstreamError:
        found = Browser.problem(error)
        if isinstance(found, UpstreamError):
            return found
        failed = interrupted(self._page, error)
        self._lose(failed.message)
        return failed

    def _lose(self, why: str) -> None:
        if not self.lost:
            self.lost = why
            self._gone(why)

    async def _told(self, source: Mapping[str, Any], told: object) -> None:
        if source["frame"] == self._frame:
            await self._hear(told)

    def _on_gone(self, why: str) -> None:
        # On its way to the applet a page goes elsewhere all the time.
        if self._frame is not None or why != WENT:
            self._lose(why)

    def _on_detached(self, frame: Frame) -> None:
        if frame == self._frame:
            self._lose("The applet was closed.")

    def _on_navigated(self, frame: Frame) -> None:
        if frame == self._frame:
            task = asyncio.create_task(self._look(frame))
            self._looks.add(task)
            task.add_done_callback(self._looks.discard)

    async def _look(self, frame: Frame) -> None:
        """See whether the frame only changed its address, or is another document now."""
        from playwright.async_api import Error

        there = False
        with suppress(Error):
            there = await frame.evaluate("() => typeof plugwayRelay === 'object'")
        if not there:
            self._lose("The applet went elsewhere.")
