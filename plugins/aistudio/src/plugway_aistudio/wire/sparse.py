"""Arrays whose nulls may be left out, as Google's services write them."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from plugway import UnreadableAnswer

#: A whole string, or brackets and commas among which nulls were left out. Nothing is looked at
#: again after it has matched, so the time is in proportion to the bytes.
_LEFT_OUT = re.compile(
    rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|(?:\[(?=[ \t\r\n]*+,)|,(?=[ \t\r\n]*+[,\]]))[ \t\r\n,]*+',
    re.DOTALL,
)
_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)

#: From this size on, in bytes, long strings are likely, and looking for their ends pays.
_LARGE = 65_536

#: Goes before JSON that no other site shall run (reference: "Streamed body format").
GUARD = b")]}'"


def decode(data: bytes | bytearray) -> Any:
    """Decode JSON in whose arrays nulls may be left out.

    One that is left out at the end counts too: `[1,]` is `[1, null]` (reference: "Streamed body
    format", `,]` is one of the places). By position it is the same as nothing.

    Args:
        data: The JSON, whole.

    Raises:
        UnreadableAnswer: It is none, is no UTF-8, or is nested too deeply.

    Example:
        >>> decode(b'[,[7,"[,"],,]')
        [None, [7, '[,'], None, None]
    """
    try:
        try:
            return msgspec.json.decode(data)
        except msgspec.DecodeError:
            return msgspec.json.decode(_filled(data))
    except (ValueError, RecursionError):
        raise UnreadableAnswer("The upstream's answer is not JSON.", charged=False) from None


def _filled(data: bytes | bytearray) -> bytes:
    """Write the nulls that were left out."""
    if len(data) < _LARGE:
        return _LEFT_OUT.sub(_with_nulls, data)
    pieces: list[bytes | bytearray] = []
    at = 0
    while (quote := data.find(b'"', at)) >= 0:
        pieces.append(_LEFT_OUT.sub(_with_nulls, data[at:quote]))
        at = data.find(b'"', quote + 1) + 1
        if not at or data.find(b"\\", quote + 1, at) >= 0:
            at = _STRING.match(data, quote + 1).end()  # type: ignore[union-attr]  # it may be empty
        pieces.append(data[quote:at])
    pieces.append(_LEFT_OUT.sub(_with_nulls, data[at:]))
    return b"".join(pieces)


def _with_nulls(match: re.Match[bytes]) -> bytes:
    found = match[0]
    if found[:1] == b'"':
        return found
    # Between two commas, or a bracket and a comma, stands one.
    commas = found.count(b",")
    before = b"[" + b"null," * commas if found[:1] == b"[" else b"," + b"null," * (commas - 1)
    last = match.string[match.end() : match.end() + 1] == b"]"
    return before + b"null" if last else before
