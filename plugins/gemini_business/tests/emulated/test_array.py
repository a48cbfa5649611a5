"""The form of the answer: any chunks of it are one array."""

from __future__ import annotations

import json
import zlib
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway_gemini_business.emulated.array import CLOSED, Gzip, cut, written

#: See `Behaviour.chunks`.
How = Literal["awkward", "element"] | int

_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_ELEMENTS = st.lists(st.dictionaries(st.text(), _VALUES, max_size=3), min_size=1, max_size=4)
_NAMED: st.SearchStrategy[How] = st.sampled_from(("awkward", "element"))
_CHUNKS: st.SearchStrategy[How] = _NAMED | st.integers(1, 50)


def pieces(elements: list[Any], how: How) -> list[bytes]:
    """Return what goes out for an answer."""
    parts = [
        piece
        for index, element in enumerate(elements)
        for piece in cut(written(element, index), how)
    ]
    return [*parts, CLOSED]


@given(_ELEMENTS, _CHUNKS)
def test_any_chunks_join_to_the_array(elements: list[Any], how: How) -> None:
    sent = pieces(elements, how)
    assert all(sent)
    assert json.loads(b"".join(sent)) == elements


@given(_ELEMENTS, _CHUNKS)
def test_compressed_chunks_can_be_read_when_they_are_there(elements: list[Any], how: How) -> None:
    packer, unpacker = Gzip(), zlib.decompressobj(wbits=31)
    for piece in pieces(elements, how):
        assert unpacker.decompress(packer.piece(piece)) == piece
    assert unpacker.decompress(packer.end()) == b""
    assert unpacker.eof


@pytest.mark.parametrize("index", [0, 1])
def test_cuts_are_awkward(index: int) -> None:
    element = {"text": 'é "quoted" 🦊 \\ <b>'}
    sent = list(cut(written(element, index), "awkward"))
    whole = b"".join(sent)
    # Right behind a backslash, within the digits of an escape, and behind a quotation mark.
    assert any(piece.endswith(b"\\") for piece in sent)
    assert any(piece[-4:-2] == b"\\u" for piece in sent)
    assert any(piece.endswith(b'"') for piece in sent)
    assert (b"\\ud83e\\udd8a" in whole) == bool(index)
    if index == 0:
        # Amid a character.
        assert any(piece[-1] >= 0xC2 for piece in sent)


def test_long_elements_are_not_cut_to_dust() -> None:
    sent = list(cut(written({"text": "é" * 10_000}, 0), "awkward"))
    assert 10 < len(sent) < 60
