"""The Run button: waited for, clicked until the page has sent its request, and clicked to stop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from plugway import UnreadableAnswer
from plugway_aistudio.page.dom import Dom
from plugway_aistudio.page.notices import PARTS, meaning
from plugway_aistudio.page.patience import within
from plugway_aistudio.page.seen import Condition, Step

if TYPE_CHECKING:
    from plugway_aistudio.capture import Exchange

#: Seconds until the button takes a click, until a click has its effect, and until the stop
#: button has gone.
_ENABLED, _EFFECT, _STOPPED = 5.0, 2.0, 5.0


class StuckRun(UnreadableAnswer):
    """The page's Run button stays disabled, though a prompt is entered.

    It has been seen to stay so for good until the page is loaded anew (reference: "User pain
    points", 9 and 21).
    """


class Run:
    """Sends what is entered."""

    def __init__(self, dom: Dom) -> None:
        """Take the page.

        Args:
            dom: Its parts.
        """
        self._dom = dom

    async def prompt(self, text: str) -> None:
        """Enter a prompt, and wait until it can be sent.

        Args:
            text: Not empty, of any length.

        Raises:
            StuckRun: It cannot be sent.
            UnreadableAnswer: The page has no prompt or no button, or does not keep the prompt.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        ready = [Condition("run", "enabled")]
        view = await self._dom.do(
            Step(does="set", name="prompt", value=text), until=[ready], look=["prompt", "run"]
        )
        if view["prompt"] is None:
            raise self._dom.missing("prompt")
        if view.met < 0:
            view = await self._dom.wait(ready, seconds=_ENABLED, look=["prompt", "run"])
        if view["run"] is None:
            raise self._dom.missing("run")
        if view.met < 0:
            raise StuckRun(acted=False)
        if view["prompt"] is None or view["prompt"].length != len(text.encode("utf-16-le")) // 2:
            raise UnreadableAnswer("The page does not keep the prompt.", acted=False)

    async def send(self, exchange: Exchange, model: str) -> None:
        """Click until the page has sent its request.

        A button that has worked turns into the one that stops, so nothing is clicked again while
        the page shows that it has taken the prompt.

        Args:
            exchange: The request that is expected.
            model: The one that is asked.

        Raises:
            QuotaExhausted: The page says so.
            UpstreamError: The page says that it cannot.
            UnreadableAnswer: Nothing makes the page send it.
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        ways: tuple[Callable[[], Awaitable[bool]], ...] = (
            lambda: self._dom.press("run"),
            self._by_script,
            lambda: self._by_key("ControlOrMeta+Enter"),
            lambda: self._by_key("Enter"),
        )
        for way in ways:
            if await way() and await self._went(exchange, model):
                return
        raise UnreadableAnswer("The page sends nothing, though Run was clicked.", acted=False)

    async def stop(self) -> None:
        """Stop the answer that comes, if one does.

        Raises:
            UpstreamInterrupted: The page went elsewhere, was closed or crashed.
        """
        gone = [Condition("stop", "gone")]
        await self._dom.do(Step(does="click", name="stop"), until=[gone], millis=500)

    async def _by_script(self) -> bool:
        return all((await self._dom.do(Step(does="click", name="run"))).steps)

    async def _by_key(self, keys: str) -> bool:
        await self._dom.do(Step(does="select", name="prompt"))
        await self._dom.type(keys)
        return True

    async def _went(self, exchange: Exchange, model: str) -> bool:
        """Wait until the request is sent, and on while the page works on it."""
        while True:
            with contextlib.suppress(TimeoutError):
                await within(exchange.sent(), _EFFECT, self._dom.clock)
                return True
            seen = await self._dom.look("prompt", "stop", "agree", *PARTS)
            if (
                error := meaning(seen, model=model, now=self._dom.clock.now() / 1_000_000)
            ) is not None:
                raise error
            if seen["agree"] is not None:
                await self._dom.do(
                    Step(does="click", name="agree"), until=[[Condition("agree", "gone")]]
                )
                continue
            prompt = seen["prompt"]
            if seen["stop"] is None and prompt is not None and prompt.length:
                return False
            await asyncio.sleep(0)
