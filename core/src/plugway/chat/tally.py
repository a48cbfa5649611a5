"""What an answer has used so far, and what it may use at the most."""

from __future__ import annotations

from decimal import Decimal

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


class Tally:
    """Counts what comes: as the upstream says, or by its own reckoning, marked as such.

    Attributes:
        images: Images that came.
        videos: Videos that came.
        finish: How it ended; None: it has not.
        stated: What the upstream counted; None: nothing.
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
        self._said = 0
        self._thought = 0
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
                self.stated = event
            case Finish():
                self.finish = event
            case _:
                pass

    @property
    def estimated(self) -> bool:
        """Say whether tokens are counted here."""
        return self.stated is None

    @property
    def tokens(self) -> TokenCount:
        """Return the tokens so far."""
        if self.stated is not None:
            return self.stated
        thought = -(-self._thought // _SCALE)
        return TokenCount(
            input=self._asked, output=-(-self._said // _SCALE) + thought, thought=thought
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
