"""Streams of this dialect: events, or the pieces of one JSON array."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import msgspec

from plugway.chat.dialects.gemini import errors
from plugway.chat.dialects.gemini.answer import blocked, candidate, ending, parts_of, usage
from plugway.chat.dialects.gemini.wire import Candidate, GenerateContentResponse, Part
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
from plugway.errors import PlugwayError, SafetyBlocked

if TYPE_CHECKING:
    from plugway.chat.encoder import Heading
    from plugway.chat.tally import Tally

#: How pieces are put together: as events, or as the elements of an array.
Form = Literal["sse", "json"]


class GeminiEncoder:
    """Writes one answer; every piece is a whole `GenerateContentResponse`.

    Attributes:
        content_type: Of the stream.
        keepalive: Events without a line, or space in an array. Google's clients take any
            line that is not data for a broken answer, comments too.
    """

    def __init__(self, form: Form, *, thoughts: bool) -> None:
        """Prepare.

        Args:
            form: How pieces are put together.
            thoughts: The client wants to see the reasoning.
        """
        self.content_type = content_type(form)
        self.keepalive = b"\r\n\r\n" if form == "sse" else b"\r\n"
        self._form = form
        self._thoughts = thoughts
        self._first = True
        self._said = False
        self._texts: list[str] = []
        self._citations: list[Citation] = []
        self._stated: TokenCount | None = None
        self._heading: Heading

    def begin(self, heading: Heading) -> bytes:
        """Return what comes before the first piece."""
        self._heading = heading
        return b"" if self._form == "sse" else b"["

    def event(self, event: ChatEvent) -> bytes:
        """Return a piece; empty: the event does not show, or at the end."""
        match event:
            case TextDelta(text):
                self._texts.append(text)
            case Citation():
                self._citations.append(event)
                return b""
            case TokenCount():
                self._stated = event
                return b""
            case ThoughtDelta() | Media() | ToolCall():
                pass
            case _:
                return b""
        parts = parts_of(event, thoughts=self._thoughts)
        if not parts:
            return b""
        self._said = True
        return self._piece(candidate(parts), self._stated)

    def end(self, tally: Tally) -> bytes:
        """Return the last piece, with the reason, the sources and all tokens."""
        # Clients take an answer for broken whose last piece has no part at all.
        empty = (Part(text=""),)
        last = ending(tally.finish or Finish(), empty, self._citations, "".join(self._texts))
        return self._piece(last, tally.tokens) + self._close()

    def fail(self, error: PlugwayError, request_id: str) -> bytes:
        """Return the error, as an element of its own; Google's clients raise it."""
        if isinstance(error, SafetyBlocked):
            return self._stopped(error) + self._close()
        return self._framed(errors.content(error, request_id)) + self._close()

    def _stopped(self, error: SafetyBlocked) -> bytes:
        if self._said:
            return self._piece(Candidate(finish_reason="SAFETY", index=0), self._stated)
        heading = self._heading
        return self._framed(blocked(error.message, heading.model.id, heading.id))

    def _piece(self, piece: Candidate, tokens: TokenCount | None) -> bytes:
        return self._framed(
            GenerateContentResponse(
                candidates=(piece,),
                usage_metadata=None if tokens is None else usage(tokens),
                model_version=self._heading.model.id,
                response_id=self._heading.id,
            )
        )

    def _framed(self, piece: Any) -> bytes:
        data = msgspec.json.encode(piece)
        if self._form == "sse":
            return b"data: %b\r\n\r\n" % data
        if self._first:
            self._first = False
            return data
        return b",\r\n" + data

    def _close(self) -> bytes:
        return b"" if self._form == "sse" else b"]"


def content_type(form: Form) -> str:
    """Return the type of a stream.

    Args:
        form: How its pieces are put together.
    """
    return "text/event-stream" if form == "sse" else "application/json; charset=UTF-8"


def only(form: Form, answer: GenerateContentResponse) -> bytes:
    """Return a stream of one piece.

    Args:
        form: How pieces are put together.
        answer: The piece.
    """
    data = msgspec.json.encode(answer)
    return b"data: %b\r\n\r\n" % data if form == "sse" else b"[%b]" % data
