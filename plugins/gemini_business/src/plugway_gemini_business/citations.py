"""Sources that an answer names, as its grounding metadata tell them."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from plugway import Citation


class _Document(msgspec.Struct, frozen=True):
    uri: str = ""
    title: str = ""


class _Reference(msgspec.Struct, frozen=True, rename="camel"):
    content: str = ""
    document_metadata: _Document = _Document()


class _Segment(msgspec.Struct, frozen=True, rename="camel"):
    #: Numbers of 64 bits may be texts in Google's JSON.
    start_index: int | str = 0
    end_index: int | str = 0
    reference_indices: tuple[int, ...] = ()


class _Grounding(msgspec.Struct, frozen=True):
    segments: tuple[_Segment, ...] = ()
    references: tuple[_Reference, ...] = ()


def citations_of(metadata: msgspec.Raw, text: str, before: int | None) -> Iterator[Citation]:
    """Read the metadata of one piece of an answer.

    Nothing that cannot be understood ends an answer: it is left out.

    Args:
        metadata: `textGroundingMetadata`; bytes of UTF-8 are what its segments count
            (official documentation, "TextGroundingMetadata.Segment").
        text: The piece that it speaks of.
        before: Characters of the answer before it; None: not known.

    Yields:
        A citation for each segment and source, then the sources that no segment names.
    """
    try:
        found = msgspec.json.decode(metadata, type=_Grounding)
    except (ValueError, RecursionError):
        return
    encoded = text.encode()
    named: set[int] = set()
    for segment in found.segments:
        start = _characters(encoded, segment.start_index, before)
        end = _characters(encoded, segment.end_index, before)
        for index in segment.reference_indices:
            if 0 <= index < len(found.references):
                named.add(index)
                whole = start is not None and end is not None and start < end
                yield from _citation(
                    found.references[index], start if whole else None, end if whole else None
                )
    for index, reference in enumerate(found.references):
        if index not in named:
            yield from _citation(reference, None, None)


def _citation(reference: _Reference, start: int | None, end: int | None) -> Iterator[Citation]:
    document = reference.document_metadata
    if document.uri.startswith(("http://", "https://")):
        yield Citation(
            url=document.uri, title=document.title, quote=reference.content, start=start, end=end
        )


def _characters(encoded: bytes, place: int | str, before: int | None) -> int | None:
    """Return the character of an answer at a byte of its last piece."""
    if isinstance(place, str):
        if not place.isdecimal() or len(place) > 12:
            return None
        place = int(place)
    if before is None or not 0 <= place <= len(encoded):
        return None
    return before + len(encoded[:place].decode(errors="ignore"))
