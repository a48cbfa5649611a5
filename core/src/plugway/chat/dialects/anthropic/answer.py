"""An answer, as Anthropic's API writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from plugway.chat.data_urls import data_url
from plugway.contract import Citation, Finish, Media, TextDelta, ThoughtDelta, TokenCount, ToolCall
from plugway.errors import UnreadableAnswer

if TYPE_CHECKING:
    from plugway.chat.completion import AnswerPart, Completion
    from plugway.chat.dialects.anthropic.asked import Shown

StopReason = Literal["end_turn", "max_tokens", "stop_sequence", "tool_use", "refusal"]


class Location(
    msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="web_search_result_location"
):
    """Names a source of a text.

    Attributes:
        cited_text: What the source says.
        url: Where it is.
        title: Its title.
        encrypted_index: Empty: only Anthropic's own search has one.
    """

    cited_text: str
    url: str
    title: str | None = None
    encrypted_index: str = ""


class SaidText(msgspec.Struct, frozen=True, tag_field="type", tag="text", omit_defaults=True):
    """Is text of an answer.

    Attributes:
        text: The text; for an image or a video a link to it, in Markdown.
        citations: Its sources.
    """

    text: str
    citations: tuple[Location, ...] | None = None


class SaidThinking(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    """Is a model's reasoning.

    Attributes:
        thinking: The reasoning; empty: the client did not want to see it.
        signature: To be handed back with it; empty: this model gives none.
    """

    thinking: str
    signature: str = ""


class SaidToolUse(msgspec.Struct, frozen=True, tag_field="type", tag="tool_use"):
    """Asks the client to call one of its functions.

    Attributes:
        id: Names the call.
        name: Name of the function.
        input: Its arguments.
    """

    id: str
    name: str
    input: dict[str, Any]


SaidBlock = SaidText | SaidThinking | SaidToolUse


class OutputDetails(msgspec.Struct, frozen=True):
    """Says what the tokens of an answer were.

    Attributes:
        thinking_tokens: Those of its reasoning.
    """

    thinking_tokens: int = 0


class UsedTokens(msgspec.Struct, frozen=True, kw_only=True):
    """Counts tokens.

    Attributes:
        input_tokens: Of the request, without those that the upstream had already.
        output_tokens: Of the answer, reasoning included.
        cache_read_input_tokens: Of the request, those that the upstream had already.
        cache_creation_input_tokens: 0: what upstreams keep is not told.
        output_tokens_details: What those of the answer were.
    """

    input_tokens: int
    output_tokens: int
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    output_tokens_details: OutputDetails = OutputDetails()


class Refusal(msgspec.Struct, frozen=True, tag_field="type", tag="refusal"):
    """Says why a model refuses.

    Attributes:
        category: None: upstreams do not tell in Anthropic's words.
        explanation: For people.
    """

    category: str | None = None
    explanation: str | None = None


class Answer(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """Is a whole answer.

    Attributes:
        id: Its id.
        role: The model's.
        model: Name of the model.
        content: What was said.
        stop_reason: Why it ended; None: it has not.
        stop_sequence: The text that ended it.
        stop_details: More about a refusal.
        usage: What it used.
    """

    id: str
    role: Literal["assistant"] = "assistant"
    model: str
    content: Sequence[SaidBlock] = ()
    stop_reason: StopReason | None = None
    stop_sequence: str | None = None
    stop_details: Refusal | None = None
    usage: UsedTokens


def message_id(id_: str) -> str:
    """Return an answer's id as this dialect spells it.

    Args:
        id_: The gateway's own.
    """
    return f"msg_{id_}"


def answer(completion: Completion, shown: Shown) -> Answer:
    """Return a whole answer.

    Args:
        completion: The answer.
        shown: What is shown of its reasoning.

    Raises:
        UnreadableAnswer: The model asks for a function in a way that is not understood.
    """
    waiting = list(zip(completion.cited, completion.citations, strict=True))
    content: list[SaidBlock] = []
    for at, part in enumerate(completion.parts):
        locations: list[Location] = []
        if isinstance(part, TextDelta):
            # A source that came between two texts belongs to the second one.
            locations = [location(citation) for place, citation in waiting if place <= at]
            waiting = [(place, citation) for place, citation in waiting if place > at]
        content += _block(part, locations, shown)
    content += [sourced(citation) for _, citation in waiting]
    reason, details = stopped(completion.finish, called=bool(completion.tool_calls))
    return Answer(
        id=message_id(completion.heading.id),
        model=completion.heading.model.id,
        content=content,
        stop_reason=reason,
        stop_sequence=completion.finish.stop,
        stop_details=details,
        usage=used(completion.tokens),
    )


def _block(part: AnswerPart, locations: Sequence[Location], shown: Shown) -> list[SaidBlock]:
    match part:
        case TextDelta(text):
            return [SaidText(text, tuple(locations) or None)]
        case ThoughtDelta(text, signature):
            if shown == "thinking":
                return [SaidThinking(text, signature or "")]
            return [SaidThinking("", signature)] if shown == "signatures" and signature else []
        case Media():
            return [SaidText(media_text(part))]
        case ToolCall():
            return [SaidToolUse(part.id, part.name, arguments(part))]


def stopped(finish: Finish, *, called: bool) -> tuple[StopReason, Refusal | None]:
    """Return why an answer ended, and more about it if it is a refusal.

    Args:
        finish: How it ended.
        called: It asks for a function.
    """
    match finish.reason:
        case "length":
            return "max_tokens", None
        case "safety" | "recitation":
            return "refusal", Refusal()
        case "tool_calls":
            return "tool_use", None
        case "stop":
            if finish.stop is not None:
                return "stop_sequence", None
            # Some upstreams end such an answer as they end any other.
            return "tool_use" if called else "end_turn", None


def used(tokens: TokenCount) -> UsedTokens:
    """Return the tokens of an answer.

    Args:
        tokens: As the gateway counts them: those of the input are all of them.
    """
    cached = min(tokens.cached, tokens.input)
    return UsedTokens(
        input_tokens=tokens.input - cached,
        output_tokens=tokens.output,
        cache_read_input_tokens=cached,
        output_tokens_details=OutputDetails(tokens.thought),
    )


def location(citation: Citation) -> Location:
    """Return a source.

    Args:
        citation: The source.
    """
    return Location(cited_text=citation.quote, url=citation.url, title=citation.title or None)


def sourced(citation: Citation) -> SaidText:
    """Return a text for a source that came when there was no more text to belong to.

    Args:
        citation: The source.
    """
    text = f"[{citation.title or citation.url}]({citation.url})"
    return SaidText(text, (location(citation),))


def media_text(media: Media) -> str:
    """Return a link to media, in Markdown: Anthropic has no block for what a model draws.

    Args:
        media: What came.

    Example:
        >>> media_text(Media(mime_type="video/mp4", url="https://example.com/v"))
        '[video](https://example.com/v)'
    """
    where = data_url(media) if media.url is None else media.url
    return f"{'!' if media.kind == 'image' else ''}[{media.kind}]({where})"


def arguments(call: ToolCall) -> dict[str, Any]:
    """Return the arguments of a call.

    Args:
        call: What the model asks for.

    Raises:
        UnreadableAnswer: They are no JSON object: nobody is to call a function with others.
    """
    try:
        return msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise UnreadableAnswer(
            "the model asks for a function with arguments that are no JSON object"
        ) from None
