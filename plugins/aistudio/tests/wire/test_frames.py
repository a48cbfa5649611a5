"""The array of an answer is taken apart the same way, however it is cut."""

from __future__ import annotations

import json
from typing import Any

import pytest
from aistudio_frames import sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import UnreadableAnswer, UpstreamError, UpstreamInterrupted
from plugway_aistudio.wire.frames import DEPTH, Frames

_TEXT = st.text(st.characters(exclude_categories=["Cs"])) | st.text('[]{}",:\\ nul')
_VALUE = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | _TEXT,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=15,
)
_FRAMES = st.lists(st.lists(_VALUE, max_size=6), max_size=5)


def taken(chunks: list[bytes]) -> list[list[Any]]:
    frames = Frames()
    found = [one for chunk in chunks for one in frames.push(chunk)]
    frames.finish()
    return found


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends[:-1]], ends, strict=True)]


@settings(deadline=None)
@given(
    values=_FRAMES,
    places=st.lists(st.integers(min_value=0), max_size=20),
    before=st.sampled_from(["", ")]}'\n", " \n)]}' \n"]),
    after=st.sampled_from(["", ",", ",null", ",[0]", ',,"x",{"a":"]"}']),
    written=st.sampled_from([sparse, json.dumps, lambda one: json.dumps(one, indent=1)]),
)
def test_any_cutting_gives_the_same_frames(
    values: list[list[Any]], places: list[int], before: str, after: str, written: Any
) -> None:
    data = f"{before}[[{','.join([written(one) for one in values])}]{after}]\n".encode()
    assert taken(cut(data, places)) == values


@settings(deadline=None)
@given(values=_FRAMES.filter(bool))
def test_byte_by_byte_each_frame_comes_with_its_last_byte(values: list[list[Any]]) -> None:
    data = b"[["
    frames = Frames()
    assert list(frames.push(data)) == []
    for one in values:
        data = sparse(one).encode()
        early = [found for byte in data[:-1] for found in frames.push(bytes([byte]))]
        assert early == []
        assert list(frames.push(data[-1:])) == [one]
        assert list(frames.push(b",")) == []


@settings(deadline=None)
@given(values=_FRAMES, share=st.floats(min_value=0, max_value=1, exclude_max=True))
def test_an_array_that_is_cut_off_is_no_answer(values: list[list[Any]], share: float) -> None:
    data = json.dumps([values]).encode()
    with pytest.raises(UpstreamInterrupted) as caught:
        taken([data[: int(len(data) * share)]])
    assert not caught.value.charged


@settings(deadline=None)
@given(chunks=st.lists(st.binary(max_size=200), max_size=10))
def test_whatever_comes_only_typed_errors_do(chunks: list[bytes]) -> None:
    tolerant(chunks)


@settings(deadline=None)
@given(chunks=st.lists(st.text("[]{}\",:\\ 1nul)'\n", max_size=40), max_size=10))
def test_whatever_looks_like_frames_only_typed_errors_come(chunks: list[str]) -> None:
    tolerant([chunk.encode() for chunk in chunks])
    tolerant([b"[[", *[chunk.encode() for chunk in chunks]])


def tolerant(chunks: list[bytes]) -> None:
    found: list[list[Any]] = []
    error: UpstreamError | None = None
    try:
        found = taken(chunks)
    except (UnreadableAnswer, UpstreamInterrupted) as caught:
        error = caught
    assert error is None or not error.charged
    assert all(isinstance(one, list) for one in found)


@pytest.mark.parametrize(
    ("data", "frames"),
    [
        (b'[[[,[7,"x"]]]]', [[None, [7, "x"]]]),
        (b"[[[1,,3],[1,]]]", [[1, None, 3], [1, None]]),
        (b"[[[ , , ],[\n,1 ,\t]]]", [[None, None, None], [None, 1, None]]),
        (b"[[,[1],,null,[2],]]", [[1], [2]]),
        (b"[[]]", []),
        (b"[]", []),
        (b"[,]", []),
        (b"[null]", []),
        (b'[[["a,,[,]","\\",,\\\\"]]]', [["a,,[,]", '",,\\']]),
        (b'[[["\\ud83d\\ude42"]]]', [["🙂"]]),
    ],
)
def test_nulls_may_be_left_out(data: bytes, frames: list[Any]) -> None:
    assert taken([data]) == frames
    assert taken([bytes([byte]) for byte in data]) == frames


def test_characters_that_are_cut_in_half_stay_whole() -> None:
    data = '[[["日本 \\"]}{[\\" 🙂 \\\\"]]]'.encode()
    for place in range(len(data)):
        assert taken([data[:place], data[place:]]) == [['日本 "]}{[" 🙂 \\']]


def test_a_status_after_the_frames_is_kept() -> None:
    frames = Frames()
    early = list(frames.push(b'[[[1]],[8,"Quota"')), frames.status
    assert early == ([[1]], None)
    assert list(frames.push(b"],9]\n ")) == []
    assert frames.status is not None
    assert (frames.status.code, frames.status.message) == (8, "Quota")
    frames.finish()


@pytest.mark.parametrize("data", [b'[,[7,"x"]]', b'[null,[7,"x"]]', b'[7,"x"]'])
def test_a_status_without_frames_is_kept(data: bytes) -> None:
    frames = Frames()
    assert [one for byte in data for one in frames.push(bytes([byte]))] == []
    assert frames.status is not None
    assert (frames.status.code, frames.status.http, frames.status.message) == (7, 403, "x")


def test_success_is_no_status() -> None:
    frames = Frames()
    list(frames.push(b"[[],[0]]"))
    assert frames.status is None


@pytest.mark.parametrize(
    "data",
    [
        b"<html>",
        b"{}",
        b")]}]",
        b')]}\'\n{"a":1}',
        b'[["a"]]',
        b"[[1]]",
        b"[[nul,[1]]]",
        b"[[[1]]]]",
        b"[[[1]]] x",
        b"[[[1}]]",
        b"[[[1,2}]]",
        b"[[[tru]]]",
        b'[[["\xff"]]]',
        b'[[["\\ud800"]]]',
        b"[[[1e999]]]",
        b'["x"]',
        b"[1,2]",
        b"[[" + b"x" * 5_000,
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        taken([data])
    assert not caught.value.charged
    with pytest.raises(UnreadableAnswer):
        taken([bytes([byte]) for byte in data])


def test_a_frame_that_is_too_large_is_refused_before_it_is_kept() -> None:
    frames = Frames(limit=1_000)
    assert len(list(frames.push(b'[[["' + b"x" * 900 + b'"],'))) == 1
    list(frames.push(b'["' + b"x" * 900))
    with pytest.raises(UnreadableAnswer, match="1000 bytes"):
        list(frames.push(b"x" * 100))


@pytest.mark.parametrize("data", [b"[[[" + b" " * 2_000 + b"]]]", b"[[[1]]," + b"1," * 600])
def test_whole_frames_and_what_follows_are_bounded_too(data: bytes) -> None:
    frames = Frames(limit=1_000)
    with pytest.raises(UnreadableAnswer, match="1000 bytes"):
        list(frames.push(data))


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep = b"[[" + b"[" * DEPTH + b"]" * DEPTH + b"]]"
    assert len(taken([deep])) == 1
    with pytest.raises(UnreadableAnswer, match="nested"):
        taken([b"[[" + b"[" * (DEPTH + 1)])
    with pytest.raises(UnreadableAnswer, match="nested"):
        taken([b"[[[" + b'{"a":' * (DEPTH + 1)])


@pytest.mark.parametrize("size", [1, 7, 65_536, 10_000_000])
def test_a_large_string_is_whole_however_it_is_cut(size: int) -> None:
    text = "日\\\\n[,,]" * (1_000 if size < 100 else 200_000)
    data = f'[[[,"{text}",,"a",],[,2]]]'.encode()
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert taken(chunks) == [[None, text.replace("\\\\", "\\"), None, "a", None], [None, 2]]
