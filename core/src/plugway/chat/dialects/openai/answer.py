"""A whole answer, as the official API writes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.chat.dialects.openai.markdown import Markdown
from plugway.chat.dialects.openai.said import ExtraContent, Google
from plugway.contract import Citation, Finish, Media, TextDelta, TokenCount, ToolCall

if TYPE_CHECKING:
    from plugway.chat.completion import Completion
    from plugway.chat.encoder import Heading

Reason = Literal["stop", "length", "tool_calls", "content_filter"]


class AskedFunction(msgspec.Struct, frozen=True):
    """Names a function and holds its arguments, as JSON text."""

    name: str
    arguments: str


class AskedCall(msgspec.Struct, frozen=True, kw_only=True):
    """Asks for a function.

    Attributes:
        index: Its number within a stream.
        extra_content: A signature that the model wants back, where Google's own OpenAI
            endpoint puts it.
    """

    index: int | msgspec.UnsetType = msgspec.UNSET
    id: str
    type: Literal["function"] = "function"
    function: AskedFunction
    extra_content: ExtraContent | msgspec.UnsetType = msgspec.UNSET


class Source(msgspec.Struct, frozen=True):
    """Names a source; where it is not known what it supports, both places are 0."""

    url: str
    title: str
    start_index: int
    end_index: int


class Annotation(msgspec.Struct, frozen=True):
    """Marks what a source supports."""

    url_citation: Source
    type: Literal["url_citation"] = "url_citation"


class AnswerMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Is what the model said.

    Attributes:
        content: Text, with images and videos in it as markdown; they are nowhere else, so
            that nobody has to take megabytes twice.
        reasoning_content: Thoughts: no part of the official API, but what clients look for.
    """

    role: Literal["assistant"] = "assistant"
    content: str | None
    refusal: str | None = None
    annotations: tuple[Annotation, ...] = ()
    reasoning_content: str | msgspec.UnsetType = msgspec.UNSET
    tool_calls: tuple[AskedCall, ...] | msgspec.UnsetType = msgspec.UNSET


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Is the one answer."""

    index: int = 0
    message: AnswerMessage
    logprobs: None = None
    finish_reason: Reason


class PromptDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Tells the tokens of a request apart."""

    cached_tokens: int
    audio_tokens: int = 0


class CompletionDetails(msgspec.Struct, frozen=True, kw_only=True):
    """Tells the tokens of an answer apart."""

    reasoning_tokens: int
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class Tokens(msgspec.Struct, frozen=True, kw_only=True):
    """States what was used.

    Attributes:
        estimated: The gateway counted, since the upstream did not say.
    """

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptDetails
    completion_tokens_details: CompletionDetails
    estimated: bool | msgspec.UnsetType = msgspec.UNSET


class ChatAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Is a whole answer.

    Attributes:
        system_fingerprint: Unknown: what runs upstream does not show.
    """

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: Tokens
    system_fingerprint: None = None


def answered(completion: Completion, *, players: bool = False) -> ChatAnswer:
    """Return an answer in the official shape.

    Args:
        completion: The answer.
        players: Videos are HTML that plays them.
    """
    heading = completion.heading
    page = Markdown(players=players)
    calls = tuple([call_of(call) for call in completion.tool_calls])
    content = "".join(
        [
            page.text(part.text) if isinstance(part, TextDelta) else page.media(part)
            for part in completion.parts
            if isinstance(part, TextDelta | Media)
        ]
    )
    message = AnswerMessage(
        content=None if calls and not content else content,
        annotations=tuple([annotation_of(one, page) for one in completion.citations]),
        reasoning_content=completion.thoughts or msgspec.UNSET,
        tool_calls=calls or msgspec.UNSET,
    )
    return ChatAnswer(
        id=name_of(heading),
        created=heading.created,
        model=heading.model.id,
        choices=(Choice(message=message, finish_reason=reason_of(completion.finish, bool(calls))),),
        usage=tokens_of(completion.tokens, estimated=completion.estimated),
    )


def name_of(heading: Heading) -> str:
    """Return the id of an answer."""
    return f"chatcmpl-{heading.id}"


def call_of(call: ToolCall, index: int | msgspec.UnsetType = msgspec.UNSET) -> AskedCall:
    """Return a request for a function.

    Args:
        call: What the model asks for.
        index: Its number within a stream.
    """
    signature = call.signature
    return AskedCall(
        index=index,
        id=call.id,
        function=AskedFunction(call.name, call.arguments),
        extra_content=msgspec.UNSET if signature is None else ExtraContent(Google(signature)),
    )


def annotation_of(citation: Citation, page: Markdown) -> Annotation:
    """Return a source.

    Args:
        citation: Counts the characters of the text alone.
        page: Knows what media stand between them.
    """
    if citation.start is None or citation.end is None:
        return Annotation(Source(citation.url, citation.title, 0, 0))
    start, end = page.place(citation.start), page.place(citation.end, end=True)
    return Annotation(Source(citation.url, citation.title, start, end))


def reason_of(finish: Finish, asks: bool) -> Reason:
    """Return why an answer ended.

    Args:
        finish: How it ended.
        asks: It asks for functions.
    """
    match finish.reason:
        case "safety" | "recitation":
            return "content_filter"
        case "stop":
            return "tool_calls" if asks else "stop"
        case reason:
            return reason


def tokens_of(tokens: TokenCount, *, estimated: bool) -> Tokens:
    """Return what was used.

    Args:
        tokens: Counted.
        estimated: By the gateway.
    """
    return Tokens(
        prompt_tokens=tokens.input,
        completion_tokens=tokens.output,
        total_tokens=tokens.input + tokens.output,
        prompt_tokens_details=PromptDetails(cached_tokens=tokens.cached),
        completion_tokens_details=CompletionDetails(reasoning_tokens=tokens.thought),
        estimated=estimated or msgspec.UNSET,
    )
