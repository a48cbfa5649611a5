"""The form of a streamed answer: a JSON array written bit by bit, and cut anywhere."""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterator
from typing import Any, Literal

#: Where a reader that does not expect it is hurt most: after a backslash and within the four
#: digits behind it, amid a character of several bytes, and right behind a quotation mark.
_AWKWARD = re.compile(rb'\\(?:u[0-9a-f]{2}|(?=.))|[\xc2-\xf4](?=[\x80-\xbf])|"(?=[^,:\s\]}])')

#: Not each of these in a long element: an image has none, but text has many.
_MOST_CUTS = 48

#: Signs that Google's JSON escapes, so that pages can hold it.
_ESCAPED = {sign: f"\\u{ord(sign):04x}" for sign in "<>&='"}

CLOSED = b"\r\n]"


def written(element: Any, index: int) -> bytes:
    """Write one element of the array, with what goes before it.

    Every other element has its characters beyond ASCII escaped: readers get both forms.

    Args:
        element: The element.
        index: Which it is, from 0.

    Example:
        >>> written({"a": "é<"}, 0).decode()
        '[{\\n  "a": "é\\\\u003c"\\n}'
        >>> written({"a": "é"}, 1)
        b',\\r\\n{\\n  "a": "\\\\u00e9"\\n}'
    """
    text = json.dumps(element, indent=2, ensure_ascii=bool(index % 2))
    for sign, escape in _ESCAPED.items():
        text = text.replace(sign, escape)
    return b"[" * (index == 0) + b",\r\n" * (index > 0) + text.encode()


def cut(data: bytes, how: Literal["awkward", "element"] | int) -> Iterator[bytes]:
    """Cut what is sent.

    Args:
        data: What is sent.
        how: See `Behaviour.chunks`.

    Example:
        >>> list(cut(b"abcde", 2))
        [b'ab', b'cd', b'e']
        >>> [piece.decode() for piece in cut(b'{"a": "b\\\\n"}', "awkward")]
        ['{"', 'a": "', 'b\\\\', 'n"}']
    """
    if how == "element":
        ends = [len(data)]
    elif how == "awkward":
        found = [match.end() for match in _AWKWARD.finditer(data)]
        step = len(found) // _MOST_CUTS + 1
        ends = [*found[::step], len(data)]
    else:
        ends = [*range(how, len(data), how), len(data)]
    begin = 0
    for end in ends:
        if end > begin:
            yield data[begin:end]
            begin = end


class Gzip:
    """Compresses what is sent, so that each piece can be read when it is there."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(wbits=31)

    def piece(self, data: bytes) -> bytes:
        """Compress a piece."""
        return self._packer.compress(data) + self._packer.flush(zlib.Z_SYNC_FLUSH)

    def end(self) -> bytes:
        """Return what ends the stream."""
        return self._packer.flush()
