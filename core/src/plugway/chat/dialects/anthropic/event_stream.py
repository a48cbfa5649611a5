"""An answer as it comes, in the events of Anthropic's API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.chat.dialects.anthropic.answer import (
    Answer,
    SaidBlock,
    SaidText,
    SaidThinking,
    SaidToolUse,
    UsedTokens,
    arguments,
    location,
    media_text,
    message_id,
    sourced,
    stopped,
    used,
)
from plugway.chat.dialects.anthropic.errors import official
from plugway.contract import (
    ChatEvent,
    Citation,
    Finish,
    Media,
    TextDelta,
    ThoughtDelta,
    ToolCall,
)

if TYPE_CHECKING:
    from plugway.chat.dialects.anthropic.asked import Shown
    from plugway.chat.encoder import Heading
    from plugway.chat.tally import Tally
    from plugway.errors import PlugwayError


class EventStream:
    """Writes one answer: a message of blocks, each of which begins, grows and ends.

    Put together again, they are the answer that a client gets in one piece.

    Attributes:
        content_type: Of the whole stream.
        keepalive: Sent in silence.
    """

    content_type = "text/event-stream; charset=utf-8"
    keepalive = b'event: ping\ndata: {"type":"ping"}\n\n'

    def __init__(self, shown: Shown, input_tokens: int) -> None:
        """Begin.

        Args:
            shown: What is shown of the model's reasoning.
            input_tokens: Tokens of the request, about; the end tells how many there were.
        """
        self._shown = shown
        self._input_tokens = input_tokens
        self._index = 0
        #: What is being said, shown or not.
        self._kind: type[TextDelta | ThoughtDelta] | None = None
        #: A block has begun, and can grow.
        self._open = False
        self._signature: str | None = None
        #: Sources for which there is no text yet.
        self._waiting: list[Citation] = []
        self._called = False

    def begin(self, heading: Heading) -> bytes:
        """Return the message without content."""
        message = Answer(
            id=message_id(heading.id),
            model=heading.model.id,
            usage=UsedTokens(input_tokens=self._input_tokens, output_tokens=0),
        )
        return _event("message_start", {"message": message})

    def event(self, event: ChatEvent) -> bytes:
        """Return an event's bytes; empty: it does not show, or not yet.

        Raises:
            UnreadableAnswer: The model asks for a function in a way that is not understood.
        """
        match event:
            case TextDelta(text):
                return self._text(text)
            case ThoughtDelta(text, signature):
                return self._thought(text, signature)
            case Media():
                text = media_text(event)
                return self._close() + self._whole(SaidText(""), _text_delta(text))
            case ToolCall():
                self._called = True
                json = msgspec.json.encode(arguments(event)).decode()
                delta = {"type": "input_json_delta", "partial_json": json}
                return self._close() + self._whole(SaidToolUse(event.id, event.name, {}), delta)
            case Citation():
                if self._open and self._kind is TextDelta:
                    return self._delta(_citation_delta(event))
                self._waiting.append(event)
        return b""

    def end(self, tally: Tally) -> bytes:
        """Return the end of the message."""
        out = self._close()
        for citation in self._waiting:
            text = sourced(citation).text
            out += self._whole(SaidText(""), _text_delta(text), _citation_delta(citation))
        finish = tally.finish or Finish()
        reason, details = stopped(finish, called=self._called)
        delta = {"stop_reason": reason, "stop_sequence": finish.stop, "stop_details": details}
        out += _event("message_delta", {"delta": delta, "usage": used(tally.tokens)})
        return out + _event("message_stop", {})

    def fail(self, error: PlugwayError, request_id: str) -> bytes:
        """Return the error; the official package raises it as `APIStatusError`."""
        body = official(error, request_id).content
        return _event(body.pop("type"), body)

    def _text(self, text: str) -> bytes:
        out = self._turn_to(TextDelta)
        if not text:
            return out
        if not self._open:
            out += self._start(SaidText(""))
            out += b"".join([self._delta(_citation_delta(citation)) for citation in self._waiting])
            self._waiting.clear()
        return out + self._delta(_text_delta(text))

    def _thought(self, text: str, signature: str | None) -> bytes:
        out = self._turn_to(ThoughtDelta)
        if signature is not None:
            self._signature = signature
        shown = self._shown == "thinking"
        if not self._open and (
            (shown and (text or self._signature))
            or (self._shown == "signatures" and self._signature)
        ):
            out += self._start(SaidThinking(""))
        if shown and text:
            out += self._delta({"type": "thinking_delta", "thinking": text})
        return out

    def _turn_to(self, kind: type[TextDelta | ThoughtDelta]) -> bytes:
        """End what was said if it is of another kind."""
        if self._kind is kind:
            return b""
        out = self._close()
        self._kind = kind
        return out

    def _close(self) -> bytes:
        out = b""
        if self._open:
            if self._signature:
                # The official API gives it when the reasoning is whole.
                out += self._delta({"type": "signature_delta", "signature": self._signature})
            out += self._stop()
        self._kind, self._open, self._signature = None, False, None
        return out

    def _whole(self, block: SaidBlock, *deltas: Mapping[str, Any]) -> bytes:
        return self._start(block) + b"".join(map(self._delta, deltas)) + self._stop()

    def _start(self, block: SaidBlock) -> bytes:
        self._open = True
        return _event("content_block_start", {"index": self._index, "content_block": block})

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return _event("content_block_delta", {"index": self._index, "delta": delta})

    def _stop(self) -> bytes:
        stop = _event("content_block_stop", {"index": self._index})
        self._index += 1
        self._open = False
        return stop


def _text_delta(text: str) -> dict[str, Any]:
    return {"type": "text_delta", "text": text}


def _citation_delta(citation: Citation) -> dict[str, Any]:
    return {"type": "citations_delta", "citation": location(citation)}


def _event(name: str, data: Mapping[str, Any]) -> bytes:
    body = msgspec.json.encode({"type": name, **data})
    return b"event: %s\ndata: %s\n\n" % (name.encode(), body)
