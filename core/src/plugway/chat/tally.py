"""What an answer has used so far, and what it may use at the most."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from plugway.chat.counting import count_request, count_text
from plugway.contract import (
    ChatEvent,
    ChatModel,
    ChatRequest,
    Finish,
    Media,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    Usage,
)
from plugway.money import MAX_CREDITS


class Tally:
    """Counts what comes: as the upstream says, or by its own reckoning, marked as such.

    Attributes:
        images: Images that came.
        videos: Videos that came.
        finish: How it ended; None: it has not.
        stated: What the upstream counted last; None: nothing.
    """

    def __init__(self, request: ChatRequest, model: ChatModel) -> None:
        """Count the request.

        Args:
            request: What is asked.
            model: Who is asked.
        """
        self._model = model
        self._asked = count_request(request)
        self._max_tokens = request.max_tokens
        self.clear()

    def clear(self) -> None:
        """Begin anew: what came so far was of a try that failed."""
        self._said = 0
        self._thought = 0
        self._counted = (0, 0)
        self.images = 0
        self.videos = 0
        self.finish: Finish | None = None
        self.stated: TokenCount | None = None

    def note(self, event: ChatEvent) -> None:
        """Count one event.

        Args:
            event: What came.
        """
        match event:
            case TextDelta(text):
                self._said += _weight(text)
            case ThoughtDelta(text=text):
                self._thought += _weight(text)
            case Media():
                if event.kind == "image":
                    self.images += 1
                elif event.kind == "video":
                    self.videos += 1
            case ToolCall():
                self._said += _weight(event.name) + _weight(event.arguments)
            case TokenCount():
                # One that cannot be is none: what came is counted here then.
                if _possible(event):
                    self.stated = event
                    self._counted = (self._said, self._thought)
            case Finish():
                self.finish = event
            case _:
                pass

    @property
    def estimated(self) -> bool:
        """Say whether tokens are counted here, all of them or the last ones."""
        return self.stated is None or self._counted != (self._said, self._thought)

    @property
    def tokens(self) -> TokenCount:
        """Return the tokens so far."""
        said, thought = self._said - self._counted[0], self._thought - self._counted[1]
        thoughts = -(-thought // _SCALE)
        output = -(-said // _SCALE) + thoughts
        stated = self.stated
        if stated is None:
            return TokenCount(input=self._asked, output=output, thought=thoughts)
        if not output:
            return stated
        return msgspec.structs.replace(
            stated, output=stated.output + output, thought=stated.thought + thoughts
        )

    @property
    def spoken(self) -> int:
        """Return the tokens of text so far, by its own reckoning."""
        return -(-self._said // _SCALE)

    def expected(self, hold_tokens: int) -> tuple[Usage, ...]:
        """Return what is held: the request, and as much answer as may come.

        Media that a model only may give are not held for, but must have a price.

        Args:
            hold_tokens: Tokens of answer where the client names no limit.
        """
        model = self._model
        output = min(self._max_tokens or hold_tokens, model.output_limit)
        usages = [
            _usage(model, "input_token", self._asked, input_tokens=self._asked),
            _usage(model, "output_token", output, output_tokens=output),
        ]
        if "image" in model.gives:
            usages.append(_usage(model, "image", int("images" in model.quotas)))
        if "video" in model.gives:
            usages.append(_usage(model, "video", int("videos" in model.quotas)))
        return tuple(usages)

    def usages(self) -> tuple[Usage, ...]:
        """Return what has been used."""
        model, tokens, estimated = self._model, self.tokens, self.estimated
        usages = [
            _usage(
                model, "input_token", tokens.input, input_tokens=tokens.input, estimated=estimated
            ),
            _usage(
                model,
                "output_token",
                tokens.output,
                output_tokens=tokens.output,
                estimated=estimated,
            ),
        ]
        if self.images:
            usages.append(_usage(model, "image", self.images, images=self.images))
        if self.videos:
            usages.append(_usage(model, "video", self.videos, videos=self.videos))
        return tuple(usages)


#: Pieces of a text are weighed in parts of a token, so that many small ones count as one text.
_SCALE = 4


def _weight(text: str) -> int:
    if text.isascii():
        return len(text)
    return count_text(text) * _SCALE


def _possible(count: TokenCount) -> bool:
    counts = (count.input, count.output, count.thought, count.cached)
    return min(counts) >= 0 and max(counts) <= MAX_CREDITS // 2


def _usage(
    model: ChatModel,
    unit: str,
    quantity: int,
    *,
    input_tokens: int = 0,
    output_tokens: int = 0,
    images: int = 0,
    videos: int = 0,
    estimated: bool = False,
) -> Usage:
    return Usage(
        key=model.price_key,
        unit=unit,
        quantity=Decimal(quantity),
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        images=images,
        videos=videos,
        estimated=estimated,
    )
