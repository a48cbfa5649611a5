"""Requests that are taken, the documents' own samples first."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from plugway import NotFound
from plugway_kling.requests import Checked, check, kinds, schema

URL = "https://example.com/1.png"
VIDEO = "https://example.com/1.mp4"
BASE64 = "iVBORw0KGgoAAAANSUhEUgAAAAUA"

#: As the official documents print them: `""` and `[]` for what is absent, numbers as text.
SAMPLES: list[tuple[str, dict[str, Any]]] = [
    (
        "text2video",
        {
            "model_name": "kling-v1",
            "prompt": "a lighthouse",
            "negative_prompt": "",
            "duration": "5",
            "mode": "std",
            "sound": "on",
            "aspect_ratio": "16:9",
            "callback_url": "",
            "external_task_id": "",
        },
    ),
    (
        "text2video",
        {
            "model_name": "kling-v3",
            "prompt": "",
            "multi_shot": "true",
            "shot_type": "customize",
            "multi_prompt": [
                {"index": 1, "prompt": "two friends", "duration": "2"},
                {"index": "2", "prompt": "a storm", "duration": "3"},
            ],
            "image_list": [],
            "duration": "5",
        },
    ),
    ("text2video", {"prompt": "a", "multi_shot": True, "shot_type": "intelligence"}),
    ("text2video", {"prompt": "a", "cfg_scale": "0.5", "voice_list": [], "camera_control": None}),
    (
        "text2video",
        {
            "prompt": "a",
            "camera_control": {
                "type": "simple",
                "config": {
                    "horizontal": 0,
                    "vertical": 0,
                    "pan": -10,
                    "tilt": 0,
                    "roll": 0,
                    "zoom": 0,
                },
            },
        },
    ),
    ("text2video", {"prompt": "a", "camera_control": {"type": "down_back", "config": None}}),
    (
        "image2video",
        {
            "model_name": "kling-v1",
            "mode": "pro",
            "duration": "5",
            "image": URL,
            "prompt": "the astronaut stands up",
            "cfg_scale": 0.5,
            "static_mask": URL,
            "dynamic_masks": [
                {
                    "mask": URL,
                    "trajectories": [{"x": 279, "y": 219}, {"x": 417, "y": 65}],
                }
            ],
        },
    ),
    ("image2video", {"image": BASE64}),
    ("image2video", {"image": "", "image_tail": URL}),
    ("image2video", {"image": URL, "image_tail": URL, "model_name": "kling-v1-6", "mode": "pro"}),
    (
        "image2video",
        {
            "model_name": "kling-v2-6",
            "mode": "pro",
            "image": URL,
            "sound": "on",
            "voice_list": [{"voice_id": "829824295735410756"}],
        },
    ),
    (
        "image2video",
        {"model_name": "kling-v3", "image": URL, "element_list": [{"element_id": "160"}]},
    ),
    (
        "multi-image2video",
        {
            "model_name": "kling-v1-6",
            "image_list": [{"image": URL}, {"image": BASE64}],
            "prompt": "they meet",
            "negative_prompt": "",
            "mode": "std",
            "duration": "10",
            "aspect_ratio": "1:1",
            "external_task_id": "",
            "callback_url": "",
        },
    ),
    (
        "omni-video",
        {
            "model_name": "kling-video-o1",
            "prompt": "<<<image_1>>> waves",
            "image_list": [{"image_url": URL}],
            "duration": "5",
            "mode": "pro",
            "aspect_ratio": "16:9",
            "callback_url": "",
            "external_task_id": "",
        },
    ),
    (
        "omni-video",
        {
            "prompt": "a",
            "video_list": [
                {"video_url": VIDEO, "refer_type": "base", "keep_original_sound": "yes"}
            ],
        },
    ),
    (
        "omni-video",
        {
            "model_name": "kling-v3-omni",
            "prompt": "a",
            "image_list": [
                {"image_url": URL, "type": "first_frame"},
                {"image_url": URL, "type": "end_frame"},
            ],
            "element_list": [{"element_id": 829836802793406551}] * 3,
            "sound": "on",
        },
    ),
    (
        "generations",
        {
            "model_name": "kling-v2-1",
            "prompt": "a",
            "n": "9",
            "aspect_ratio": "3:2",
            "image": "",
            "image_reference": "",
            "resolution": "2k",
        },
    ),
    (
        "generations",
        {
            "model_name": "kling-v1-5",
            "prompt": "a",
            "image": URL,
            "image_reference": "subject",
            "image_fidelity": "0.2",
            "human_fidelity": 1,
            "n": 2,
        },
    ),
    (
        "multi-image2image",
        {
            "model_name": "kling-v2",
            "subject_image_list": [{"subject_image": URL}],
            "scene_image": "",
            "style_image": BASE64,
            "n": 1,
        },
    ),
    ("init-selection", {"video_id": "", "video_url": VIDEO}),
    ("init-selection", {"video_id": "844372391442509927"}),
    ("add-selection", {"session_id": "s", "frame_index": 0, "points": [{"x": 0, "y": 1}]}),
    (
        "delete-selection",
        {"session_id": "s", "frame_index": "24", "points": [{"x": "0.5", "y": 0.50}]},
    ),
    ("clear-selection", {"session_id": "s"}),
    ("preview-selection", {"session_id": 829836802793406551}),
    (
        "multi-elements",
        {"session_id": "s", "edit_mode": "removal", "image_list": [], "prompt": "<<<video_1>>>"},
    ),
    (
        "multi-elements",
        {"session_id": "s", "edit_mode": "swap", "image_list": [{"image": URL}], "prompt": "a"},
    ),
    (
        "motion-control",
        {
            "image_url": URL,
            "video_url": VIDEO,
            "keep_original_sound": "yes",
            "character_orientation": "image",
            "mode": "pro",
        },
    ),
    ("video-extend", {"video_id": "v", "prompt": "", "cfg_scale": 0.5}),
    ("identify-face", {"video_id": "v", "video_url": ""}),
    (
        "advanced-lip-sync",
        {
            "session_id": "s",
            "face_choose": [
                {
                    "face_id": "0",
                    "audio_id": "",
                    "sound_file": BASE64,
                    "sound_start_time": 0,
                    "sound_end_time": "3000",
                    "sound_insert_time": 1000,
                    "sound_volume": 2,
                }
            ],
        },
    ),
    ("lip-sync", {"input": {"video_id": "v", "mode": "text2video", "text": "hello"}}),
    ("avatar/image2video", {"image": URL, "audio_id": "7", "sound_file": ""}),
    ("effects", {"effect_scene": "pet_lion_pro", "input": {"image": URL}}),
    ("effects", {"effect_scene": "hug_pro", "input": {"images": [URL, BASE64]}}),
    ("image-recognize", {"image": BASE64}),
    ("text-to-audio", {"prompt": "rain", "duration": 3.5}),
    ("video-to-audio", {"video_id": "v", "asmr_mode": "false"}),
    ("tts", {"text": "hello", "voice_id": "x", "voice_language": "en", "voice_speed": "1.0"}),
    ("omni-image", {"prompt": "a", "image_list": [{"image": URL}], "element_list": []}),
    ("omni-image", {"prompt": "a", "result_type": "series", "series_amount": "auto"}),
    (
        "editing/expand",
        {
            "image": URL,
            "up_expansion_ratio": 0.1,
            "down_expansion_ratio": 0.1,
            "left_expansion_ratio": 0.25,
            "right_expansion_ratio": "1.25",
        },
    ),
    (
        "kolors-virtual-try-on",
        {"model_name": "kolors-virtual-try-on-v1-5", "human_image": URL, "cloth_image": URL},
    ),
    ("ai-multi-shot", {"element_frontal_image": URL, "external_task_id": ""}),
    ("custom-voices", {"voice_name": "mine", "voice_url": VIDEO, "video_id": ""}),
    ("delete-voices", {"voice_id": "v"}),
    (
        "advanced-custom-elements",
        {
            "element_name": "cat",
            "element_description": "a cat",
            "reference_type": "image_refer",
            "element_image_list": {"frontal_image": URL, "refer_images": [{"image_url": URL}]},
            "element_video_list": {},
        },
    ),
    ("custom-elements", {"element_name": "cat", "element_frontal_image": URL}),
    ("delete-elements", {"element_id": "829836802793406551"}),
    ("delete-advanced-elements", {"element_id": 829836802793406551}),
]


def checked(kind: str, fields: dict[str, Any]) -> Checked:
    return check(kind, json.dumps(fields).encode())


@pytest.mark.parametrize(("kind", "fields"), SAMPLES)
def test_a_documented_request_is_taken(kind: str, fields: dict[str, Any]) -> None:
    assert checked(kind, fields).usages


def test_every_endpoint_has_a_sample() -> None:
    newer = {kind for kind in kinds() if kind.startswith("new/")}
    assert {kind for kind, _ in SAMPLES} == kinds() - newer


def test_what_is_absent_takes_the_default() -> None:
    plain = checked("text2video", {"prompt": "a"})
    empty: dict[str, Any] = {
        "model_name": "",
        "mode": "",
        "duration": None,
        "sound": "",
        "voice_list": [],
    }
    assert checked("text2video", {"prompt": "a", **empty}) == plain
    assert plain.model == "kling-v1"


@pytest.mark.parametrize(
    ("kind", "fields", "model"),
    [
        ("image2video", {"image": URL}, "kling-v1"),
        ("omni-video", {"prompt": "a", "aspect_ratio": "1:1"}, "kling-video-o1"),
        ("generations", {"prompt": "a"}, "kling-v3"),
        ("multi-image2image", {"subject_image_list": [{"subject_image": URL}]}, "kling-v2"),
        ("init-selection", {"video_id": "v"}, "kling-v1-6"),
        ("effects", {"effect_scene": "x", "input": {"image": URL}}, "kling-effects"),
        # The field of the first version, which the upstream ignores.
        ("text2video", {"prompt": "a", "model": "kling-v3"}, "kling-v1"),
        # What is not known goes to the upstream, if the operator has set a price.
        ("text2video", {"prompt": "a", "model_name": "kling-v9"}, "kling-v9"),
        ("text2video", {"prompt": "a", "model_name": "kling-v1.5"}, "kling-v1-5"),
    ],
)
def test_the_model_is_named(kind: str, fields: dict[str, Any], model: str) -> None:
    assert checked(kind, fields).model == model


def test_the_caller_s_id_and_address_are_told() -> None:
    told = checked("text2video", {"prompt": "a", "external_task_id": "mine", "callback_url": URL})
    assert (told.external_id, told.callback_url) == ("mine", URL)
    assert checked("text2video", {"prompt": "a", "external_task_id": 7}).external_id == "7"
    absent = checked("text2video", {"prompt": "a", "external_task_id": "", "callback_url": ""})
    assert (absent.external_id, absent.callback_url) == (None, None)


def test_what_a_request_builds_on_is_told_once_and_to_the_last_digit() -> None:
    fields = {
        "image": URL,
        "element_list": [{"element_id": 829836802793406551}, {"element_id": "829836802793406551"}],
        "video_id": "v",
        "later": {"session_id": "s", "voice_list": [{"voice_id": 5}]},
        "audio_id": True,
    }
    assert checked("image2video", fields).resources == (
        ("element", "829836802793406551"),
        ("video", "v"),
        ("session", "s"),
        ("voice", "5"),
    )


def test_every_endpoint_has_a_schema_and_documented_defaults() -> None:
    known = [schema(kind) for kind in sorted(kinds())]
    described, components = msgspec.json.schema_components([one for one in known if one])
    assert len(described) == len(kinds())
    video = components["Text2Video"]["properties"]
    assert video["mode"] == {"enum": ["4k", "pro", "std"], "default": "std"}
    assert {"type": "string", "pattern": "^([3-9]|1[0-5])$"} in video["duration"]["anyOf"]
    assert video["model_name"]["default"] == "kling-v1"
    assert components["Generations"]["required"] == ["prompt"]


def test_an_unknown_endpoint_is_none() -> None:
    assert schema("cancel") is None
    with pytest.raises(NotFound):
        check("cancel", b"{}")
