"""What bodies may look like, and what Google's JSON reader says of those that do not."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from plugway_flow.emulated.refusals import Refusal, invalid

Scalar = Literal["string", "bool", "int32", "bytes", "any"]


class Field(msgspec.Struct, frozen=True):
    """Is what a field takes.

    Attributes:
        type: A scalar, the fields of an object, or what a string may be.
        needed: Whether it must be there, and if it is a string or an array, not empty.
        repeated: Whether it is an array of these.
    """

    type: Scalar | Mapping[str, Field] | tuple[str, ...]
    needed: bool = False
    repeated: bool = False


def decoded(content: bytes) -> dict[str, Any]:
    """Read a body.

    Args:
        content: The body.

    Raises:
        Refusal: It is no JSON object.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise invalid("", "Invalid JSON payload received. Unable to parse the request.") from None
    if not isinstance(found, dict):
        raise invalid("", "Invalid JSON payload received. Root element must be a message.")
    return found


def check(value: dict[str, Any], fields: Mapping[str, Field], path: str = "") -> None:
    """Refuse what a body must not be.

    Args:
        value: The object.
        fields: What it may have.
        path: Where it is in the body.

    Raises:
        Refusal: A field is unknown, missing or of another type.

    Example:
        >>> check({"seed": "7"}, {"seed": Field("int32")})
        Traceback (most recent call last):
        plugway_flow.emulated.refusals.Refusal: 400: Invalid value at 'seed' (TYPE_INT32), "7"
    """
    for name in value:
        if name not in fields:
            where = f" at '{path}'" if path else ""
            told = (
                f'Invalid JSON payload received. Unknown name "{name}"{where}: Cannot find field.'
            )
            raise invalid(path, told)
    for name, field in fields.items():
        inner = _joined(path, name)
        # A field that is null is a field that is not there, says the JSON form of protobuf.
        if value.get(name) is None:
            if field.needed:
                raise invalid(inner, f"{inner} is required.")
            continue
        _check_field(value[name], field, inner)


def content_of(text: str, path: str) -> bytes:
    """Decode a field of bytes.

    Args:
        text: Base64.
        path: Where it is in the body.

    Raises:
        Refusal: It is not.
    """
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        told = f"Invalid value at '{path}' (TYPE_BYTES), Base64 decoding failed"
        raise invalid(path, told) from None


def _check_field(value: Any, field: Field, path: str) -> None:
    if not field.repeated:
        _check_one(value, field, path)
        return
    if not isinstance(value, list):
        raise _mistyped(value, path, "repeated field")
    if field.needed and not value:
        raise invalid(path, f"{path} is required.")
    for index, each in enumerate(value):
        _check_one(each, field, f"{path}[{index}]")


def _check_one(value: Any, field: Field, path: str) -> None:
    kind = field.type
    if isinstance(kind, Mapping):
        if not isinstance(value, dict):
            raise _mistyped(value, path, "TYPE_MESSAGE")
        check(value, kind, path)
    elif isinstance(kind, tuple):
        if value not in kind:
            raise _mistyped(value, path, "TYPE_ENUM")
    elif kind == "bool":
        if not isinstance(value, bool):
            raise _mistyped(value, path, "TYPE_BOOL")
    elif kind == "int32":
        if isinstance(value, bool) or not isinstance(value, int):
            raise _mistyped(value, path, "TYPE_INT32")
    elif kind != "any":
        if not isinstance(value, str):
            raise _mistyped(value, path, f"TYPE_{kind.upper()}")
        if field.needed and not value.strip():
            raise invalid(path, f"{path} is required.")


def _mistyped(value: Any, path: str, kind: str) -> Refusal:
    shown = json.dumps(value, ensure_ascii=False)[:100]
    return invalid(path, f"Invalid value at '{path}' ({kind}), {shown}")


def _joined(path: str, name: str) -> str:
    # Google's messages name fields as their definition does, whatever way they were sent.
    snake = re.sub(r"([A-Z])", lambda found: f"_{found[1].lower()}", name)
    return f"{path}.{snake}" if path else snake
