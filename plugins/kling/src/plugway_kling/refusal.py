"""How a request is refused: the field by its name, and why."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, get_args, get_type_hints

import msgspec

from plugway import BadRequest
from plugway_kling.fields import PATTERNS

_PLACE = re.compile(r" - at `\$\.?(.*)`$")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_PATTERN = re.compile(r"Expected `str` matching regex '(.*)'")
_INDEX = re.compile(r"\[[^\]]*\]")

#: The most of a client's own words that a message repeats.
_SHOWN = 64


def refused(field: str, why: str) -> BadRequest:
    """Say that a field is wrong, in the words of the official API.

    Args:
        field: Its name as the client spelt it, such as `image_list[0].image`.
        why: What was expected, or what speaks against it.

    Example:
        >>> refused("n", "expected 1 to 9").message
        'n is invalid: expected 1 to 9'
    """
    field = field[:_SHOWN]
    return BadRequest(f"{field} is invalid: {why}", field=field)


def required(field: str, when: str = "") -> BadRequest:
    """Say that a field is missing.

    Args:
        field: Its name.
        when: On what condition it is required, such as "with image_reference".

    Example:
        >>> required("prompt").message
        'prompt is required'
    """
    return BadRequest(f"{field} is required{' ' if when else ''}{when}", field=field)


def one_of(values: Sequence[object]) -> str:
    """Say which values a field takes.

    Example:
        >>> one_of(["std", "pro"])
        'expected one of std, pro'
    """
    return f"expected one of {', '.join(str(value) for value in values)}"


def translated(error: msgspec.ValidationError, type_: type[msgspec.Struct]) -> BadRequest:
    """Say what msgspec found in the words of this API.

    Args:
        error: What it found.
        type_: The struct that the request did not fit.
    """
    text = str(error)
    place = _PLACE.search(text)
    path = place[1] if place else ""
    message = text[: place.start()] if place else text
    missing = _MISSING.fullmatch(message)
    if missing is not None:
        return required(f"{path}.{missing[1]}" if path else missing[1])
    if message.startswith("Invalid enum value"):
        return refused(path, one_of(_choices(type_, path)))
    pattern = _PATTERN.fullmatch(message)
    if pattern is not None and pattern[1] in PATTERNS:
        return refused(path, PATTERNS[pattern[1]])
    message = message.replace("`", "").replace(" | null", "").replace(" | ", " or ")
    return refused(path, message[:1].lower() + message[1:])


def _choices(type_: Any, path: str) -> list[object]:
    """Return the values of the literal type at a path."""
    for name in _INDEX.sub("", path).split("."):
        type_ = get_type_hints(_struct(type_)).get(name)
    found: list[object] = []
    waiting = [type_]
    while waiting:
        for inner in get_args(waiting.pop()):
            if isinstance(inner, str | int):
                found.append(inner)
            else:
                waiting.append(inner)
    return found


def _struct(type_: Any) -> Any:
    """Find the struct in a type such as `list[Image] | None`."""
    waiting = [type_]
    while waiting:
        inner = waiting.pop()
        if isinstance(inner, type) and issubclass(inner, msgspec.Struct):
            return inner
        waiting += get_args(inner)
    return type_
