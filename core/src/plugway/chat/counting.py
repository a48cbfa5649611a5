"""How many tokens something has, about: for upstreams that do not say."""

from __future__ import annotations

from collections.abc import Iterable

from plugway.contract import (
    ChatRequest,
    Media,
    Part,
    Text,
    Thought,
    ToolCall,
    ToolResult,
)

#: Tokens of one image (Google's documentation of Gemini counts 258 for a tile), of one second
#: of video or sound there is no length to see, so media count as so many images.
IMAGE_TOKENS = 258
VIDEO_TOKENS = 10 * IMAGE_TOKENS

#: Tokens that mark where a message begins, and who says it.
MESSAGE_TOKENS = 4

#: Characters of Latin text in a token.
_CHARACTERS = 4


def count_text(text: str) -> int:
    """Count the tokens of a text, about.

    Four ASCII characters are taken for a token, and so is each other character: what is right
    for Chinese is a little much for accents and never too little.

    Args:
        text: Any.

    Example:
        >>> count_text("Hello, world"), count_text("你好")
        (3, 2)
    """
    if text.isascii():
        return -(-len(text) // _CHARACTERS)
    plain = len(text.encode("ascii", "ignore"))
    return -(-plain // _CHARACTERS) + len(text) - plain


def first_tokens(text: str, tokens: int) -> str:
    """Return the beginning of a text that has so many tokens, about.

    Args:
        text: Any.
        tokens: At the most.

    Example:
        >>> first_tokens("Hello, world", 2)
        'Hello, w'
    """
    if count_text(text) <= tokens:
        return text
    weight = 0
    for at, character in enumerate(text):
        weight += 1 if character.isascii() else _CHARACTERS
        if weight > tokens * _CHARACTERS:
            return text[:at]
    return text


def count_request(request: ChatRequest) -> int:
    """Count the tokens of a request, about.

    Args:
        request: What is asked.
    """
    tokens = 0
    for message in request.messages:
        tokens += MESSAGE_TOKENS + _count_parts(message.parts)
    for tool in request.tools:
        tokens += count_text(tool.name) + count_text(tool.description)
        tokens += count_text(str(dict(tool.parameters)))
    return tokens


def _count_parts(parts: Iterable[Part]) -> int:
    tokens = 0
    for part in parts:
        match part:
            case Text(text) | Thought(text):
                tokens += count_text(text)
            case Media():
                tokens += count_media(part)
            case ToolCall():
                tokens += count_text(part.name) + count_text(part.arguments)
            case ToolResult():
                tokens += count_text(part.name) + _count_parts(part.parts)
    return tokens


def count_media(media: Media) -> int:
    """Count the tokens of an image, a video or a file, about.

    Args:
        media: Any.
    """
    return VIDEO_TOKENS if media.kind in ("video", "audio") else IMAGE_TOKENS
