"""What a field may hold."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from plugway_kling.emulated.refusals import Refusal, invalid

#: Looks at the value of a field, of which it is told the name, and refuses it or does not.
Check = Callable[[str, Any], None]

IMAGE_BYTES = 10 << 20


class Field(msgspec.Struct, frozen=True):
    """Is one field of a request.

    Attributes:
        name: Its name.
        check: What it may hold.
        needed: Whether it may not be absent.
    """

    name: str
    check: Check
    needed: bool = False


def given(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is there: the official samples send "" and [] for what is not.

    Example:
        >>> given({"prompt": "a", "image": "", "image_list": [], "voice": None, "n": 0})
        {'prompt': 'a', 'n': 0}
    """
    return {name: value for name, value in body.items() if value not in (None, "", [])}


def examine(body: Mapping[str, Any], fields: tuple[Field, ...], where: str = "") -> None:
    """Look at every field that is known; unknown ones are not looked at.

    Args:
        body: The object.
        fields: Its fields.
        where: What its fields' names begin with in messages.

    Raises:
        Refusal: Code 1201; the message begins with the field's name.
    """
    there = given(body)
    for field in fields:
        if field.name in there:
            field.check(where + field.name, there[field.name])
        elif field.needed:
            raise invalid(where + field.name, "is required")


def text(most: int) -> Check:
    """Take a string of so many characters at most."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, str):
            raise invalid(name, "must be a string")
        if len(value) > most:
            raise invalid(name, f"must not be longer than {most} characters")

    return check


def choice(*words: str) -> Check:
    """Take one of the words; 5 will do for "5"."""

    def check(name: str, value: Any) -> None:
        if isinstance(value, bool) or str(value) not in words:
            raise invalid(name, f"must be one of {', '.join(words)}")

    return check


def model(*names: str) -> Check:
    """Take a model's name; one that is not there is a resource that is not there."""

    def check(name: str, value: Any) -> None:
        if value not in names:
            raise Refusal(1203, f"{name} {value} is not found")

    return check


def number(low: float, high: float) -> Check:
    """Take a number within bounds, or a string of one."""

    def check(name: str, value: Any) -> None:
        if not low <= figure(name, value) <= high:
            raise invalid(name, f"must be from {low:g} to {high:g}")

    return check


def whole(low: int, high: int) -> Check:
    """Take a whole number within bounds, or a string of one."""

    def check(name: str, value: Any) -> None:
        found = figure(name, value)
        if found % 1 or not low <= found <= high:
            raise invalid(name, f"must be a whole number from {low} to {high}")

    return check


def figure(name: str, value: Any) -> float:
    """Read a number, which may come as a string.

    Raises:
        Refusal: It is none.
    """
    try:
        found = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not math.isfinite(found):
        raise invalid(name, "must be a number")
    return found


def flag(name: str, value: Any) -> None:
    """Take true or false, or a string of one."""
    if value not in (True, False, "true", "false"):
        raise invalid(name, "must be true or false")


def is_on(value: Any) -> bool:
    """Say whether a flag that passed is set."""
    return value in (True, "true")


def address(name: str, value: Any) -> None:
    """Take an http or https URL."""
    if not isinstance(value, str) or not value.startswith(("http://", "https://")):
        raise invalid(name, "must be a URL")


def image(name: str, value: Any) -> None:
    """Take a URL or bare base64; a `data:` prefix is explicitly wrong."""
    if not isinstance(value, str):
        raise invalid(name, "must be a URL or base64")
    if value.startswith(("http://", "https://")):
        return
    if value.startswith("data:"):
        raise invalid(name, "must be base64 without a data: prefix")
    try:
        size = len(base64.b64decode(value, validate=True))
    except (binascii.Error, ValueError):
        raise invalid(name, "must be a URL or base64") from None
    if size > IMAGE_BYTES:
        raise invalid(name, "must not be larger than 10 MB")


def long_id(name: str, value: Any) -> None:
    """Take an id: a number, or a string of digits."""
    if isinstance(value, bool) or not isinstance(value, int | str) or not str(value).isdecimal():
        raise invalid(name, "must be an id")


def record(*fields: Field) -> Check:
    """Take an object with fields."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, dict):
            raise invalid(name, "must be an object")
        examine(value, fields, f"{name}.")

    return check


def items(least: int, most: int, *fields: Field) -> Check:
    """Take an array of so many objects with fields."""

    def check(name: str, value: Any) -> None:
        if not isinstance(value, list):
            raise invalid(name, "must be an array")
        if not least <= len(value) <= most:
            raise invalid(name, f"must have from {least} to {most} items")
        for index, item in enumerate(value):
            record(*fields)(f"{name}[{index}]", item)

    return check
