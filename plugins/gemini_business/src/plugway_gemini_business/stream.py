"""The chunked JSON array of an answer, taken apart while it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from plugway import UnreadableAnswer, UpstreamInterrupted

#: Largest element, in bytes: an image may stand in one.
ELEMENT_BYTES = 64 * 1024 * 1024

#: Deepest nesting of an element.
DEPTH = 100

#: What changes the state outside of a string, and inside of one. All of it is ASCII, which in
#: UTF-8 is never part of another character.
_OUTSIDE = re.compile(rb'"[^"\\]*"|["{}\[\]]')
_INSIDE = re.compile(rb'["\\]')


class Elements:
    """Gives the elements of an array as soon as each is complete.

    Objects that stand alone are taken too: errors come so, and arrays whose brackets somebody
    on the way has left out.

    Example:
        >>> elements = Elements()
        >>> list(elements.push(b'[{"a": "}"},')), list(elements.push(b'{"b"'))
        ([b'{"a": "}"}'], [])
        >>> list(elements.push(b': 1}]'))
        [b'{"b": 1}']
        >>> elements.finish()
    """

    def __init__(self, limit: int = ELEMENT_BYTES) -> None:
        """Begin before the array.

        Args:
            limit: Largest element, in bytes.
        """
        self._limit = limit
        #: Pieces of the element that has begun.
        self._pieces: list[bytes] = []
        self._size = 0
        self._depth = 0
        self._quoted = False
        #: The last byte was a backslash in a string.
        self._escaped = False
        self._opened = False
        self._closed = False
        #: Elements so far.
        self.count = 0

    def push(self, data: bytes) -> Iterator[bytes]:
        """Take a chunk.

        Args:
            data: Bytes, cut anywhere.

        Yields:
            The JSON of each object that is complete now.

        Raises:
            UnreadableAnswer: It is no array of objects, or an element is too large.
        """
        at, end = 0, len(data)
        while at < end:
            if self._depth == 0:
                at = self._between(data, at)
                continue
            start = at
            at = self._within(data, at)
            self._keep(data[start:at])
            if self._depth == 0:
                yield self._take()

    def finish(self) -> None:
        """Say that nothing more comes.

        Raises:
            UpstreamInterrupted: The array has not ended, or there was none.
        """
        if self._depth or (self._opened and not self._closed) or not (self.count or self._closed):
            raise UpstreamInterrupted

    def _between(self, data: bytes, at: int) -> int:
        """Look at one byte that is in no element."""
        byte = data[at : at + 1]
        if byte == b"{" and not self._closed:
            self._depth = 1
            self._keep(byte)
        elif byte == b"[" and not self._opened and not self.count:
            self._opened = True
        elif byte == b"]" and self._opened and not self._closed:
            self._closed = True
        elif byte not in (b" ", b"\t", b"\r", b"\n") and (byte != b"," or self._closed):
            raise UnreadableAnswer("The upstream's answer is not a JSON array of objects.")
        return at + 1

    def _within(self, data: bytes, at: int) -> int:
        """Go on to the end of the element, or of the data."""
        end = len(data)
        while at < end:
            if self._escaped:
                self._escaped = False
                at += 1
                continue
            match = (_INSIDE if self._quoted else _OUTSIDE).search(data, at)
            if match is None:
                return end
            at = match.end()
            byte = match[0]
            if byte == b'"':
                self._quoted = not self._quoted
            elif byte == b"\\":
                self._escaped = True
            elif len(byte) > 1:
                # A whole string without escapes.
                continue
            elif byte in (b"{", b"["):
                self._depth += 1
                if self._depth > DEPTH:
                    raise UnreadableAnswer("The upstream's answer is nested too deeply.")
            else:
                self._depth -= 1
                if self._depth == 0:
                    return at
        return at

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise UnreadableAnswer(
                f"An element of the upstream's answer is larger than {self._limit} bytes."
            )
        self._pieces.append(piece)

    def _take(self) -> bytes:
        whole = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces, self._size = [], 0
        self.count += 1
        return whole
