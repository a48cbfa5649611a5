"""The array of an answer is taken apart the same way, however it is cut."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import UnreadableAnswer, UpstreamInterrupted
from plugway_gemini_business.stream import DEPTH, Elements

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_OBJECTS = st.lists(st.dictionaries(st.text(), _JSON, max_size=4), max_size=5)


def taken(chunks: list[bytes]) -> list[bytes]:
    elements = Elements()
    found = [element for chunk in chunks for element in elements.push(chunk)]
    elements.finish()
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    begins = [0, *ends[:-1]]
    return [data[begin:end] for begin, end in zip(begins, ends, strict=True)]


@given(
    values=_OBJECTS,
    places=st.lists(st.integers(min_value=0), max_size=20),
    indent=st.sampled_from([None, 2]),
    plain=st.booleans(),
)
def test_any_cutting_gives_the_same_elements(
    values: list[dict[str, Any]], places: list[int], indent: int | None, plain: bool
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=plain).encode("utf-8", "surrogatepass")
    found = taken(cut(data, places))
    assert [json.loads(one.decode("utf-8", "surrogatepass")) for one in found] == values


@given(values=_OBJECTS.filter(bool))
def test_byte_by_byte_each_element_comes_with_its_last_byte(values: list[dict[str, Any]]) -> None:
    data = json.dumps(values).encode()
    elements = Elements()
    found: list[bytes] = []
    for index in range(len(data)):
        for element in elements.push(data[index : index + 1]):
            assert data[: index + 1].endswith(element)
            found.append(element)
    assert [json.loads(one) for one in found] == values


@given(values=_OBJECTS, share=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_an_array_that_is_cut_off_is_no_answer(values: list[dict[str, Any]], share: float) -> None:
    data = json.dumps(values).encode()
    with pytest.raises(UpstreamInterrupted):
        taken([data[: int(len(data) * share)]])


@given(chunks=st.lists(st.binary(max_size=200), max_size=10))
def test_whatever_comes_only_typed_errors_do(chunks: list[bytes]) -> None:
    try:
        found = taken(chunks)
    except (UnreadableAnswer, UpstreamInterrupted):
        return
    assert all(one[:1] == b"{" and one[-1:] in b"}]" for one in found)


@given(chunks=st.lists(st.text(alphabet='[]{}",:\\ a1', max_size=30), max_size=10))
def test_whatever_looks_like_json_only_typed_errors_come(chunks: list[str]) -> None:
    with suppress(UnreadableAnswer, UpstreamInterrupted):
        taken([chunk.encode() for chunk in chunks])


def test_characters_that_are_cut_in_half_stay_whole() -> None:
    data = '[{"text": "日本 \\"}{\\" 🙂"}]'.encode()
    for place in range(len(data)):
        assert taken([data[:place], data[place:]]) == [data[1:-1]]


def test_objects_without_an_array_are_taken_too() -> None:
    assert taken([b'{"error": {"code": 429}}\n']) == [b'{"error": {"code": 429}}']
    assert taken([b'{"a": 1}\n{"b"', b": 2}\n"]) == [b'{"a": 1}', b'{"b": 2}']


@pytest.mark.parametrize("data", [b"", b"  \r\n", b"["])
def test_nothing_is_no_answer(data: bytes) -> None:
    with pytest.raises(UpstreamInterrupted):
        taken([data])


def test_an_empty_array_has_no_elements() -> None:
    assert taken([b"[]"]) == []


@pytest.mark.parametrize(
    "data", [b"<html>", b"[1]", b'["a"]', b"[{}]{}", b"[[{}]]", b"[{}] x", b"]", b"[{}],"]
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableAnswer):
        taken([data])


def test_an_element_that_is_too_large_is_refused_before_it_is_kept() -> None:
    elements = Elements(limit=1_000)
    assert len(list(elements.push(b'[{"a": "' + b"x" * 900 + b'"},'))) == 1
    list(elements.push(b'{"a": "' + b"x" * 900))
    with pytest.raises(UnreadableAnswer, match="1000 bytes"):
        list(elements.push(b"x" * 100))


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(UnreadableAnswer, match="deeply"):
        taken([b"[" + b'{"a":' * (DEPTH + 1)])


def test_what_came_before_a_fault_is_given_before_the_error() -> None:
    elements = Elements()
    pushed = elements.push(b'[{"a": 1}, nonsense')
    assert next(pushed) == b'{"a": 1}'
    with pytest.raises(UnreadableAnswer):
        next(pushed)
