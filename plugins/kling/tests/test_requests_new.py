"""Requests of the newer generation, whose model is in the path."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugway import BadRequest
from plugway_kling.requests import check

URL = "https://example.com/1.png"
PROMPT = {"type": "prompt", "text": "a"}
FIRST = {"type": "first_frame", "url": URL}
LAST = {"type": "last_frame", "url": URL}
BASE = {"type": "base_video", "url": URL}
PERSON = {"type": "image", "url": URL}
MOVES = {"type": "video", "url": URL}
LIKE_VIDEO = {"character_orientation": "video"}

Fields = dict[str, Any]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("text-to-video", {"prompt": "a"}),
        (
            "text-to-video",
            {
                "prompt": "a" * 3072,
                "settings": {"resolution": "1080p", "aspect_ratio": "16:9", "duration": 15},
                "options": {"callback_url": "", "external_task_id": ""},
            },
        ),
        ("image-to-video", {"contents": [PROMPT, FIRST]}),
        (
            "image-to-video",
            {
                "contents": [PROMPT, FIRST, {"type": "voice", "voice_id": "1", "id": "1"}],
                "settings": {"audio": "native", "duration": "5"},
            },
        ),
        ("omni-video", {"contents": [PROMPT, BASE], "settings": {"audio": "original"}}),
        ("omni-video", {"contents": [PROMPT, FIRST, LAST]}),
        ("motion-control", {"contents": [PERSON, MOVES], "settings": LIKE_VIDEO}),
        ("text-to-video", {"prompt": "a", "settings": {"later": 1}, "later": [1.0]}),
        ("omni-video", {"contents": [PROMPT, {"type": "later", "thing": 1}]}),
    ],
)
def test_a_documented_request_is_taken(kind: str, fields: Fields) -> None:
    checked = check(f"new/{kind}", json.dumps(fields).encode(), model="kling-3.0")
    assert checked.model == "kling-3.0"
    assert checked.usages


@pytest.mark.parametrize(
    ("kind", "fields", "field"),
    [
        ("text-to-video", {}, "prompt"),
        ("text-to-video", {"prompt": "a" * 3073}, "prompt"),
        ("text-to-video", {"prompt": "a", "settings": {"resolution": "8k"}}, "settings.resolution"),
        ("text-to-video", {"prompt": "a", "settings": {"duration": 16}}, "settings.duration"),
        ("text-to-video", {"prompt": "a", "settings": {"duration": -3}}, "settings.duration"),
        ("text-to-video", {"prompt": "a", "settings": 5}, "settings"),
        ("text-to-video", {"prompt": "a", "options": [1]}, "options"),
        (
            "text-to-video",
            {"prompt": "a", "options": {"callback_url": "gopher://x"}},
            "options.callback_url",
        ),
        ("image-to-video", {}, "contents"),
        ("image-to-video", {"contents": [PROMPT]}, "contents"),
        ("image-to-video", {"contents": [{"type": "prompt"}, FIRST]}, "contents[0].text"),
        ("image-to-video", {"contents": [{"url": URL}]}, "contents[0].type"),
        ("image-to-video", {"contents": [{**FIRST, "url": "data:,"}]}, "contents[0].url"),
        (
            "image-to-video",
            {"contents": [FIRST, {"type": "voice", "voice_id": "1"}]},
            "settings.audio",
        ),
        ("image-to-video", {"contents": [FIRST, {"type": "element"}]}, "contents[1].element_id"),
        ("omni-video", {"contents": [PROMPT, LAST]}, "contents"),
        ("omni-video", {"contents": [PROMPT, BASE, FIRST]}, "contents"),
        ("omni-video", {"contents": [BASE], "settings": {"audio": "native"}}, "settings.audio"),
        ("omni-video", {"contents": [{**BASE, "url": "AAAA"}]}, "contents[0].url"),
        ("motion-control", {"contents": [PERSON], "settings": LIKE_VIDEO}, "contents"),
        ("motion-control", {"contents": [PERSON, MOVES]}, "settings.character_orientation"),
    ],
)
def test_a_wrong_request_is_refused_and_its_field_is_named(
    kind: str, fields: Fields, field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        check(f"new/{kind}", json.dumps(fields).encode(), model="kling-3.0")
    assert caught.value.field == field


def test_the_path_has_the_model() -> None:
    body = b'{"prompt": "a", "model_name": "kling-v1", "model": "kling-v1"}'
    assert check("new/text-to-video", body, model="kling-3.0-turbo").model == "kling-3.0-turbo"
    for model in (None, "k" * 97):
        with pytest.raises(BadRequest) as caught:
            check("new/text-to-video", body, model=model)
        assert caught.value.field == "model"


def test_the_options_have_the_caller_s_id_and_address() -> None:
    options = {"external_task_id": "mine", "callback_url": "https://example.com/told"}
    body = json.dumps({"prompt": "a", "external_task_id": "not me", "options": options})
    checked = check("new/text-to-video", body.encode(), model="kling-3.0")
    assert (checked.external_id, checked.callback_url) == ("mine", "https://example.com/told")


def test_elements_and_voices_are_told() -> None:
    contents = [FIRST, {"type": "element", "element_id": 829836802793406551, "id": "a"}]
    body = json.dumps({"contents": contents}).encode()
    checked = check("new/image-to-video", body, model="kling-3.0")
    assert checked.resources == (("element", "829836802793406551"),)
