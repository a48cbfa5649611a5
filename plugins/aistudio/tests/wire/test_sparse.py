"""Nulls that were left out are where they would be."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from aistudio_frames import sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import UnreadableAnswer
from plugway_aistudio.wire.sparse import decode

_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text('[]{}",:\\ nul')
_VALUE = st.recursive(
    st.none() | st.integers(-9, 9) | _TEXT,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=20,
)


@settings(deadline=None)
@given(value=st.lists(_VALUE, max_size=8))
def test_left_out_or_not_it_is_the_same(value: list[Any]) -> None:
    assert decode(sparse(value).encode()) == value


@settings(deadline=None)
@given(value=st.lists(_VALUE, max_size=8))
def test_it_is_the_same_in_something_large(value: list[Any]) -> None:
    whole = [None, "x\n" * 40_000, value, None, '"', None]
    data = sparse(whole).encode()
    assert decode(data) == whole
    assert decode(bytearray(data)) == whole


@settings(deadline=None)
@given(data=st.binary(max_size=100) | st.text('[]",\\ nul1', max_size=60).map(str.encode))
def test_whatever_comes_only_a_typed_error_does(data: bytes) -> None:
    for one in (data, data + b' "' + b"x" * 70_000):
        with suppress(UnreadableAnswer):
            decode(one)


@pytest.mark.parametrize(
    "data", [b"", b"[" * 100_000, b"[1,,", b'["', b"," * 70_000, b'"' * 70_001]
)
def test_what_is_no_json_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        decode(data)
