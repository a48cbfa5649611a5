"""What the API behind an applet answers."""

from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import (
    ChatEvent,
    Citation,
    EmptyAnswer,
    Finish,
    Media,
    SafetyBlocked,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
    UnreadableAnswer,
    UpstreamInterrupted,
)
from plugway_aistudio.relay.answer import Answer


def event(*parts: dict[str, Any], finish: str = "", **fields: Any) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": list(parts)}}
    if finish:
        candidate["finishReason"] = finish
    return {"candidates": [{**candidate, **fields.pop("candidate", {})}], **fields}


def body(*events: dict[str, Any]) -> str:
    return "".join(f"data: {json.dumps(one)}\r\n\r\n" for one in events)


def read(text: str, sizes: tuple[int, ...] = ()) -> list[ChatEvent]:
    """Read an answer in pieces of some sizes, the last of which goes on."""
    answer, place = Answer("c"), 0
    found: list[ChatEvent] = []
    for size in (*sizes, len(text)):
        found += answer.read(text[place : place + size])
        place += size
    return [*found, *answer.ended()]


WHOLE = body(
    event({"text": "Hm. ", "thought": True}),
    event({"text": "", "thought": True, "thoughtSignature": "s1"}),
    event({"text": "Schön "}, {"text": "gesagt"}),
    event({"inlineData": {"mimeType": "image/png", "data": b64encode(b"png").decode()}}),
    event(
        finish="STOP",
        usageMetadata={
            "promptTokenCount": 5,
            "candidatesTokenCount": 7,
            "thoughtsTokenCount": 3,
            "toolUsePromptTokenCount": 2,
        },
        candidate={
            "groundingMetadata": {
                "groundingChunks": [
                    {"web": {"uri": "https://a.example", "title": "A"}},
                    {"web": {"uri": "https://a.example", "title": "A"}},
                ]
            }
        },
    ),
)
EVENTS = [
    ThoughtDelta("Hm. "),
    ThoughtDelta("", "s1"),
    TextDelta("Schön "),
    TextDelta("gesagt"),
    Media(mime_type="image/png", data=b"png"),
    Citation(url="https://a.example", title="A"),
    TokenCount(input=7, output=10, thought=3),
    Finish("stop"),
]


@given(st.lists(st.integers(1, 40), max_size=60))
def test_an_answer_is_the_same_however_it_is_cut(sizes: list[int]) -> None:
    assert read(WHOLE, tuple(sizes)) == EVENTS


def test_calls_have_ids_of_their_own_and_end_the_answer_for_functions() -> None:
    call = {"functionCall": {"name": "look", "args": {"at": "this"}}}
    found = read(body(event(call, call), event(finish="STOP")))
    calls = [one for one in found if isinstance(one, ToolCall)]
    assert [(one.name, one.arguments) for one in calls] == [("look", '{"at":"this"}')] * 2
    assert len({one.id for one in calls}) == 2
    assert found[-1] == Finish("tool_calls")


def test_signs_that_end_lines_elsewhere_stay_in_the_text() -> None:
    said = "a\u2028b\u2029c\x85d"
    text = f'data: {{"candidates":[{{"content":{{"parts":[{{"text":"{said}"}}]}}}}]}}\n\n'
    found = read(text + body(event(finish="STOP")))
    assert found == [TextDelta(said), Finish("stop")]


def test_media_of_a_thought_are_drafts() -> None:
    draft = {"inlineData": {"mimeType": "image/png", "data": "cG5n"}, "thought": True}
    found = read(body(event(draft, {"text": "Done"}), event(finish="STOP")))
    assert found == [TextDelta("Done"), Finish("stop")]


def test_a_count_that_lacks_the_answer_takes_nothing_from_it() -> None:
    answer = Answer("c")
    early = event({"text": "Hello"}, usageMetadata={"promptTokenCount": 5})
    found = [*answer.read(body(early))]
    # Should the answer end here, its text is counted by whoever has it.
    assert found == [TextDelta("Hello")]
    found += [*answer.read(body(event(finish="STOP"))), *answer.ended()]
    assert found[1:] == [TokenCount(input=5, output=0), Finish("stop")]


def test_a_limit_that_cuts_calls_is_said() -> None:
    call = {"functionCall": {"name": "look", "id": "1"}}
    found = read(body(event(call, call, finish="MAX_TOKENS")))
    assert [one.id for one in found if isinstance(one, ToolCall)] == ["1", "c_1"]
    assert found[-1] == Finish("length")


def test_what_the_model_itself_broke_off_is_charged() -> None:
    with pytest.raises(UpstreamInterrupted) as caught:
        read(body(event({"text": "All of it"}, finish="UNEXPECTED_TOOL_CALL")))
    assert caught.value.charged


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("MAX_TOKENS", "length"), ("SPII", "safety"), ("RECITATION", "recitation")],
)
def test_why_it_ended_is_said(reason: str, finish: str) -> None:
    assert read(body(event({"text": "x"}, finish=reason)))[-1] == Finish(finish)  # type: ignore[arg-type]  # of the table


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (body(event({"text": "Hello"})), UpstreamInterrupted),
        ("", UpstreamInterrupted),
        (body(event(finish="STOP")), EmptyAnswer),
        (body(event({"text": "x"}, finish="MALFORMED_FUNCTION_CALL")), UpstreamInterrupted),
        (body({"promptFeedback": {"blockReason": "SAFETY"}}), SafetyBlocked),
        ("data: {not json\n\n", UnreadableAnswer),
        ("data: [1]\n\n", UnreadableAnswer),
        (body(event({"inlineData": {"data": "?"}})), UnreadableAnswer),
        (body({"candidates": ["no"]}), UnreadableAnswer),
        (body(event({"functionCall": {"name": 7}})), UnreadableAnswer),
        (body(event({"functionCall": {"name": "look", "args": [1]}})), UnreadableAnswer),
    ],
)
def test_what_is_no_whole_answer_is_an_error(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        read(text)
