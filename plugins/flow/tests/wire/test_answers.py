"""Answers of both shapes, and of none."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import EmptyAnswer, PlugwayError, SafetyBlocked, UnreadableAnswer
from plugway_flow.wire import images, videos
from plugway_flow.wire.reading import credits_left, decoded, outline
from plugway_flow.wire.videos import Job

URL = "https://storage.example/a?Signature=1"

#: Names that answers have, so that arbitrary ones come near.
NAMES = st.sampled_from(
    [
        "media",
        "name",
        "image",
        "generatedImage",
        "fifeUrl",
        "encodedImage",
        "operations",
        "operation",
        "metadata",
        "video",
        "status",
        "mediaMetadata",
        "mediaStatus",
        "mediaGenerationStatus",
        "error",
        "message",
        "details",
    ]
)
WORDS = st.sampled_from(["MEDIA_GENERATION_STATUS_SUCCESSFUL", "o", "ERROR_X", URL, "", "#"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=12,
)
OLD = Job(form="operations", name="o", scene="s")
NEW = Job(form="media", name="m", project="p")


def old(word: str, **operation: Any) -> dict[str, Any]:
    """Return an answer of the old shape."""
    status = f"MEDIA_GENERATION_STATUS_{word}"
    entry = {"operation": {"name": "o", **operation}, "sceneId": "s", "status": status}
    return {"operations": [entry], "remainingCredits": 900}


def new(word: str, **more: Any) -> dict[str, Any]:
    """Return an answer of the new shape."""
    status = {"mediaStatus": {"mediaGenerationStatus": f"MEDIA_GENERATION_STATUS_{word}"}}
    video = {"operation": {"name": "op"}}
    entry = {"name": "m", "projectId": "p", "mediaMetadata": status, "video": video, **more}
    return {"remainingCredits": 900, "workflows": [{"name": "w"}], "media": [entry]}


def test_images_and_their_credits() -> None:
    entry = {"name": "m", "image": {"generatedImage": {"fifeUrl": URL, "seed": 7}}}
    (found,) = images.made({"media": [entry], "remainingCredits": 12})
    assert (found.name, found.url, found.data) == ("m", URL, None)
    inline = {"name": "n", "image": {"generatedImage": {"encodedImage": "aGk="}}}
    assert [one.data for one in images.made({"media": [inline, entry]})] == [b"hi", None]
    assert credits_left({"remainingCredits": 12}) == 12


def test_row_8_no_image_is_no_success() -> None:
    with pytest.raises(EmptyAnswer):
        images.made({"media": []})
    blocked = {"name": "m", "status": "MEDIA_GENERATION_STATUS_ERROR_SAFETY"}
    with pytest.raises(SafetyBlocked, match="ERROR_SAFETY"):
        images.made({"media": [blocked]})


def test_an_unknown_shape_is_shown_and_nothing_of_what_it_holds() -> None:
    with pytest.raises(UnreadableAnswer) as told:
        images.made({"pictures": [{"link": "https://secret.example/"}], "n": 1})
    assert "{pictures: [{link: text}], n: number}" in told.value.message
    assert "secret" not in told.value.message
    assert len(outline({str(n) * 60: {"a": [n]} for n in range(100)})) < 450


def test_uploads_name_what_was_handed_in_in_both_shapes() -> None:
    assert images.uploaded({"media": {"name": "m"}, "workflow": {}}) == "m"
    assert images.uploaded({"mediaGenerationId": {"mediaGenerationId": "g"}}) == "g"
    with pytest.raises(UnreadableAnswer, match=r"media: \{\}"):
        images.uploaded({"media": {}})


def test_larger_images_and_fetched_videos_come_as_text() -> None:
    assert images.larger(b'{"encodedImage": "aGk="}') == b"hi"
    assert videos.fetched(b'{"name": "m", "video": {"encodedVideo": "aGk=", "x": 1}}') == b"hi"
    for body in (b'{"encodedImage": "#"}', b'{"encodedImage": ""}', b"[]", b"x"):
        with pytest.raises(UnreadableAnswer):
            images.larger(body)
        with pytest.raises(UnreadableAnswer):
            videos.fetched(body)


def test_row_14_submits_of_both_shapes_are_understood() -> None:
    job, standing = videos.submitted(old("PENDING"), scene="s", project="p")
    assert (job, standing.state) == (OLD, "pending")
    assert videos.question(job) == {"operations": [{"operation": {"name": "o"}, "sceneId": "s"}]}
    job, standing = videos.submitted(new("PENDING"), scene="s", project="p")
    assert (job.form, job.name, job.operation, standing.state) == ("media", "m", "op", "pending")
    assert videos.question(job) == {"media": [{"name": "m", "projectId": "p"}]}
    with pytest.raises(UnreadableAnswer, match=r"\{jobs: \[\{id: text\}\]\}") as told:
        videos.submitted({"jobs": [{"id": "x"}]}, scene="s", project="p")
    # It may be under way: nobody else is asked.
    assert told.value.acted


@pytest.mark.parametrize(
    ("word", "state"), [("PENDING", "pending"), ("ACTIVE", "active"), ("SUCCESSFUL", "made")]
)
def test_polls_of_both_shapes_are_understood(word: str, state: str) -> None:
    assert videos.polled(old(word), OLD).state == state
    assert videos.polled(new(word), NEW).state == state
    # What is there counts, and not what was sent.
    assert videos.polled(new(word, name="o"), OLD).state == state


def test_row_15_success_without_a_url_is_a_success() -> None:
    standing = videos.polled(new("SUCCESSFUL"), NEW)
    assert (standing.state, standing.media, standing.url) == ("made", "m", "")
    video = {"video": {"fifeUrl": URL, "mediaGenerationId": "g"}}
    standing = videos.polled(old("SUCCESSFUL", metadata=video), OLD)
    assert (standing.state, standing.media, standing.url) == ("made", "g", URL)


@pytest.mark.parametrize(
    ("word", "unsafe"),
    [
        ("FAILED", False),
        ("ERROR_UNKNOWN", False),
        ("ERROR_NSFW", True),
        ("ERROR_PERSON", True),
        ("ERROR_SAFETY", True),
        ("ERROR_NEVER_SEEN", False),
    ],
)
def test_failures_have_reasons(word: str, unsafe: bool) -> None:
    error = {"code": 13, "message": "internal trouble"}
    standing = videos.polled(old(word, error=error), OLD)
    assert standing.failure is not None
    assert (standing.state, standing.failure.unsafe) == ("failed", unsafe)
    assert "internal trouble" in standing.failure.reason
    assert word == "FAILED" or word in standing.failure.reason
    assert videos.polled(new(word), NEW).state == "failed"


def test_unknown_words_and_other_jobs_are_never_still_running() -> None:
    with pytest.raises(UnreadableAnswer, match="SLEEPING"):
        videos.polled(old("SLEEPING"), OLD)
    with pytest.raises(UnreadableAnswer, match=r"operation: \{name: text\}"):
        videos.polled({"operations": [{"operation": {"name": "o"}}]}, OLD)
    with pytest.raises(UnreadableAnswer):
        videos.polled(new("ACTIVE"), Job(form="media", name="another", project="p"))
    with pytest.raises(UnreadableAnswer):
        videos.polled({"operations": []}, OLD)
    # One that is asked for alone need not be named.
    nameless = {"operations": [{"status": "MEDIA_GENERATION_STATUS_ACTIVE"}]}
    assert videos.polled(nameless, OLD).state == "active"


@given(value=JSON)
def test_anything_is_read_or_refused(value: Any) -> None:
    body = json.dumps(value).encode()
    fields = value if isinstance(value, dict) else {"media": value, "operations": value}
    readers = (
        lambda: decoded(body, "a test"),
        lambda: images.made(fields),
        lambda: images.uploaded(fields),
        lambda: images.larger(body),
        lambda: videos.submitted(fields, scene="s", project="p"),
        lambda: videos.polled(fields, OLD),
        lambda: videos.polled(fields, NEW),
        lambda: videos.fetched(body),
        lambda: credits_left(fields),
    )
    for reader in readers:
        with suppress(PlugwayError):
            reader()
