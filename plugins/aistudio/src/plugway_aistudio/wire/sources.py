"""Sources that an answer names: what it repeats, and what a search found."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plugway import Citation


class Sources:
    """Reads citations, each once.

    What cannot be understood is left out: the answer itself is there.
    """

    def __init__(self) -> None:
        """Begin with none."""
        self._told: set[tuple[str, int | None, int | None]] = set()
        self._urls: set[str] = set()

    def read(self, candidate: list[Any], pieces: list[str]) -> Iterator[Citation]:
        """Read what a candidate names that is new.

        Args:
            candidate: `[6]` are citations, `[0][i][2]` their addresses and `[3]` their titles;
                `[7]` is grounding metadata (reference: "Streamed body format"). Its fields are
                in the order of the official documentation, "GroundingMetadata": `[1]` sources,
                `[2]` which places of the text they support.
            pieces: The answer's text so far.
        """
        for entry in _list(_at(_at(candidate, 6), 0)):
            yield from self._new(_at(entry, 2), _at(entry, 3), None)
        grounding = _at(candidate, 7)
        # Each source is in one of several fields, by its kind: the web, a document, a place.
        chunks = [
            next((one for one in _list(chunk)[:3] if isinstance(one, list) and one), [])
            for chunk in _list(_at(grounding, 1))
        ]
        supports = _list(_at(grounding, 2))
        text = "".join(pieces).encode() if supports and chunks else b""
        for support in supports:
            place = _place(_at(support, 0), text)
            for index in _list(_at(support, 1)):
                if place is not None and type(index) is int and 0 <= index < len(chunks):
                    yield from self._new(_at(chunks[index], 0), _at(chunks[index], 1), place)
        for chunk in chunks:
            if _at(chunk, 0) not in self._urls:
                yield from self._new(_at(chunk, 0), _at(chunk, 1), None)

    def _new(self, url: Any, title: Any, place: tuple[int, int] | None) -> Iterator[Citation]:
        if not isinstance(url, str) or not url.startswith(("http://", "https://")):
            return
        start, end = place or (None, None)
        if (url, start, end) in self._told:
            return
        self._told.add((url, start, end))
        self._urls.add(url)
        yield Citation(url=url, title=title if isinstance(title, str) else "", start=start, end=end)


def _place(segment: Any, text: bytes) -> tuple[int, int] | None:
    """Return the characters of a segment, which counts bytes and has its text at 3.

    A segment counts in its own part of the answer, so it is believed only where its text is.
    """
    start, end, quoted = _at(segment, 1) or 0, _at(segment, 2), _at(segment, 3)
    if type(start) is not int or type(end) is not int or not isinstance(quoted, str):
        return None
    if not 0 <= start < end <= len(text) or text[start:end] != quoted.encode():
        return None
    first = len(text[:start].decode(errors="ignore"))
    return first, first + len(quoted)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _at(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, list) and index < len(value) else None
