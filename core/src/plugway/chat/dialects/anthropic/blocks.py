"""Blocks of content, as clients write them; what is not named here is passed over."""

from __future__ import annotations

from typing import Any

import msgspec


class TextBlock(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Is text.

    Attributes:
        text: Not empty.
    """

    text: str


class Base64Source(msgspec.Struct, frozen=True, tag_field="type", tag="base64"):
    """Has a file's bytes.

    Attributes:
        media_type: Such as `image/png`.
        data: Base64.
    """

    media_type: str
    data: str


class UrlSource(msgspec.Struct, frozen=True, tag_field="type", tag="url"):
    """Says where a file is.

    Attributes:
        url: Starts with `https:`, `http:` or `data:`.
    """

    url: str


class ImageBlock(msgspec.Struct, frozen=True, tag_field="type", tag="image"):
    """Is an image.

    Attributes:
        source: Its bytes, or where they are.
    """

    source: Base64Source | UrlSource


class TextSource(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """Is a document's text.

    Attributes:
        data: The text.
    """

    data: str


class ContentSource(msgspec.Struct, frozen=True, tag_field="type", tag="content"):
    """Is a document made of blocks.

    Attributes:
        content: Text, or text and images.
    """

    content: str | list[TextBlock | ImageBlock]


class DocumentBlock(msgspec.Struct, frozen=True, tag_field="type", tag="document"):
    """Is a document.

    Attributes:
        source: Its content, or where it is.
        title: Its name.
        context: What is to be known of it.
    """

    source: Base64Source | UrlSource | TextSource | ContentSource
    title: str | None = None
    context: str | None = None


class SearchResultBlock(msgspec.Struct, frozen=True, tag_field="type", tag="search_result"):
    """Is what a search of the client's found.

    Attributes:
        source: Where it is.
        title: Its title.
        content: What it says.
    """

    source: str
    title: str
    content: list[TextBlock]


class ThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="thinking"):
    """Is reasoning of an earlier answer.

    Attributes:
        thinking: The reasoning.
        signature: As the answer had it.
    """

    thinking: str
    signature: str


class RedactedThinkingBlock(msgspec.Struct, frozen=True, tag_field="type", tag="redacted_thinking"):
    """Is reasoning that only Anthropic's own models can read.

    Attributes:
        data: Not for others.
    """

    data: str


class ServerToolUseBlock(msgspec.Struct, frozen=True, tag_field="type", tag="server_tool_use"):
    """Is a search of an earlier answer that Anthropic's own servers made."""


class FoundBlock(msgspec.Struct, frozen=True, tag_field="type", tag="web_search_tool_result"):
    """Is what such a search found, which only Anthropic's own models can read."""


class ToolUseBlock(msgspec.Struct, frozen=True, tag_field="type", tag="tool_use"):
    """Is a function that an earlier answer asked for.

    Attributes:
        id: As the answer had it.
        name: Name of the function.
        input: Its arguments.
    """

    id: str
    name: str
    input: dict[str, Any]


ResultContent = TextBlock | ImageBlock | DocumentBlock | SearchResultBlock


class ToolResultBlock(msgspec.Struct, frozen=True, tag_field="type", tag="tool_result"):
    """Is what a function returned.

    Attributes:
        tool_use_id: Id of the `tool_use`.
        content: What it returned.
        is_error: It did not work.
    """

    tool_use_id: str
    content: str | list[ResultContent] | None = None
    is_error: bool | None = None


ContentBlock = (
    TextBlock
    | ImageBlock
    | DocumentBlock
    | SearchResultBlock
    | ThinkingBlock
    | RedactedThinkingBlock
    | ServerToolUseBlock
    | FoundBlock
    | ToolUseBlock
    | ToolResultBlock
)
