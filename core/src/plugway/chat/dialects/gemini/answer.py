"""An answer in this dialect: its parts, its sources, its end, its tokens."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

import msgspec

from plugway.chat.completion import AnswerPart, Completion
from plugway.chat.dialects.gemini.signatures import written
from plugway.chat.dialects.gemini.wire import (
    Blob,
    Candidate,
    CitationMetadata,
    CitationSource,
    Content,
    FileData,
    FunctionCall,
    GenerateContentResponse,
    GroundingChunk,
    GroundingMetadata,
    GroundingSupport,
    Part,
    PromptFeedback,
    Segment,
    UsageMetadata,
    Web,
)
from plugway.contract import Citation, Finish, Media, TextDelta, ThoughtDelta, TokenCount, ToolCall
from plugway.errors import UnreadableAnswer

_REASONS: dict[str, Literal["STOP", "MAX_TOKENS", "SAFETY", "RECITATION"]] = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    # As officially: that functions are asked for, the parts say.
    "tool_calls": "STOP",
    "safety": "SAFETY",
    "recitation": "RECITATION",
}


def whole(completion: Completion, *, thoughts: bool) -> GenerateContentResponse:
    """Return a whole answer.

    Args:
        completion: The answer.
        thoughts: The client wants to see the reasoning.
    """
    parts = [part for one in completion.parts for part in parts_of(one, thoughts=thoughts)]
    last = ending(completion.finish, parts, completion.citations, completion.text)
    return GenerateContentResponse(
        candidates=(last,),
        usage_metadata=usage(completion.tokens),
        model_version=completion.heading.model.id,
        response_id=completion.heading.id,
    )


def blocked(message: str, model: str, answer_id: str) -> GenerateContentResponse:
    """Return the answer to what safety rules do not allow: officially it is no error.

    Args:
        message: Why.
        model: The model's id.
        answer_id: Names the answer.
    """
    return GenerateContentResponse(
        prompt_feedback=PromptFeedback(block_reason="SAFETY", block_reason_message=message),
        model_version=model,
        response_id=answer_id,
    )


def parts_of(said: AnswerPart, *, thoughts: bool) -> tuple[Part, ...]:
    """Return the parts that show something that was said; there may be none.

    Args:
        said: What was said.
        thoughts: The client wants to see the reasoning.

    Raises:
        UnreadableAnswer: The arguments of a function are no JSON object.
    """
    match said:
        case TextDelta(text):
            return (Part(text=text),)
        case ThoughtDelta(text, signature):
            given = None if signature is None else written(signature)
            if thoughts:
                return (Part(text=text, thought=True, thought_signature=given),)
            # A signature is wanted back even by clients that do not look at the reasoning.
            return () if given is None else (Part(text="", thought_signature=given),)
        case Media():
            return (_media(said),)
        case ToolCall():
            call = FunctionCall(id=said.id, name=said.name, args=_arguments(said))
            given = None if said.signature is None else written(said.signature)
            return (Part(function_call=call, thought_signature=given),)


def candidate(parts: Sequence[Part]) -> Candidate:
    """Return a piece of an answer that goes on."""
    return Candidate(content=Content(parts=tuple(parts), role="model"), index=0)


def ending(
    finish: Finish, parts: Sequence[Part], citations: Sequence[Citation], text: str
) -> Candidate:
    """Return the last piece of an answer, or all of it.

    Args:
        finish: Why it ends.
        parts: What it still says.
        citations: Its sources.
        text: The text of the whole answer, which the sources' places are counted in.
    """
    reason = _REASONS[finish.reason]
    return Candidate(
        content=Content(parts=tuple(parts), role="model"),
        finish_reason=reason,
        index=0,
        citation_metadata=_repeated(citations, text) if reason == "RECITATION" else None,
        grounding_metadata=_grounding(citations, text),
    )


def usage(tokens: TokenCount) -> UsageMetadata:
    """Return tokens as this dialect counts them: reasoning is not part of the answer."""
    return UsageMetadata(
        prompt_token_count=tokens.input,
        cached_content_token_count=tokens.cached or None,
        candidates_token_count=max(0, tokens.output - tokens.thought),
        thoughts_token_count=tokens.thought or None,
        total_token_count=tokens.input + max(tokens.output, tokens.thought),
    )


def _media(media: Media) -> Part:
    mime_type = media.mime_type or "application/octet-stream"
    if media.data is None:
        return Part(file_data=FileData(file_uri=media.url or "", mime_type=mime_type))
    return Part(inline_data=Blob(mime_type=mime_type, data=media.data))


def _arguments(call: ToolCall) -> dict[str, Any]:
    try:
        return msgspec.json.decode(call.arguments or "{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError):
        raise UnreadableAnswer("The model's arguments for a function are no JSON object.") from None


def _grounding(citations: Sequence[Citation], text: str) -> GroundingMetadata | None:
    if not citations:
        return None
    chunks: dict[str, Web] = {}
    for citation in citations:
        chunks.setdefault(citation.url, Web(uri=citation.url, title=citation.title or None))
    indices = {url: at for at, url in enumerate(chunks)}
    segments: dict[tuple[int, int], list[int]] = {}
    for citation in citations:
        if citation.end is not None:
            place = (citation.start or 0, citation.end)
            segments.setdefault(place, []).append(indices[citation.url])
    return GroundingMetadata(
        grounding_chunks=tuple([GroundingChunk(web=web) for web in chunks.values()]),
        grounding_supports=tuple(_supports(segments.items(), text)) or None,
    )


def _supports(
    segments: Iterable[tuple[tuple[int, int], list[int]]], text: str
) -> Iterable[GroundingSupport]:
    for (start, end), chunks in segments:
        yield GroundingSupport(
            segment=Segment(
                start_index=_bytes(text, start), end_index=_bytes(text, end), text=text[start:end]
            ),
            grounding_chunk_indices=tuple(dict.fromkeys(chunks)),
        )


def _repeated(citations: Sequence[Citation], text: str) -> CitationMetadata | None:
    sources = [
        CitationSource(
            uri=one.url,
            start_index=None if one.start is None else _bytes(text, one.start),
            end_index=None if one.end is None else _bytes(text, one.end),
        )
        for one in citations
    ]
    return CitationMetadata(citation_sources=tuple(sources)) if sources else None


def _bytes(text: str, at: int) -> int:
    """Return how many bytes come before a character."""
    return at if text.isascii() else len(text[:at].encode("utf-8", "surrogatepass"))
