"""Answers end for a reason, or with an error that says why not."""

from __future__ import annotations

from typing import Any

import pytest
from aistudio_frames import body, frame, part

from plugway import (
    BadRequest,
    ChatEvent,
    EmptyAnswer,
    Finish,
    Media,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    TextDelta,
    ThoughtDelta,
    UpstreamInterrupted,
)
from plugway_aistudio.wire.answer import Answer

_CALL = part(_10=["f", None])


def said(*frames: Any, after: str = "", size: int = 5) -> list[ChatEvent]:
    answer = Answer(model="poet", calls="call", now=lambda: 1_000.0)
    data = body(*frames, after=after)
    found: list[ChatEvent] = []
    for at in range(0, len(data), size):
        found += answer.push(data[at : at + size])
    return [*found, *answer.ended()]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (1, "stop"),
        (2, "length"),
        (3, "safety"),
        (4, "recitation"),
        (7, "safety"),
        (8, "safety"),
        (9, "safety"),
        (11, "safety"),
        (14, "safety"),
        (17, "recitation"),
    ],
)
def test_codes_are_reasons(code: int, reason: str) -> None:
    assert said(frame(part(_1="x"), finish=code)) == [TextDelta("x"), Finish(reason)]  # type: ignore[arg-type]  # as the table says


def test_calls_end_an_answer_that_stops() -> None:
    assert said(frame(part(_1="x"), _CALL), frame(finish=1))[-1] == Finish("tool_calls")
    assert said(frame(_CALL, finish=2))[-1] == Finish("length")


@pytest.mark.parametrize("code", [5, 6, 10, 12, 13, 15, 16, 18, 99])
def test_other_codes_cut_an_answer_that_has_begun(code: int) -> None:
    with pytest.raises(UpstreamInterrupted, match=f"code {code}.*: no more$") as caught:
        said(frame(part(_1="x")), frame(finish=code, _3="no more"))
    # The model itself ends it so, perhaps because a client has asked it to.
    assert caught.value.charged


@pytest.mark.parametrize("code", [1, 5, 10, 12, 13, 15, 16, 18, 99])
def test_an_answer_without_a_word_is_empty(code: int) -> None:
    with pytest.raises(EmptyAnswer) as caught:
        said(frame(part(_1="Hm", _12=True)), frame(part(_1="", _14="s"), finish=code))
    assert not caught.value.charged


def test_a_language_that_is_not_supported_is_the_request_s_fault() -> None:
    with pytest.raises(BadRequest, match="language: sorry"):
        said(frame(finish=6, _3="sorry"))


@pytest.mark.parametrize("code", [2, 3, 4])
def test_a_reason_may_stand_alone(code: int) -> None:
    assert isinstance(said(frame(finish=code))[-1], Finish)


def test_media_or_calls_alone_are_an_answer() -> None:
    assert isinstance(said(frame(part(_2=["image/png", "YWI="]), finish=1))[0], Media)
    assert said(frame(_CALL, finish=1))[-1] == Finish("tool_calls")


def test_text_after_the_finish_code_is_still_read() -> None:
    found = said(frame(part(_1="x"), finish=1), frame(part(_1="y")))
    assert found == [TextDelta("x"), TextDelta("y"), Finish("stop")]


def test_an_answer_without_a_finish_code_is_cut() -> None:
    with pytest.raises(UpstreamInterrupted) as caught:
        said(frame(part(_1="x")), frame(finish=0))
    assert not caught.value.charged


def test_an_answer_that_is_cut_off_is_cut() -> None:
    whole = body(frame(part(_1="x")), frame(part(_1="y"), finish=1))
    for end in range(len(whole) - 3):
        answer = Answer(model="poet", calls="call", now=lambda: 0.0)
        list(answer.push(whole[:end]))
        assert not answer.finished
        with pytest.raises(UpstreamInterrupted) as caught:
            list(answer.ended())
        assert not caught.value.charged


def test_an_answer_that_has_finished_is_whole_without_its_last_brackets() -> None:
    answer = Answer(model="poet", calls="call", now=lambda: 0.0)
    list(answer.push(body(frame(part(_1="x"), finish=1))[:-2]))
    assert answer.finished
    assert list(answer.ended()) == [Finish("stop")]


def test_a_status_in_place_of_an_end_is_its_error() -> None:
    with pytest.raises(QuotaExhausted, match="Slow down") as caught:
        said(frame(part(_1="x")), after=',[8,"Slow down, 5 per minute"]')
    assert (caught.value.quota, caught.value.retry_after) == ("poet", 60.0)
    assert not caught.value.charged


@pytest.mark.parametrize("code", [1, 2, 3, 4, 5, 99])
def test_a_blocked_question_is_refused_with_the_message(code: int) -> None:
    with pytest.raises(SafetyBlocked, match=r": because$") as caught:
        said([None, [code, None, "because"]])
    assert not caught.value.charged


def test_feedback_without_a_code_blocks_nothing() -> None:
    found = said([None, [None, [["rating"]]]], [[frame(part(_1="x"), finish=1)[0][0]], [1]])
    assert found == [TextDelta("x"), Finish("stop")]


def test_thoughts_alone_may_use_all_tokens_up() -> None:
    assert said(frame(part(_1="Hm", _12=1), finish=2)) == [ThoughtDelta("Hm"), Finish("length")]


def test_messages_are_short_and_hold_no_queries() -> None:
    long = "see https://x.example/a?key=secret#f " + "word\n" * 1_000
    with pytest.raises(PlugwayError) as caught:
        said(frame(finish=5, _3=long))
    assert len(caught.value.message) < 500
    assert "secret" not in caught.value.message
    assert "\n" not in caught.value.message
