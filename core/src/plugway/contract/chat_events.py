"""What a model answers, piece by piece, as it comes."""

from __future__ import annotations

from typing import Literal

import msgspec

from plugway.contract.conversation import Media, ToolCall

FinishReason = Literal["stop", "length", "tool_calls", "safety", "recitation"]


class TextDelta(msgspec.Struct, frozen=True):
    """Is the next piece of the answer's text.

    Attributes:
        text: Not empty.
    """

    text: str


class ThoughtDelta(msgspec.Struct, frozen=True):
    """Is the next piece of the model's reasoning.

    Attributes:
        text: Not empty, unless a signature comes.
        signature: Ends the reasoning, for models that want it back.
    """

    text: str
    signature: str | None = None


class Citation(msgspec.Struct, frozen=True, kw_only=True):
    """Names a source of what was said.

    Attributes:
        url: Where it is.
        title: Its title.
        quote: What it says.
        start: First character of the answer's text that it supports; None: not known.
        end: The character after the last one.
    """

    url: str
    title: str = ""
    quote: str = ""
    start: int | None = None
    end: int | None = None


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """Says how far a long piece of work is, while there is nothing else to say.

    Attributes:
        text: For people.
        percent: 0 to 100; None: not known.
    """

    text: str = ""
    percent: int | None = None


class TokenCount(msgspec.Struct, frozen=True, kw_only=True):
    """States what the upstream counted of all that came so far; the last one counts.

    What comes after it is counted by the gateway, and so is everything if none comes.

    Attributes:
        input: Tokens of the request.
        output: Tokens of the answer, reasoning included.
        thought: Those of the output that were reasoning.
        cached: Those of the input that the upstream had already.
    """

    input: int = 0
    output: int = 0
    thought: int = 0
    cached: int = 0


class Finish(msgspec.Struct, frozen=True):
    """Ends the answer; an answer without it was cut.

    Attributes:
        reason: Why it ends.
        stop: The text that ended it, where the upstream says so.
    """

    reason: FinishReason = "stop"
    stop: str | None = None


#: Text, reasoning, media, a request for a function, a source, progress, tokens, the end.
ChatEvent = TextDelta | ThoughtDelta | Media | ToolCall | Citation | Progress | TokenCount | Finish
