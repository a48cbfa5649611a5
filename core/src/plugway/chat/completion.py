"""A whole answer, for clients that do not want it piece by piece."""

from __future__ import annotations

import msgspec

from plugway.chat.encoder import Heading
from plugway.contract import (
    ChatEvent,
    Citation,
    Finish,
    Media,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
)

#: Text, reasoning, media and requests for functions, in the order they came.
AnswerPart = TextDelta | ThoughtDelta | Media | ToolCall


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """Is a whole answer.

    Attributes:
        heading: Names it.
        parts: What was said; neighbours of a kind are one.
        citations: Sources.
        cited: For each of them, how many parts were complete when it came.
        finish: Why it ended.
        tokens: What it used.
        estimated: The gateway counted the tokens.
        headers: To be sent with it.
        call_id: The call or task that it came from.
    """

    heading: Heading
    parts: tuple[AnswerPart, ...]
    citations: tuple[Citation, ...]
    cited: tuple[int, ...] = ()
    finish: Finish
    tokens: TokenCount
    estimated: bool
    headers: dict[str, str]
    call_id: str = ""

    @property
    def text(self) -> str:
        """Return all its text."""
        return "".join([part.text for part in self.parts if isinstance(part, TextDelta)])

    @property
    def thoughts(self) -> str:
        """Return all its reasoning."""
        return "".join([part.text for part in self.parts if isinstance(part, ThoughtDelta)])

    @property
    def media(self) -> tuple[Media, ...]:
        """Return its images and videos."""
        return tuple([part for part in self.parts if isinstance(part, Media)])

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """Return the functions that it asks for."""
        return tuple([part for part in self.parts if isinstance(part, ToolCall)])


class Collected:
    """Puts an answer together from what comes.

    Attributes:
        parts: What was said so far.
        citations: Sources so far.
        cited: For each of them, how many parts were complete when it came.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget everything: it was of a try that failed."""
        self._pieces: list[str] = []
        self._signature: str | None = None
        self._kind: type[TextDelta | ThoughtDelta] | None = None
        self._parts: list[AnswerPart] = []
        self.citations: list[Citation] = []
        self.cited: list[int] = []

    def note(self, event: ChatEvent) -> None:
        """Add one event.

        Args:
            event: What came.
        """
        if isinstance(event, TextDelta | ThoughtDelta):
            if self._kind is not type(event):
                self._close()
                self._kind = type(event)
            self._pieces.append(event.text)
            if isinstance(event, ThoughtDelta) and event.signature is not None:
                self._signature = event.signature
        elif isinstance(event, Media | ToolCall):
            self._close()
            self._parts.append(event)
        elif isinstance(event, Citation):
            self.citations.append(event)
            self.cited.append(len(self._parts))

    def parts(self) -> tuple[AnswerPart, ...]:
        """Return what was said."""
        self._close()
        return tuple(self._parts)

    def _close(self) -> None:
        text = "".join(self._pieces)
        if self._kind is ThoughtDelta and (text or self._signature):
            self._parts.append(ThoughtDelta(text, self._signature))
        elif self._kind is TextDelta and text:
            self._parts.append(TextDelta(text))
        self._pieces, self._kind, self._signature = [], None, None
