"""Frames say what their positions say."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from aistudio_frames import frame, part, struct, usage
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import (
    ChatEvent,
    Citation,
    Finish,
    Media,
    PlugwayError,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    UnreadableAnswer,
    UpstreamError,
)
from plugway_aistudio.wire.reply import Reply


def said(*frames: Any) -> list[ChatEvent]:
    reply = Reply("call")
    found = [event for one in frames for event in reply.read(one)]
    return [*found, *reply.ended()]


def test_text_comes_as_it_is_said() -> None:
    assert said(frame(part(_1="Hel")), frame(part(_1="lo"), part(_1=" there"), finish=1)) == [
        TextDelta("Hel"),
        TextDelta("lo"),
        TextDelta(" there"),
        Finish("stop"),
    ]


def test_thoughts_are_told_by_their_flag_and_not_by_length() -> None:
    long = part(_1="An answer with a signature.", _14="c2ln")
    assert len(long) == 15
    found = said(
        frame(part(_1="Hm. ", _12=True), part(_1="Aha.", _12=1, _14="dGg=")),
        frame(long, part(_1=" More", _12=0), part(_1=".", _12=False), finish=1),
    )
    assert found == [
        ThoughtDelta("Hm. "),
        ThoughtDelta("Aha.", "dGg="),
        ThoughtDelta("", "c2ln"),
        TextDelta("An answer with a signature."),
        TextDelta(" More"),
        TextDelta("."),
        Finish("stop"),
    ]


def test_a_signature_after_text_comes_after_it() -> None:
    found = said(frame(part(_1="a")), frame(part(_1="b", _14="s")), frame(part(_14="t"), finish=1))
    assert found[:-1] == [
        TextDelta("a"),
        TextDelta("b"),
        ThoughtDelta("", "s"),
        ThoughtDelta("", "t"),
    ]


def test_calls_are_all_kept_with_ids_of_their_own() -> None:
    same = part(_10=["weather", struct({"city": "Rome", "days": 5})])
    own = part(_10=["weather", [], "id-1"], _14="sig")
    made = part(_10=["weather", None, "call_1"])
    found = said(frame(made, same, same), frame(own, own, finish=1))
    calls = [one for one in found if isinstance(one, ToolCall)]
    assert [one.id for one in calls] == ["call_1", "call_2", "call_3", "id-1", "call_4"]
    assert [one.arguments for one in calls] == ["{}", *['{"city":"Rome","days":5}'] * 2, "{}", "{}"]
    assert [one.signature for one in calls] == [None, None, None, "sig", "sig"]
    assert found[-1] == Finish("tool_calls")
    assert len(found) == 6


def test_a_call_may_follow_text_and_thoughts_in_one_part() -> None:
    found = said(frame(part(_1="Let me see.", _10=["f", None], _14="s"), finish=1))
    assert found[:2] == [
        TextDelta("Let me see."),
        ToolCall(id="call_1", name="f", signature="s"),
    ]
    thought = said(frame(part(_1="Hm", _10=["f", None], _12=True, _14="s"), finish=1))
    assert thought[:2] == [ThoughtDelta("Hm"), ToolCall(id="call_1", name="f", signature="s")]


def test_media_come_with_their_bytes() -> None:
    data = bytes(range(256))
    plain, url_safe = base64.b64encode(data).decode(), base64.urlsafe_b64encode(data).decode()
    found = said(
        frame(part(_2=["image/png", plain])),
        frame(part(_2=["", url_safe.rstrip("=")]), part(_2=["image/png", ""]), finish=1),
    )
    assert found == [
        Media(mime_type="image/png", data=data),
        Media(mime_type="application/octet-stream", data=data),
        Finish("stop"),
    ]


def test_drafts_of_media_are_not_given() -> None:
    found = said(frame(part(_2=["image/png", "YWI="], _12=True), part(_1="x"), finish=1))
    assert found == [TextDelta("x"), Finish("stop")]


def test_code_and_its_result_are_text_in_fences() -> None:
    found = said(
        frame(part(_1="So:"), part(_7=[1, "print('```')"])),
        frame(part(_8=[1, "```\n"]), part(_8=[2, "NameError"]), part(_7=[0, ""], _12=1), finish=1),
    )
    assert "".join([one.text for one in found if isinstance(one, TextDelta)]) == (
        "So:\n````python\nprint('```')\n````\n````output\n```\n````\n```error\nNameError\n```\n"
    )
    assert found[-2] == ThoughtDelta("```\n```\n")


def test_the_language_of_code_may_be_a_name() -> None:
    found = said(frame(part(_7=["PYTHON", "x"]), part(_7=["a\nb", "y"]), finish=1))
    assert found[:2] == [TextDelta("```python\nx\n```\n"), TextDelta("```\ny\n```\n")]


def test_sources_come_once_each() -> None:
    cited = [[[None, None, "https://a.example", "A"], [0, 9, "https://b.example"], ["no url"]]]
    found = said(
        frame(part(_1="x"), _6=cited),
        frame(_6=cited),
        frame(_6=[[[None, None, "javascript:1", "C"]]], finish=1),
    )
    assert found[1:-1] == [
        Citation(url="https://a.example", title="A"),
        Citation(url="https://b.example"),
    ]


def test_grounding_names_sources_and_what_they_support() -> None:
    chunks = [
        [["https://a.example", "A"]],
        [None, ["https://b.example", "B"]],
        [["https://c.example"]],
    ]
    supports = [
        [[None, None, 6, "日本"], [0, 1, 7]],
        [[0, 7, 12, "hello"], [1]],
        [[0, 7, 12, "other"], [0]],
    ]
    grounding = [["<html>"], chunks, supports, None, ["query"]]
    found = said(
        frame(part(_1="日本 hel"), part(_1="lo")),
        frame(_7=grounding),
        frame(_7=grounding, finish=1),
    )
    assert found[2:-1] == [
        Citation(url="https://a.example", title="A", start=0, end=2),
        Citation(url="https://b.example", title="B", start=0, end=2),
        Citation(url="https://b.example", title="B", start=3, end=8),
        Citation(url="https://c.example"),
    ]


@pytest.mark.parametrize(
    "junk", ["x", [1], [[1]], [[[1]]], [[[None, None, 5]]], [None, [[["u"]], 3], [[["s"], 5], 7]]]
)
def test_sources_that_are_not_understood_are_left_out(junk: Any) -> None:
    assert said(frame(part(_1="x"), finish=1, _6=junk, _7=junk)) == [TextDelta("x"), Finish("stop")]


def test_tokens_are_told_with_reasoning_in_the_output() -> None:
    found = said(
        frame(part(_1="x"), usage=usage(10, 5, 38, tool=3, thought=20)),
        frame(finish=1),
        [None, None, usage("10", 6, 39, tool=3, thought=20)],
    )
    assert found[1:] == [
        TokenCount(input=13, output=25, thought=20),
        TokenCount(input=13, output=26, thought=20),
        Finish("stop"),
    ]


def test_reasoning_that_the_output_has_is_not_counted_twice() -> None:
    found = said(frame(part(_1="x"), finish=1, usage=usage(10, 25, 35, thought=20)))
    assert found[1] == TokenCount(input=10, output=25, thought=20)


def test_a_count_without_the_answer_waits_for_a_better_one() -> None:
    early = usage(10, None, 14, thought=4)
    found = said(
        frame(part(_1="Hm", _12=True), usage=early),
        frame(part(_1="x"), usage=early),
        frame(part(_1="y"), finish=1, usage=usage(10, None, 16, thought=4)),
    )
    assert found == [
        ThoughtDelta("Hm"),
        TokenCount(input=10, output=4, thought=4),
        TextDelta("x"),
        TextDelta("y"),
        TokenCount(input=10, output=6, thought=4),
        Finish("stop"),
    ]
    alone = said(frame(part(_1="x"), finish=1, usage=early))
    assert alone[1:] == [TokenCount(input=10, output=4, thought=4), Finish("stop")]


def test_what_is_not_known_is_passed_over() -> None:
    strange = part(_1="x", _3=["?"], _11=["f", []], _13={"a": 1}, _22=["t"], _40="new")
    found = said(
        [],
        [None, None, None, "new"],
        [[], None, []],
        [[[]]],
        [[None]],
        [[[None, None]], [], [None]],
        frame(None, [], strange, _2=9, _30="new", finish=None),
        frame(None, finish=1, _4=["new"]),
    )
    assert found == [TokenCount(), TextDelta("x"), Finish("stop")]


@pytest.mark.parametrize(
    "bad",
    [
        ["x"],
        [["x"]],
        [[["x"]]],
        [[[["x"]]]],
        [[[[["x"]]]]],
        frame(part(_1=5)),
        frame(part(_1="x", _12="yes")),
        frame(part(_1="x", _12=2)),
        frame(part(_1="x", _14=5)),
        frame(part(_2="x")),
        frame(part(_2=["image/png", "no base64!"])),
        frame(part(_2=["image/png", "abcde"])),
        frame(part(_2=[5, "YWI="])),
        frame(part(_7="x")),
        frame(part(_7=[1.5, "x"])),
        frame(part(_8=[])),
        frame(part(_10=[])),
        frame(part(_10=[None, None, "id"])),
        frame(part(_10=["f", "x"])),
        frame(part(_10=["f", None, 5])),
        frame(_1="STOP"),
        frame(_1=True),
        frame(_1=1, _3=5),
        [None, "x"],
        [None, ["x"]],
        [None, None, "x"],
        [None, None, usage(1.5, 1, 1)],
        [None, None, usage(-1, 1, 1)],
    ],
)
def test_another_type_at_a_known_position_is_an_error(bad: Any) -> None:
    with pytest.raises(UnreadableAnswer) as caught:
        said(bad)
    assert not caught.value.charged


_JUNK = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 20) | st.text(max_size=3) | st.floats(),
    lambda inner: st.lists(inner, max_size=15) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=40,
)


@settings(deadline=None)
@given(frames=st.lists(st.lists(_JUNK, max_size=8), max_size=4))
def test_whatever_comes_only_typed_errors_do(frames: list[list[Any]]) -> None:
    look(frames)


@settings(deadline=None)
@given(parts=st.lists(_JUNK, max_size=3), rest=st.lists(_JUNK, max_size=8), count=_JUNK)
def test_whatever_parts_come_only_typed_errors_do(
    parts: list[Any], rest: list[Any], count: Any
) -> None:
    look([[[[[parts, "model"], *rest]], None, count]])


def look(frames: list[list[Any]]) -> None:
    found: list[ChatEvent] = [Finish()]
    error: PlugwayError | None = None
    try:
        found = said(*frames)
    except PlugwayError as caught:
        error = caught
    if isinstance(error, UpstreamError) and "(code " not in error.message:
        assert not error.charged
    assert isinstance(found[-1], Finish)
