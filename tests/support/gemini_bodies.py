"""Bodies for tests of the Gemini dialect, without a gateway."""

from __future__ import annotations

import base64
from typing import Any

from plugway import ChatRequest
from plugway.chat.dialects.gemini.asking import read_request

GIF = base64.b64encode(b"GIF89a").decode()


def hello(**fields: Any) -> dict[str, Any]:
    """Return a body that any model takes, with more in it."""
    return {"contents": [{"parts": [{"text": "Hi"}]}], **fields}


def said(*parts: Any, role: str = "user") -> dict[str, Any]:
    """Return a body of one content."""
    return {"contents": [{"role": role, "parts": list(parts)}]}


def part_of(*parts: Any, role: str = "user") -> tuple[Any, ...]:
    """Return what one content becomes."""
    (message,) = read_request(said(*parts, role=role), "m").messages
    return message.parts


def config(**fields: Any) -> ChatRequest:
    """Return what a request with a `generationConfig` becomes."""
    return read_request(hello(generationConfig=fields), "m")


def nested(depth: int) -> dict[str, Any]:
    """Return objects in each other."""
    found: dict[str, Any] = {}
    for _ in range(depth - 1):
        found = {"a": found}
    return found
