"""Reads answers of any shape, and shows the shape of one that is not understood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from plugway import UnreadableAnswer

Fields = Mapping[str, Any]

#: Longest outline, and longest name in it.
_OUTLINE = 400
_NAME = 40
_DEPTH = 5


def decoded(body: bytes, what: str) -> dict[str, Any]:
    """Return the object that an answer is.

    Args:
        body: As it came.
        what: Whose answer, for the error.

    Raises:
        UnreadableAnswer: It is none.

    Example:
        >>> decoded(b'{"media": []}', "a test")
        {'media': []}
    """
    try:
        value = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise UnreadableAnswer(f"The upstream's answer to {what} is not JSON.") from None
    if not isinstance(value, dict):
        raise unreadable(value, what)
    return value


def unreadable(value: Any, what: str) -> UnreadableAnswer:
    """Return the error of an answer that is not understood; it shows the names in it.

    Args:
        value: As decoded.
        what: Whose answer.

    Example:
        >>> unreadable({"jobs": [{"id": "x"}]}, "a video").message
        "The upstream's answer to a video has an unknown shape: {jobs: [{id: text}]}."
    """
    shape = outline(value)
    return UnreadableAnswer(f"The upstream's answer to {what} has an unknown shape: {shape}.")


def outline(value: Any) -> str:
    """Return the names in a value and the types of what they hold, and nothing of it.

    Args:
        value: As decoded from JSON.

    Example:
        >>> outline({"a": [{"b": "secret"}, 1], "c": None})
        '{a: [{b: text}, …], c: null}'
    """
    text = _outline(value, _DEPTH)
    return text if len(text) <= _OUTLINE else text[:_OUTLINE] + "…"


def at(value: Any, *path: str | int) -> Any:
    """Return what stands at a path; None: nothing does.

    Args:
        value: As decoded from JSON.
        path: Names, and places in lists.

    Example:
        >>> at({"media": [{"name": "m"}]}, "media", 0, "name"), at({}, "media", 0)
        ('m', None)
    """
    for step in path:
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, Mapping) else None
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
            value = value[step] if step < len(value) else None
        else:
            return None
    return value


def text(value: Any, *path: str | int) -> str:
    """Return the text at a path; empty: there is none.

    Args:
        value: As decoded from JSON.
        path: As `at` takes.
    """
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def items(value: Any, *path: str | int) -> list[Fields]:
    """Return the objects of the list at a path.

    Args:
        value: As decoded from JSON.
        path: As `at` takes.
    """
    found = at(value, *path)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def link(value: Any, *path: str | int) -> str:
    """Return the URL at a path; empty: what is there is none.

    Args:
        value: As decoded from JSON.
        path: As `at` takes.
    """
    found = text(value, *path)
    fits = found.startswith(("https://", "http://")) and found.isprintable() and " " not in found
    return found if fits else ""


def credits_left(value: Any, name: str = "remainingCredits") -> int | None:
    """Return the upstream's own credits that an answer tells of; None: it does not.

    Args:
        value: As decoded from JSON.
        name: Where it does.

    Example:
        >>> credits_left({"remainingCredits": 900}), credits_left({"remainingCredits": "x"})
        (900, None)
    """
    found = at(value, name)
    if isinstance(found, bool) or not isinstance(found, int | float):
        return None
    return int(found) if 0 <= found < 2**53 else None


def _outline(value: Any, depth: int) -> str:
    if isinstance(value, dict):
        if not depth:
            return "{…}"
        inner = ", ".join(f"{_name(key)}: {_outline(one, depth - 1)}" for key, one in value.items())
        return f"{{{inner}}}"
    if isinstance(value, list):
        if not value:
            return "[]"
        more = ", …" if len(value) > 1 else ""
        return f"[{_outline(value[0], depth - 1) if depth else '…'}{more}]"
    if value is None:
        return "null"
    if isinstance(value, str):
        return "text"
    return "bool" if isinstance(value, bool) else "number"


def _name(key: str) -> str:
    plain = "".join(character if character.isprintable() else "?" for character in key[:_NAME])
    return plain if len(key) <= _NAME else plain + "…"
