"""A question, entered and sent on an open page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from plugway_aistudio.page.attachments import Attachments
from plugway_aistudio.page.chat import Chat
from plugway_aistudio.page.functions_dialog import FunctionsDialog
from plugway_aistudio.page.parameters import Parameters
from plugway_aistudio.page.run import Run, StuckRun
from plugway_aistudio.page.system_text import SystemText
from plugway_aistudio.page.wanted import Usual, Wanted

if TYPE_CHECKING:
    from plugway_aistudio.capture import Capture, Exchange
    from plugway_aistudio.page.window import Window
    from plugway_aistudio.question import Question

#: How often a question is entered whose Run button stays disabled; the page is loaded anew
#: between (reference: "User pain points", 9 and 21).
_ENTERED = 3

#: What is known of a model's own numbers, by its id.
Numbers = Callable[[str], Mapping[str, float]]


class Asking:
    """Asks on one page, always in a new chat."""

    def __init__(
        self,
        window: Window,
        base: str,
        *,
        temporary: bool,
        titles: Mapping[str, str],
        usual: dict[str, Usual],
    ) -> None:
        """Take the page.

        Args:
            window: It shows AI Studio.
            base: Scheme and host of AI Studio.
            temporary: Chats are temporary.
            titles: How the page calls models, by id.
            usual: What models have by themselves, as far as that was seen; it grows.
        """
        dom = window.dom
        self.chat = Chat(dom, base, window.visit, titles)
        self.run = Run(dom)
        self._temporary = temporary
        self._usual = usual
        self._parameters = Parameters(dom)
        self._system = SystemText(dom)
        self._functions = FunctionsDialog(dom)
        self._attachments = Attachments(dom)

    async def ask(self, question: Question, capture: Capture) -> Exchange:
        """Enter a question and send it.

        Args:
            question: The question.
            capture: Listens to the page.

        Returns:
            The request that the page has sent.

        Raises:
            PlugwayError: As `Driver.submit` raises.
        """
        for left in reversed(range(_ENTERED)):
            try:
                await self._enter(question)
                break
            except StuckRun:
                if not left:
                    raise
                self.chat.forget()
        exchange = capture.expect()
        self.chat.fresh = False
        await self.run.send(exchange, question.model)
        return exchange

    async def _enter(self, question: Question) -> None:
        chat, parameters = self.chat, self._parameters
        if await chat.begin(question.model, temporary=self._temporary):
            self._system.forget()
            self._functions.forget()
        # From here on something may be left over.
        chat.fresh = False
        seen = await parameters.look()
        if question.model not in self._usual:
            self._usual[question.model] = Usual.read(seen, {})
        wanted = Wanted.read(question, self._usual[question.model])
        if not question.functions:
            self._functions.forget()
        seen = await parameters.set(wanted, seen)
        await parameters.set_level(wanted.level, seen["thinking_level"])
        await parameters.set_stop(wanted.stop, seen)
        if question.functions:
            await self._functions.enter(question.functions)
        await self._system.enter(question.system)
        await self._attachments.add(question.files)
        await self.run.prompt(question.text)
