"""An answer as it comes, in the official API's chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from plugway.chat.dialects.openai.answer import (
    annotation_of,
    call_of,
    name_of,
    reason_of,
    tokens_of,
)
from plugway.chat.dialects.openai.errors import described
from plugway.chat.dialects.openai.markdown import Markdown
from plugway.contract import (
    ChatEvent,
    Citation,
    Finish,
    Media,
    Progress,
    TextDelta,
    ThoughtDelta,
    ToolCall,
)

if TYPE_CHECKING:
    from plugway.chat.encoder import Heading
    from plugway.chat.tally import Tally
    from plugway.errors import PlugwayError

_END = b"}\n\n"
_encode = msgspec.json.encode


class ChunkEncoder:
    """Writes one answer as server-sent events.

    Attributes:
        content_type: Of the whole stream.
        keepalive: Sent in silence; a comment that clients pass over.
    """

    content_type = "text/event-stream; charset=utf-8"
    keepalive = b": keep-alive\n\n"

    def __init__(self, *, usage: bool, players: bool = False) -> None:
        """Prepare.

        Args:
            usage: The client wants to know what was used, in a chunk of its own.
            players: Videos are HTML that plays them.
        """
        self._usage = usage
        self._page = Markdown(players=players)
        self._calls = 0
        #: What all chunks begin with.
        self._stem = b""

    def begin(self, heading: Heading) -> bytes:
        """Return the first chunk, which says who speaks.

        Args:
            heading: Names the answer.
        """
        stem = {
            "id": name_of(heading),
            "object": "chat.completion.chunk",
            "created": heading.created,
            "model": heading.model.id,
            "system_fingerprint": None,
        }
        self._stem = b"data: " + _encode(stem)[:-1] + b',"choices":['
        return self._chunk({"role": "assistant", "content": "", "refusal": None})

    def event(self, event: ChatEvent) -> bytes:
        """Return an event's chunk; empty: the official API has none for it, or not yet.

        Args:
            event: What came.
        """
        match event:
            case TextDelta(text):
                return self._chunk({"content": self._page.text(text)}) if text else b""
            case ThoughtDelta(text=text):
                return self._chunk({"reasoning_content": text}) if text else b""
            case Progress(text=text):
                return self._chunk({"reasoning_content": f"{text}\n"}) if text else b""
            case Media():
                return self._chunk({"content": self._page.media(event)})
            case ToolCall():
                called = call_of(event, self._calls)
                self._calls += 1
                return self._chunk({"tool_calls": [called]})
            case Citation():
                return self._chunk({"annotations": [annotation_of(event, self._page)]})
            case _:
                return b""

    def end(self, tally: Tally) -> bytes:
        """Return why it ended, what it used if the client wants to know, and the end mark.

        Args:
            tally: What was used.
        """
        last = self._chunk({}, reason_of(tally.finish or Finish(), self._calls > 0))
        if self._usage:
            used = tokens_of(tally.tokens, estimated=tally.estimated)
            last += self._stem + b'],"usage":' + _encode(used) + _END
        return last + b"data: [DONE]\n\n"

    def fail(self, error: PlugwayError, request_id: str) -> bytes:
        """Return an error, which the official packages raise as `APIError`; no end mark comes.

        Args:
            error: Why the answer broke off.
            request_id: Clients have it from the header.
        """
        return b"data: " + _encode({"error": described(error)}) + b"\n\n"

    def _chunk(self, delta: dict[str, Any], reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        usage = b'],"usage":null' if self._usage else b"]"
        return self._stem + _encode(choice) + usage + _END
