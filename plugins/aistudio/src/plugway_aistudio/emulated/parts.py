"""Parts and frames of an answer (reference: "Streamed body format", positional)."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

#: Finish codes by name.
FINISH = {
    "stop": 1,
    "max_tokens": 2,
    "safety": 3,
    "recitation": 4,
    "other": 5,
    "language": 6,
    "blocklist": 7,
    "prohibited": 8,
    "spii": 9,
    "malformed_function_call": 10,
    "image_safety": 11,
    "unexpected_tool_call": 12,
    "too_many_tool_calls": 13,
    "missing_thought_signature": 18,
}

Part = list[Any]


def text(content: str, *, signature: str = "") -> Part:
    """Return a part with a piece of the answer.

    Args:
        content: The piece.
        signature: Of a thought before it.
    """
    return _part(1, content, signature=signature)


def thought(content: str, *, signature: str = "") -> Part:
    """Return a part with a piece of the model's thinking.

    Args:
        content: The piece.
        signature: Of the thought.
    """
    return _part(1, content, signature=signature, thinking=True)


def media(mime_type: str, data: bytes) -> Part:
    """Return a part with media.

    Args:
        mime_type: Its type.
        data: Its bytes.
    """
    return _part(2, [mime_type, base64.b64encode(data).decode()])


def code(language: str, content: str) -> Part:
    """Return a part with code that the model runs.

    Args:
        language: Such as `PYTHON`.
        content: The code.
    """
    return _part(7, [language, content])


def result(content: str, *, outcome: int = 1) -> Part:
    """Return a part with what that code printed.

    Args:
        content: The text.
        outcome: 1: it went well.
    """
    return _part(8, [outcome, content])


def call(name: str, arguments: dict[str, Any], *, id: str | None = None) -> Part:  # noqa: A002 - the upstream's name
    """Return a part that calls a function.

    Args:
        name: Of the function.
        arguments: As JSON has them.
        id: Of the call; None: none.
    """
    return _part(10, [name, fields(arguments), id])


def fields(values: dict[str, Any]) -> list[Any]:
    """Return an object as google.protobuf.Struct.

    Args:
        values: By key.

    Example:
        >>> fields({"a": 1, "b": None})
        [[['a', [None, 1]], ['b', [0]]]]
    """
    return [[[key, _value(value)] for key, value in values.items()]]


def frame(
    *parts: Part,
    finish: int | None = None,
    message: str | None = None,
    citations: list[Any] | None = None,
    grounding: list[Any] | None = None,
    usage: list[Any] | None = None,
) -> list[Any]:
    """Return a frame with one candidate.

    Args:
        parts: Of the candidate's content.
        finish: Its finish code.
        message: Why it finished.
        citations: As `cite` returns them.
        grounding: Its grounding metadata.
        usage: As `usage` returns it.
    """
    content = [list(parts), "model"] if parts else None
    return [[[content, finish, None, message, None, None, citations, grounding]], None, usage]


def feedback(block: int, message: str = "") -> list[Any]:
    """Return a frame that refuses the question: no candidate, but the reason.

    Args:
        block: 1 safety, 2 other, 3 blocklist, 4 prohibited, 5 image safety.
        message: What is said of it.
    """
    return [None, [block, None, message or None]]


def usage(taken: int, given: int, *, tools: int | None = None, thinking: int | None = None) -> Any:
    """Return the tokens of a call.

    Args:
        taken: Of the question.
        given: Of the answer.
        tools: Of what tools returned.
        thinking: Of the thoughts.
    """
    whole = taken + given + (tools or 0) + (thinking or 0)
    return [taken, given, whole, None, None, None, None, tools, None, thinking]


def cite(*sources: tuple[str, str]) -> list[Any]:
    """Return citations.

    Args:
        sources: Address and title of each.
    """
    return [[[None, None, url, title] for url, title in sources]]


def png(red: int, green: int, blue: int, side: int = 8) -> bytes:
    """Return an image of one colour.

    Args:
        red: 0 to 255.
        green: 0 to 255.
        blue: 0 to 255.
        side: Pixels, 1 or more.
    """
    line = b"\0" + bytes((red, green, blue)) * side
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(line * side)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _part(place: int, content: Any, *, signature: str = "", thinking: bool = False) -> Part:
    made: Part = [None] * 15
    made[place] = content
    made[12] = True if thinking else None
    made[14] = signature or None
    while made[-1] is None:
        made.pop()
    return made


def _value(value: Any) -> list[Any]:
    if value is None:
        return [0]
    if isinstance(value, bool):
        return [None, None, None, value]
    if isinstance(value, int | float):
        return [None, value]
    if isinstance(value, str):
        return [None, None, value]
    if isinstance(value, dict):
        return [None, None, None, None, fields(value)]
    return [None, None, None, None, None, [[_value(each) for each in value]]]
