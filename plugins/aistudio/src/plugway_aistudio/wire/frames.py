"""The one array of an answer, taken apart while it comes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from typing import Any

from plugway import UnreadableAnswer, UpstreamInterrupted
from plugway_aistudio.wire.sparse import GUARD, decode
from plugway_aistudio.wire.status import Status, status_of

#: Largest frame, in bytes: an image may stand in one.
FRAME_BYTES = 64 * 1024 * 1024

#: Deepest nesting of a frame. Each level of a function's arguments takes up to four.
DEPTH = 400

#: What changes the state in a frame: a whole string, the beginning of one that is not whole,
#: brackets. All of it is ASCII, which in UTF-8 is never part of another character. Nothing is
#: looked at again after it has matched, so the time is in proportion to the bytes.
_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|["{}]|\[++|\]++', re.DOTALL)
_STRING = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)
_GAP = re.compile(rb"[^\[\]]*+")
_NULLS = re.compile(rb"[ \t\r\n,]*+(?:null[ \t\r\n]*+(?:,[ \t\r\n,]*+|$))*+")
_BLANK = b" \t\r\n"

#: Most bytes of nulls between two frames.
_GAP_BYTES = 4_096

_QUOTE, _OPEN, _CLOSE, _BRACE = b'"[]{'


class _At(Enum):
    #: Before the array, or in what goes before it.
    HEAD = 1
    #: In the array, before its first element.
    FIRST = 2
    #: In the first element, which is the array of frames, between two of them.
    GAP = 3
    FRAME = 4
    #: In what follows the frames, which ends with the array.
    TAIL = 5
    AFTER = 6


class Frames:
    """Gives the frames of an answer as soon as each is complete.

    An answer is `[[frame, frame, …], …]` (reference: "Streamed body format"). The array's second
    element is a `google.rpc.Status`, as refusals show it: `[,[7,"…"]]`. What follows is ignored.

    Attributes:
        status: What the answer ends with, once the array is closed, unless that is success.

    Example:
        >>> frames = Frames()
        >>> list(frames.push(b'[[[1,,"]"],')), list(frames.push(b"[2"))
        ([[1, None, ']']], [])
        >>> list(frames.push(b",],]]"))
        [[2, None]]
        >>> frames.finish()
    """

    def __init__(self, limit: int = FRAME_BYTES) -> None:
        """Begin before the array.

        Args:
            limit: Largest frame, in bytes.
        """
        self.status: Status | None = None
        self._limit = limit
        self._at = _At.HEAD
        #: What goes before the array, and nulls between frames, as far as they have come.
        self._kept = b""
        #: What has come of a frame, or of the tail.
        self._buffer = bytearray()
        self._depth = 0
        self._quoted = False
        #: The last byte was a backslash in a string.
        self._escaped = False

    def push(self, chunk: bytes) -> Iterator[list[Any]]:
        """Take a chunk.

        Args:
            chunk: Bytes, cut anywhere.

        Yields:
            Each frame that is complete now, nulls that were left out in their places.

        Raises:
            UnreadableAnswer: It is not such an array, or a frame is too large or nested too
                deeply.
        """
        at, end = 0, len(chunk)
        while at < end:
            if self._at is _At.FRAME:
                start = at
                at = self._inside(chunk, start)
                if self._depth:
                    self._keep(chunk[start:at])
                    continue
                self._at = _At.GAP
                yield self._taken(chunk[start:at])
            elif self._at is _At.GAP:
                at = self._between(chunk, at)
            elif self._at is _At.TAIL:
                start = at
                at = self._inside(chunk, start)
                if self._depth:
                    self._keep(chunk[start:at])
                    continue
                self._at = _At.AFTER
                self._end(self._taken(chunk[start:at]))
            elif self._at is _At.HEAD:
                at = self._before(chunk, at)
            elif self._at is _At.FIRST:
                at = self._first(chunk, at)
            elif chunk[at:].strip(_BLANK):
                raise _unreadable("goes on after its end")
            else:
                return

    def finish(self) -> None:
        """Say that nothing more comes.

        Raises:
            UpstreamInterrupted: The array is not closed, or has not begun.
        """
        if self._at is not _At.AFTER:
            raise UpstreamInterrupted(charged=False)

    def _before(self, chunk: bytes, at: int) -> int:
        self._kept = (self._kept + chunk[at:]).lstrip(_BLANK)
        if GUARD.startswith(self._kept):
            return len(chunk)
        rest = self._kept.removeprefix(GUARD).lstrip(_BLANK)
        if not rest and self._kept.startswith(GUARD):
            self._kept = GUARD
            return len(chunk)
        if rest[:1] != b"[":
            raise _unreadable("is not an array")
        self._kept = b""
        self._at = _At.FIRST
        return len(chunk) - len(rest) + 1

    def _first(self, chunk: bytes, at: int) -> int:
        rest = chunk[at:].lstrip(_BLANK)
        if not rest:
            return len(chunk)
        at = len(chunk) - len(rest)
        if rest[:1] == b"[":
            self._at = _At.GAP
            return at + 1
        # There are no frames.
        self._follow(b"[")
        return at

    def _between(self, chunk: bytes, at: int) -> int:
        stop = _GAP.match(chunk, at).end()  # type: ignore[union-attr]  # it matches nothing too
        if self._kept or chunk[at:stop].strip(b" \t\r\n,"):
            self._kept += chunk[at:stop]
            if len(self._kept) > _GAP_BYTES:
                raise _unreadable("has something that is no frame")
            if stop < len(chunk):
                if _NULLS.fullmatch(self._kept) is None:
                    raise _unreadable("has something that is no frame")
                self._kept = b""
        if stop == len(chunk):
            return stop
        if chunk[stop] == _OPEN:
            self._at = _At.FRAME
            return stop
        self._follow(b"[null")
        return stop + 1

    def _follow(self, before: bytes) -> None:
        self._at = _At.TAIL
        self._buffer += before
        self._depth = 1

    def _end(self, whole: list[Any]) -> None:
        self.status = status_of(whole)
        if self.status is None and whole and whole[0] is not None:
            raise _unreadable("has no frames")
        if self.status is not None and not self.status.code:
            self.status = None

    def _inside(self, chunk: bytes, at: int) -> int:
        """Go on to the end of the frame, where the depth is 0, or of the chunk."""
        if self._quoted:
            at = self._string(chunk, at)
        depth = self._depth
        for match in _TOKEN.finditer(chunk, at):
            start, stop = match.span()
            first = chunk[start]
            if first == _QUOTE:
                if stop - start == 1:
                    self._quoted, self._depth = True, depth
                    return self._string(chunk, stop)
            elif first in (_OPEN, _BRACE):
                depth += stop - start
                if depth > DEPTH:
                    raise _unreadable("is nested too deeply")
            else:
                if stop - start >= depth:
                    self._depth = 0
                    return start + depth
                depth -= stop - start
        self._depth = depth
        return len(chunk)

    def _string(self, chunk: bytes, at: int) -> int:
        """Go on to the end of the string, or of the chunk."""
        if self._escaped and at < len(chunk):
            self._escaped = False
            at += 1
        # Most strings are without escapes; this is the quickest way to see it.
        quote = chunk.find(b'"', at)
        if chunk.find(b"\\", at, len(chunk) if quote < 0 else quote) < 0:
            stop = len(chunk) if quote < 0 else quote
        else:
            stop = _STRING.match(chunk, at).end()  # type: ignore[union-attr]  # as above
        if stop == len(chunk):
            return stop
        if chunk[stop] == _QUOTE:
            self._quoted = False
            return stop + 1
        self._escaped = True
        return len(chunk)

    def _keep(self, piece: bytes) -> None:
        if len(self._buffer) + len(piece) > self._limit:
            raise _unreadable(f"has a frame of more than {self._limit} bytes")
        self._buffer += piece

    def _taken(self, piece: bytes) -> list[Any]:
        if self._buffer:
            self._keep(piece)
            whole, self._buffer = decode(self._buffer), bytearray()
        elif len(piece) > self._limit:
            raise _unreadable(f"has a frame of more than {self._limit} bytes")
        else:
            whole = decode(piece)
        if not isinstance(whole, list):
            raise _unreadable("has something that is no frame")
        return whole


def _unreadable(what: str) -> UnreadableAnswer:
    return UnreadableAnswer(f"The upstream's answer {what}.", charged=False)
