"""Elements of an answer are understood, or refused with a typed error."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import (
    BadRequest,
    ChatEvent,
    Citation,
    EmptyAnswer,
    Finish,
    Media,
    PlugwayError,
    TextDelta,
    ThoughtDelta,
    ToolCall,
    UnreadableAnswer,
    UpstreamInterrupted,
)
from plugway_gemini_business.refusal import Refusal
from plugway_gemini_business.reply import Reply

IMAGE = {"inlineData": {"mimeType": "image/png", "data": "aW1hZ2U="}}


def element(content: dict[str, Any], state: str = "IN_PROGRESS", **more: Any) -> bytes:
    replies = [{"groundedContent": {"content": content, **more}}]
    return json.dumps(
        {"streamAssistResponse": {"answer": {"state": state, "replies": replies}}}
    ).encode()


def events(*elements: bytes, wanted: frozenset[str] = frozenset()) -> list[ChatEvent]:
    reply = Reply(wanted, "c1", Refusal.error)
    found = [event for one in elements for event in reply.read(one)]
    return [*found, *reply.ended(), reply.finish()]


def test_text_and_thoughts_come_at_once() -> None:
    assert events(
        element({"text": "hm", "thought": True}), element({"text": "Yes."}, "SUCCEEDED")
    ) == [ThoughtDelta("hm"), TextDelta("Yes."), Finish()]


def test_text_waits_for_the_image_that_was_asked_for() -> None:
    assert events(
        element({"text": "Here:"}),
        element(IMAGE),
        element({"text": "Nice?"}, "SUCCEEDED"),
        wanted=frozenset({"image"}),
    ) == [
        TextDelta("Here:"),
        Media(mime_type="image/png", data=b"image"),
        TextDelta("Nice?"),
        Finish(),
    ]


def test_functions_that_are_asked_for_are_passed_on() -> None:
    call = {"functionCall": {"name": "weather", "args": {"at": "Rome"}}}
    assert events(element(call, "SUCCEEDED")) == [
        ToolCall(id="call_c1_1", name="weather", arguments='{"at":"Rome"}'),
        Finish("tool_calls"),
    ]


def test_sources_have_their_places_in_characters() -> None:
    metadata = {
        "segments": [
            {"startIndex": "7", "endIndex": "10", "referenceIndices": [0]},
            {"startIndex": 0, "endIndex": 999, "referenceIndices": [0, 7, -1]},
        ],
        "references": [
            {"content": "quoted", "documentMetadata": {"uri": "https://a.example/", "title": "A"}},
            {"documentMetadata": {"uri": "https://b.example/"}},
            {"documentMetadata": {"uri": "javascript:alert(1)"}},
        ],
    }
    found = events(
        element({"text": "Née. "}),
        element({"text": "日本 été"}, "SUCCEEDED", textGroundingMetadata=metadata),
    )
    text = "".join([one.text for one in found if isinstance(one, TextDelta)])
    first, vague, unnamed = [one for one in found if isinstance(one, Citation)]
    assert (first.url, first.title, first.quote) == ("https://a.example/", "A", "quoted")
    assert text[first.start : first.end] == "ét"
    assert (vague.start, vague.end) == (None, None)
    assert unnamed.url == "https://b.example/"


@pytest.mark.parametrize("metadata", [3, "x", [], {"segments": 3}, {"references": [None]}])
def test_sources_that_are_not_understood_end_nothing(metadata: Any) -> None:
    one = element({"text": "Hi"}, "SUCCEEDED", textGroundingMetadata=metadata)
    assert events(one) == [TextDelta("Hi"), Finish()]


def test_fields_that_nobody_knows_change_nothing() -> None:
    whole = json.loads(element({"text": "Hi", "role": "model", "new": [1]}, "SUCCEEDED"))
    whole["trace"] = {"a": 1}
    assert events(json.dumps(whole).encode()) == [TextDelta("Hi"), Finish()]
    assert events(b'{"assistToken": "x"}', element({"text": "Hi"}, "SUCCEEDED"))[0].text == "Hi"  # type: ignore[union-attr]  # it is a TextDelta


@pytest.mark.parametrize(
    ("elements", "wanted", "error"),
    [
        ([element({"text": "hm", "thought": True}, "SUCCEEDED")], (), EmptyAnswer),
        ([element({}, "SUCCEEDED")], (), EmptyAnswer),
        ([element({"text": "No."}, "SUCCEEDED")], ("image",), EmptyAnswer),
        ([element({"text": "Hi"})], (), UpstreamInterrupted),
        ([element({}, "CANCELLED")], (), UpstreamInterrupted),
        ([b'{"error": {"code": 400, "message": "no"}}'], (), BadRequest),
        ([b'{"streamAssistResponse": []}'], (), UnreadableAnswer),
        ([element({"inlineData": {"data": "%%%"}})], (), UnreadableAnswer),
    ],
)
def test_what_is_no_answer_is_an_error(
    elements: list[bytes], wanted: tuple[str, ...], error: type[PlugwayError]
) -> None:
    with pytest.raises(error):
        events(*elements, wanted=frozenset(wanted))


@pytest.mark.parametrize(
    ("body", "code", "name", "wait"),
    [
        ({"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}, 200, "QuotaExhausted", None),
        (
            {
                "error": {
                    "status": "RESOURCE_EXHAUSTED",
                    "details": [{"@type": "RetryInfo", "retryDelay": "12.5s"}],
                }
            },
            200,
            "QuotaExhausted",
            12.5,
        ),
        ({"error": {"code": 16, "status": "UNAUTHENTICATED"}}, 200, "CredentialExpired", None),
        ({"message": "x", "status": "EXPIRED_SIGN_IN"}, 403, "CredentialExpired", None),
        ({"error": {"status": "PERMISSION_DENIED"}}, 403, "CredentialRestricted", None),
        ({"error": {"code": 504}}, 504, "UpstreamTimeout", None),
        ([], 503, "UpstreamError", None),
        (None, 413, "BadRequest", None),
    ],
)
def test_refusals_are_typed(body: Any, code: int, name: str, wait: float | None) -> None:
    from plugway_gemini_business.refusal import of_body

    error = of_body(json.dumps(body).encode(), code).error()
    assert (type(error).__name__, error.retry_after) == (name, wait)


_NAMES = [
    "streamAssistResponse",
    "answer",
    "state",
    "replies",
    "groundedContent",
    "content",
    "text",
    "thought",
    "error",
    "code",
    "status",
    "details",
    "uToken",
    "file",
    "fileId",
    "inlineData",
    "data",
    "textGroundingMetadata",
    "segments",
    "references",
    "functionCall",
    "name",
    "args",
    "sessionInfo",
    "session",
]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(_NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=10,
)


@given(st.lists(_JSON, max_size=3))
def test_whatever_comes_only_typed_errors_do(values: list[Any]) -> None:
    with suppress(PlugwayError):
        events(*[json.dumps(value).encode() for value in values])
