"""What a request builds on: things that only the credential knows which made them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

#: Fields that name such a thing, wherever they are, and what it is.
_NAMING = {
    "session_id": "session",
    "video_id": "video",
    "element_id": "element",
    "voice_id": "voice",
    "element_voice_id": "voice",
    "audio_id": "audio",
}


def resources_in(data: Any) -> tuple[tuple[str, str], ...]:
    """Return kind and name of what a request builds on, each once, in order.

    Args:
        data: The request, what is absent left out.

    Example:
        >>> resources_in({"video_id": "v", "voice_list": [{"voice_id": 829824295735410756}]})
        (('video', 'v'), ('voice', '829824295735410756'))
    """
    return tuple(dict.fromkeys(_found(data)))


def _found(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for inner in value:
            yield from _found(inner)
    elif isinstance(value, dict):
        for name, inner in value.items():
            kind = _NAMING.get(name)
            if kind is not None and isinstance(inner, str | int) and not isinstance(inner, bool):
                yield kind, str(inner)
            else:
                yield from _found(inner)
