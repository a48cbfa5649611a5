"""The official envelope: `code`, `message`, `request_id`, `data`; read leniently, kept as it came.

Fields are kept as they are written: their order, those that nobody knows, integers of any
length, and numbers that come as strings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from plugway_kling import codes

T = TypeVar("T")

Fields = dict[str, msgspec.Raw]

#: Characters of a message that are kept.
_MESSAGE = 400


class Told(msgspec.Struct, frozen=True):
    """Is what the upstream answered.

    Attributes:
        fields: The whole object.
        code: Its code; None: it has none, and so is no answer of the API.
        message: Its message, shortened.
    """

    fields: Fields
    code: int | None
    message: str

    @property
    def data(self) -> msgspec.Raw | None:
        """Return what it is about."""
        return self.fields.get("data")


def read(body: bytes) -> Told | None:
    """Read an answer.

    Args:
        body: As it came.

    Returns:
        None: It is no JSON object.

    Example:
        >>> told = read(b'{"code": "0", "message": "SUCCEED", "data": {"task_id": 1}}')
        >>> told.code, text(object_of(told.data)["task_id"])
        (0, '1')
    """
    fields = object_of(body)
    if fields is None:
        return None
    return Told(fields, number(fields.get("code")), text(fields.get("message"))[:_MESSAGE])


def object_of(raw: msgspec.Raw | bytes | None) -> Fields | None:
    """Return the fields of a JSON object; None: it is none.

    Args:
        raw: JSON, or nothing that is JSON.
    """
    return _decoded(raw, Fields)


def items_of(raw: msgspec.Raw | bytes | None) -> list[msgspec.Raw] | None:
    """Return the items of a JSON array; None: it is none.

    Args:
        raw: JSON, or nothing that is JSON.
    """
    return _decoded(raw, list[msgspec.Raw])


def text(raw: msgspec.Raw | None) -> str:
    """Return a string, or a number as it is written; of anything else nothing.

    Args:
        raw: JSON.

    Example:
        >>> text(msgspec.Raw(b"836594751283910737")), text(msgspec.Raw(b'"a"')), text(None)
        ('836594751283910737', 'a', '')
    """
    if raw is None:
        return ""
    written = bytes(raw).strip()
    if written[:1] == b'"':
        found: str | None = _decoded(written, str)
        return found or ""
    return written.decode() if written[:1] in b"-0123456789" and len(written) <= 64 else ""


def number(raw: msgspec.Raw | None) -> int | None:
    """Return an integer, written as one or as a string; None: it is none.

    Args:
        raw: JSON.
    """
    written = text(raw).strip()
    digits = written.removeprefix("-")
    return int(written) if digits.isascii() and digits.isdecimal() and len(digits) <= 18 else None


def raw(value: object) -> msgspec.Raw:
    """Return a value as JSON."""
    return msgspec.Raw(msgspec.json.encode(value))


def answer(data: bytes, request_id: str) -> bytes:
    """Write an answer of our own.

    Args:
        data: What it is about, JSON.
        request_id: The request's.

    Example:
        >>> answer(b"[]", "r1")
        b'{"code":0,"message":"SUCCEED","request_id":"r1","data":[]}'
    """
    about = msgspec.Raw(data)
    return msgspec.json.encode(
        {"code": 0, "message": codes.SUCCEED, "request_id": request_id, "data": about}
    )


def listing(items: Iterable[bytes]) -> bytes:
    """Return JSON values as one array."""
    return b"[%s]" % b",".join(items)


def _decoded(raw: msgspec.Raw | bytes | None, type_: type[T]) -> T | None:
    if raw is None:
        return None
    try:
        return msgspec.json.decode(raw, type=type_)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
