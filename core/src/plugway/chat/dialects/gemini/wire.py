"""What this dialect answers, as Google's API has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Is an object of the API; what is not set is left out."""


class Blob(Wire, frozen=True, kw_only=True):
    """Holds media; in JSON its bytes are base64."""

    mime_type: str
    data: bytes


class FileData(Wire, frozen=True, kw_only=True):
    """Says where media is."""

    file_uri: str
    mime_type: str | None = None


class FunctionCall(Wire, frozen=True, kw_only=True):
    """Asks the client to call a function."""

    id: str
    name: str
    args: Mapping[str, Any]


class Part(Wire, frozen=True, kw_only=True):
    """Is a piece of an answer."""

    text: str | None = None
    thought: bool | None = None
    thought_signature: str | None = None
    inline_data: Blob | None = None
    file_data: FileData | None = None
    function_call: FunctionCall | None = None


class Content(Wire, frozen=True, kw_only=True):
    """Is what somebody says."""

    parts: tuple[Part, ...]
    role: Literal["model"]


class Web(Wire, frozen=True, kw_only=True):
    """Is a page that was read."""

    uri: str
    title: str | None = None


class GroundingChunk(Wire, frozen=True, kw_only=True):
    """Is a source."""

    web: Web


class Segment(Wire, frozen=True, kw_only=True):
    """Is a piece of the answer's text; places are counted in bytes of UTF-8."""

    start_index: int | None = None
    end_index: int | None = None
    text: str | None = None


class GroundingSupport(Wire, frozen=True, kw_only=True):
    """Says which sources a piece of the answer rests on."""

    segment: Segment
    grounding_chunk_indices: tuple[int, ...]


class GroundingMetadata(Wire, frozen=True, kw_only=True):
    """Lists sources."""

    grounding_chunks: tuple[GroundingChunk, ...]
    grounding_supports: tuple[GroundingSupport, ...] | None = None


class CitationSource(Wire, frozen=True, kw_only=True):
    """Is a source that the answer repeats."""

    uri: str
    start_index: int | None = None
    end_index: int | None = None


class CitationMetadata(Wire, frozen=True, kw_only=True):
    """Lists what the answer repeats."""

    citation_sources: tuple[CitationSource, ...]


class Candidate(Wire, frozen=True, kw_only=True):
    """Is an answer, or a piece of it."""

    content: Content | None = None
    finish_reason: Literal["STOP", "MAX_TOKENS", "SAFETY", "RECITATION"] | None = None
    index: int
    citation_metadata: CitationMetadata | None = None
    grounding_metadata: GroundingMetadata | None = None


class PromptFeedback(Wire, frozen=True, kw_only=True):
    """Says why there is no answer."""

    block_reason: Literal["SAFETY"]
    block_reason_message: str


class UsageMetadata(Wire, frozen=True, kw_only=True):
    """Counts tokens."""

    prompt_token_count: int
    cached_content_token_count: int | None = None
    candidates_token_count: int
    thoughts_token_count: int | None = None
    total_token_count: int


class GenerateContentResponse(Wire, frozen=True, kw_only=True):
    """Is an answer; in a stream, a piece of it."""

    candidates: tuple[Candidate, ...] | None = None
    prompt_feedback: PromptFeedback | None = None
    usage_metadata: UsageMetadata | None = None
    model_version: str
    response_id: str


class CountTokensResponse(Wire, frozen=True, kw_only=True):
    """Counts the tokens of a request."""

    total_tokens: int


class Model(Wire, frozen=True, kw_only=True):
    """Describes a model."""

    name: str
    base_model_id: str
    version: str
    display_name: str
    description: str | None = None
    input_token_limit: int
    output_token_limit: int
    supported_generation_methods: tuple[str, ...]
    temperature: float | None = None
    max_temperature: float | None = None
    thinking: bool | None = None


class ListModelsResponse(Wire, frozen=True, kw_only=True):
    """Lists models."""

    models: tuple[Model, ...]
    next_page_token: str | None = None


class ModelsQuery(Wire, frozen=True, kw_only=True):
    """Says which models to list: the query of a list."""

    page_size: int = 50
    page_token: str = ""
