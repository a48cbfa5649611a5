"""What models can do: refused where the operator asks for it, and sent on otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugway import BadRequest
from plugway_kling.requests import check

URL = "https://example.com/1.png"
TEXT = {"prompt": "a"}
IMAGE = {"image": URL}
BOTH = {"image": URL, "image_tail": URL}
BRUSH = {"image": URL, "static_mask": URL}
SIMPLE = {"camera_control": {"type": "simple", "config": {"pan": 1}}}
DOWN = {"camera_control": {"type": "down_back"}}
SOUND = {"sound": "on"}


def asked(model: str, *parts: dict[str, Any], mode: str = "std", duration: int = 5) -> bytes:
    fields = {"model_name": model, "mode": mode, "duration": duration}
    for part in parts:
        fields.update(part)
    return json.dumps(fields).encode()


@pytest.mark.parametrize(
    ("kind", "body", "field"),
    [
        ("text2video", asked("kling-v1", TEXT, duration=7), "duration"),
        ("text2video", asked("kling-v1", TEXT, mode="4k"), "mode"),
        ("text2video", asked("kling-v1-5", TEXT), "model_name"),
        ("text2video", asked("kling-v2-1", TEXT), "model_name"),
        ("text2video", asked("kling-v2-master", TEXT, mode="pro"), "mode"),
        ("text2video", asked("kling-v1", TEXT, DOWN, mode="pro"), "mode"),
        ("text2video", asked("kling-v1", TEXT, DOWN, duration=10), "duration"),
        ("text2video", asked("kling-v1-6", TEXT, DOWN), "camera_control"),
        ("text2video", asked("kling-v1-6", TEXT, SOUND), "sound"),
        ("text2video", asked("kling-v2-6", TEXT, SOUND), "sound"),
        ("image2video", asked("kling-v1", BOTH, duration=10), "duration"),
        ("image2video", asked("kling-v1", {"image_tail": URL}), "image_tail"),
        ("image2video", asked("kling-v1-6", BOTH), "mode"),
        ("image2video", asked("kling-v2-1-master", BOTH), "image_tail"),
        ("image2video", asked("kling-v1-5", BRUSH), "mode"),
        ("image2video", asked("kling-v1-6", BRUSH), "static_mask"),
        ("image2video", asked("kling-v1", IMAGE, SIMPLE), "camera_control"),
        ("image2video", asked("kling-v1-5", IMAGE, DOWN, mode="pro"), "camera_control.type"),
        ("image2video", asked("kling-v2-6", BOTH, SOUND, mode="pro"), "sound"),
        ("image2video", asked("kling-v3", BOTH, mode="4k"), "mode"),
        (
            "image2video",
            asked("kling-v2-6", IMAGE, {"element_list": [{"element_id": 1}]}),
            "element_list",
        ),
    ],
)
def test_what_a_model_cannot_do_is_refused_only_when_asked_to(
    kind: str, body: bytes, field: str
) -> None:
    assert check(kind, body).usages
    with pytest.raises(BadRequest) as caught:
        check(kind, body, strict_capabilities=True)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text2video", asked("kling-v1", TEXT, DOWN)),
        ("text2video", asked("kling-v3", TEXT, mode="4k", duration=15)),
        ("text2video", asked("kling-v2-6", TEXT, SOUND, mode="pro", duration=10)),
        ("text2video", asked("kling-v2-master", TEXT, duration=10)),
        ("text2video", asked("kling-v9", TEXT, SOUND, mode="4k", duration=11)),
        ("image2video", asked("kling-v1", BOTH)),
        ("image2video", asked("kling-v1", BRUSH, mode="pro")),
        ("image2video", asked("kling-v1-5", {"image_tail": URL}, mode="pro", duration=10)),
        ("image2video", asked("kling-v1-5", IMAGE, SIMPLE, mode="pro")),
        ("image2video", asked("kling-v3", IMAGE, {"element_list": [{"element_id": 1}]})),
        ("generations", json.dumps(TEXT).encode()),
    ],
)
def test_what_a_model_can_do_is_taken(kind: str, body: bytes) -> None:
    assert check(kind, body, strict_capabilities=True).usages
