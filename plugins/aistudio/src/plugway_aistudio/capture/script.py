"""Answers read by a script in the page, for engines without Chromium's protocol."""

from __future__ import annotations

import base64
import logging
import secrets
from collections.abc import Awaitable, Callable
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from plugway_aistudio.capture.arriving import Arriving
from plugway_aistudio.capture.capture import ANSWERS, MODELS, Capture, Exchange
from plugway_aistudio.capture.expecting import LOST, NETWORK, STOPPED, Expecting
from plugway_aistudio.capture.models import LISTS, Models, give

if TYPE_CHECKING:
    from playwright.async_api import Page

    from plugway import Clock

log = logging.getLogger(__name__)


class _Word(msgspec.Struct, frozen=True, array_like=True):
    """Is one thing that the script tells.

    Attributes:
        id: Of the request, or of the document; unique.
        order: 1, 2, … for each request.
        kind: What happened.
        value: The status, the text, the bytes in base64; of a request that was sent: what for.
    """

    id: str
    order: int
    kind: str
    value: int | str | None


class ScriptCapture(Capture):
    """Reads with a wrapper of `XMLHttpRequest` and `fetch` (reference: "Playwright facts").

    The body is what the page's own text is made of: a request whose page wants its bytes is given
    when it is whole, any other as it comes, in UTF-8.
    """

    def __init__(self, page: Page, clock: Clock, models: Models) -> None:
        """Prepare; `listening` makes one.

        Args:
            page: The page.
            clock: Tells when an answer was heard of.
            models: Called with the body of each list of models.
        """
        self._clock = clock
        self._models = models
        self._expecting = Expecting(page, clock)
        self._undo: list[Callable[[], Awaitable[None]]] = []
        self._reading: _Reading | None = None
        #: Lists of models that are under way, by the ids of their requests.
        self._lists: dict[str, _Reading] = {}

    @classmethod
    async def listening(cls, page: Page, clock: Clock, models: Models) -> ScriptCapture:
        """Listen to a page.

        Args:
            page: The page; its next document is the first that is heard.
            clock: Tells when an answer was heard of.
            models: Called with the body of each list of models.
        """
        capture = cls(page, clock, models)
        name = f"plugway{secrets.token_hex(8)}"
        script = files(__package__).joinpath("wrapper.js").read_text("utf-8")
        try:
            bound = await page.expose_binding(name, capture._on_word)
            capture._undo.append(bound.close)
            wrapped = await page.add_init_script(
                script.replace("BINDING", name)
                .replace("ANSWERS_END", ANSWERS)
                .replace("MODELS_END", MODELS)
            )
            capture._undo.append(wrapped.close)
        except BaseException:
            await capture.close()
            raise
        return capture

    @property
    def ended(self) -> bool:
        return self._expecting.dead

    def expect(self) -> Exchange:
        self._reading = None
        return self._expecting.renew()

    async def close(self) -> None:
        self._reading = None
        self._lists.clear()
        await self._expecting.close()
        while self._undo:
            await self._expecting.undone(self._undo.pop())

    def _on_word(self, _: object, told: Any) -> None:
        try:
            word = msgspec.convert(told, _Word)
            self._take(word)
        except ValueError:  # msgspec's and base64's; the page could call this itself
            log.warning("a page told what is no word of an answer")

    def _take(self, word: _Word) -> None:
        if word.kind == "document":
            self._lists.clear()
            self._expecting.went()
        elif word.kind == "sent" and word.value == "models":
            self._lists[word.id] = _Reading(word.id, Arriving(self._clock))
            if len(self._lists) > LISTS:
                self._lists.pop(next(iter(self._lists)))
        elif word.kind == "sent" and (exchange := self._expecting.waiting) is not None:
            self._reading = _Reading(word.id, exchange)
        if self._reading is not None and self._reading.id == word.id:
            self._reading.take(word)
        elif (listing := self._lists.get(word.id)) is not None:
            listing.take(word)
            if listing.exchange.ended:
                del self._lists[word.id]
                if (body := listing.exchange.body()) is not None:
                    give(self._models, body)


class _Reading:
    """Puts one answer together from what the script tells of it, in the order of the script."""

    def __init__(self, request: str, exchange: Arriving) -> None:
        self.id = request
        self.exchange = exchange
        self._next = 1
        self._later: dict[int, _Word] = {}

    def take(self, word: _Word) -> None:
        self._later[word.order] = word
        while (word_due := self._later.pop(self._next, None)) is not None:
            self._next += 1
            self._tell(word_due)

    def _tell(self, word: _Word) -> None:
        match word.kind, word.value:
            case "sent", _:
                self.exchange.asked()
            case "status", int(status):
                self.exchange.answered(status)
            case "text", str(text):
                self.exchange.came(text.encode())
            case "bytes", str(data):
                self.exchange.came(base64.b64decode(data))
            case "whole", _:
                self.exchange.whole()
            case "stopped", _:
                self.exchange.cut(STOPPED)
            case "network", _:
                self.exchange.cut(f"{NETWORK}.")
            case _:
                self.exchange.unreadable(LOST)
