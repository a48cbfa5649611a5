"""Requests that are refused, with the field that is at fault."""

from __future__ import annotations

import json
from typing import Any

import pytest

from plugway import BadRequest
from plugway_kling.requests import check

URL = "https://example.com/1.png"
IMAGE = {"image": URL}
TEXT = {"prompt": "a"}
SHOTS = {**TEXT, "multi_shot": True, "shot_type": "customize"}
OMNI = {"prompt": "a", "aspect_ratio": "16:9"}
FIRST = {"image_url": URL, "type": "first_frame"}
LAST = {"image_url": URL, "type": "end_frame"}
BASE = {"video_list": [{"video_url": URL}]}
MASKS = {"dynamic_masks": [{"mask": URL, "trajectories": [{"x": 1, "y": 1}] * 2}]}
CAMERA = {"camera_control": {"type": "down_back"}}
EXPAND = {f"{side}_expansion_ratio": 0.1 for side in ("up", "down", "left", "right")}
FACE = {"face_id": "0", "sound_start_time": 0, "sound_end_time": 3000, "sound_insert_time": 0}
POINTS = {"session_id": "s", "frame_index": 0}
ELEMENT = {"element_name": "a", "element_description": "b", "reference_type": "video_refer"}
MOTION = {"image_url": URL, "video_url": URL, "mode": "std"}
EDIT = {"session_id": "s", "prompt": "a"}


def camera(**config: float) -> dict[str, Any]:
    return {**TEXT, "camera_control": {"type": "simple", "config": config}}


def shots(*seconds: object) -> dict[str, Any]:
    return {**SHOTS, "multi_prompt": [{"prompt": "b", "duration": one} for one in seconds]}


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("text2video", {}, "prompt"),
    ("text2video", {"prompt": ""}, "prompt"),
    ("text2video", {"prompt": 5}, "prompt"),
    ("text2video", {"prompt": "a" * 2501}, "prompt"),
    ("text2video", {**TEXT, "negative_prompt": "a" * 2501}, "negative_prompt"),
    ("text2video", {**TEXT, "model_name": 1}, "model_name"),
    ("text2video", {**TEXT, "model_name": "k" * 97}, "model_name"),
    ("text2video", {**TEXT, "mode": "PRO"}, "mode"),
    ("text2video", {**TEXT, "mode": "pro "}, "mode"),
    ("text2video", {**TEXT, "aspect_ratio": "4:3"}, "aspect_ratio"),
    ("text2video", {**TEXT, "sound": True}, "sound"),
    ("text2video", {**TEXT, "cfg_scale": 1.01}, "cfg_scale"),
    ("text2video", {**TEXT, "cfg_scale": -0.1}, "cfg_scale"),
    ("text2video", {**TEXT, "cfg_scale": "nan"}, "cfg_scale"),
    ("text2video", {**TEXT, "cfg_scale": "1e400"}, "cfg_scale"),
    ("text2video", {**TEXT, "voice_list": [{"voice_id": "1"}]}, "voice_list"),
    ("text2video", {**TEXT, "voice_list": [{"voice_id": "1"}] * 3, "sound": "on"}, "voice_list"),
    ("text2video", {**TEXT, "external_task_id": "a" * 191}, "external_task_id"),
    ("text2video", {**TEXT, "external_task_id": ["a"]}, "external_task_id"),
    ("text2video", {**TEXT, "callback_url": "example.com"}, "callback_url"),
    ("text2video", {**TEXT, "callback_url": "file:///etc/passwd"}, "callback_url"),
    ("text2video", {**TEXT, "watermark_info": True}, "watermark_info"),
    ("text2video", {**TEXT, "watermark_info": {"enabled": "maybe"}}, "watermark_info.enabled"),
    ("text2video", {**TEXT, "multi_shot": "sometimes"}, "multi_shot"),
    ("text2video", {**TEXT, "multi_shot": True}, "shot_type"),
    ("text2video", {**TEXT, "multi_shot": True, "shot_type": "none"}, "shot_type"),
    ("text2video", SHOTS, "multi_prompt"),
    ("text2video", shots("2", "2"), "multi_prompt"),
    ("text2video", shots("3", "3"), "multi_prompt"),
    ("text2video", {**shots(*["1"] * 7), "duration": "7"}, "multi_prompt"),
    ("text2video", shots("0", "5"), "multi_prompt[0].duration"),
    ("text2video", shots(-1, 6), "multi_prompt[0].duration"),
    ("text2video", camera(), "camera_control.config"),
    ("text2video", camera(pan=0), "camera_control.config"),
    ("text2video", camera(pan=1, zoom=1), "camera_control.config"),
    ("text2video", camera(pan=10.5), "camera_control.config.pan"),
    ("text2video", {**TEXT, "camera_control": {"type": "simple"}}, "camera_control.config"),
    ("text2video", {**TEXT, "camera_control": {"type": "spin"}}, "camera_control.type"),
    ("text2video", {**TEXT, "camera_control": {}}, "camera_control.type"),
    (
        "text2video",
        {**TEXT, "camera_control": {"type": "forward_up", "config": {"zoom": 1}}},
        "camera_control.config",
    ),
    ("image2video", TEXT, "image"),
    ("image2video", {"image": "data:image/png;base64,iVBORw0KGgo="}, "image"),
    ("image2video", {"image": "DATA:image/png;base64,iVBORw0KGgo="}, "image"),
    ("image2video", {"image": "no image at all"}, "image"),
    ("image2video", {"image": "ftp://example.com/1.png"}, "image"),
    ("image2video", {"image": "https://"}, "image"),
    ("image2video", {"image": "https://[::1"}, "image"),
    ("image2video", {"image": "A" * (15 << 20)}, "image"),
    ("image2video", {"image": "A" * 5000 + "<" + "A" * 10}, "image"),
    ("image2video", {**IMAGE, "image_tail": "?"}, "image_tail"),
    ("image2video", {**IMAGE, "image_tail": URL, **MASKS}, "dynamic_masks"),
    ("image2video", {**IMAGE, "image_tail": URL, "static_mask": URL}, "static_mask"),
    ("image2video", {**IMAGE, "image_tail": URL, **CAMERA}, "camera_control"),
    ("image2video", {**IMAGE, **MASKS, **CAMERA}, "camera_control"),
    (
        "image2video",
        {**IMAGE, **TEXT, "image_tail": URL, "multi_shot": True, "shot_type": "intelligence"},
        "image_tail",
    ),
    (
        "image2video",
        {
            **IMAGE,
            "sound": "on",
            "voice_list": [{"voice_id": "1"}],
            "element_list": [{"element_id": 1}],
        },
        "voice_list",
    ),
    ("image2video", {**IMAGE, "element_list": [{"element_id": 1}] * 4}, "element_list"),
    ("image2video", {**IMAGE, "element_list": [{}]}, "element_list[0].element_id"),
    ("image2video", {**IMAGE, "element_list": [{"element_id": 1.5}]}, "element_list[0].element_id"),
    ("image2video", {**IMAGE, "dynamic_masks": MASKS["dynamic_masks"] * 7}, "dynamic_masks"),
    (
        "image2video",
        {**IMAGE, "dynamic_masks": [{"mask": URL, "trajectories": [{"x": 1, "y": 1}]}]},
        "dynamic_masks[0].trajectories",
    ),
    (
        "image2video",
        {**IMAGE, "dynamic_masks": [{"mask": URL, "trajectories": [{"x": 1, "y": -1}] * 2}]},
        "dynamic_masks[0].trajectories[0].y",
    ),
    (
        "image2video",
        {**IMAGE, "dynamic_masks": [{"mask": "?", "trajectories": [{"x": 1, "y": 1}] * 2}]},
        "dynamic_masks[0].mask",
    ),
    ("multi-image2video", TEXT, "image_list"),
    ("multi-image2video", {"image_list": [IMAGE]}, "prompt"),
    ("multi-image2video", {**TEXT, "image_list": [IMAGE] * 5}, "image_list"),
    ("multi-image2video", {**TEXT, "image_list": [{"image": ""}]}, "image_list[0].image"),
    ("multi-image2video", {**TEXT, "image_list": [URL]}, "image_list[0]"),
    ("multi-image2video", {**TEXT, "image_list": [IMAGE], "duration": "7"}, "duration"),
    ("multi-image2video", {**TEXT, "image_list": [IMAGE], "duration": 7}, "duration"),
    ("multi-image2video", {**TEXT, "image_list": [IMAGE], "mode": "4k"}, "mode"),
    ("omni-video", {"aspect_ratio": "1:1"}, "prompt"),
    ("omni-video", TEXT, "aspect_ratio"),
    ("omni-video", {**OMNI, "image_list": [{"image": URL}]}, "image_list[0].image_url"),
    ("omni-video", {**OMNI, "image_list": [{"image_url": ""}]}, "image_list[0].image_url"),
    ("omni-video", {**OMNI, "image_list": [{"image_url": URL}] * 8}, "image_list"),
    ("omni-video", {**OMNI, "element_list": [{"element_id": 1}] * 8}, "element_list"),
    ("omni-video", {**OMNI, **BASE, "image_list": [{"image_url": URL}] * 5}, "image_list"),
    ("omni-video", {**OMNI, "image_list": [LAST]}, "image_list"),
    ("omni-video", {**OMNI, "image_list": [FIRST, FIRST]}, "image_list"),
    ("omni-video", {**OMNI, **BASE, "image_list": [FIRST]}, "image_list"),
    ("omni-video", {**OMNI, "image_list": [FIRST, LAST, {"image_url": URL}]}, "image_list"),
    (
        "omni-video",
        {**OMNI, "image_list": [FIRST], "element_list": [{"element_id": 1}] * 4},
        "element_list",
    ),
    (
        "omni-video",
        {**OMNI, "image_list": [FIRST, LAST], "element_list": [{"element_id": 1}]},
        "element_list",
    ),
    ("omni-video", {**OMNI, **BASE, "sound": "on"}, "sound"),
    ("omni-video", {**OMNI, "video_list": [{"video_url": URL}] * 2}, "video_list"),
    ("omni-video", {**OMNI, "video_list": [{"video_url": "AAAA"}]}, "video_list[0].video_url"),
    ("generations", {}, "prompt"),
    ("generations", {**TEXT, "image_reference": "subject"}, "image"),
    ("generations", {**TEXT, "image_reference": "hair", **IMAGE}, "image_reference"),
    ("generations", {**TEXT, **IMAGE, "negative_prompt": "b"}, "negative_prompt"),
    ("generations", {**TEXT, "image_fidelity": 2}, "image_fidelity"),
    ("generations", {**TEXT, "human_fidelity": -1}, "human_fidelity"),
    ("generations", {**TEXT, "resolution": "8k"}, "resolution"),
    ("generations", {**TEXT, "aspect_ratio": "5:4"}, "aspect_ratio"),
    ("generations", {**TEXT, "element_list": [{"element_id": 1}] * 11}, "element_list"),
    ("generations", {**TEXT, **IMAGE, "element_list": [{"element_id": 1}] * 10}, "element_list"),
    ("multi-image2image", TEXT, "subject_image_list"),
    (
        "multi-image2image",
        {"subject_image_list": [{"subject_image": URL}] * 5},
        "subject_image_list",
    ),
    (
        "multi-image2image",
        {"subject_image_list": [{"subject_image": URL}], "scene_image": "?"},
        "scene_image",
    ),
    ("init-selection", {}, "video_id"),
    ("init-selection", {"video_id": "v", "video_url": URL}, "video_url"),
    ("init-selection", {"video_url": "AAAA"}, "video_url"),
    ("add-selection", {"frame_index": 0, "points": [{"x": 0, "y": 0}]}, "session_id"),
    ("add-selection", {"session_id": "s", "points": [{"x": 0, "y": 0}]}, "frame_index"),
    ("add-selection", POINTS, "points"),
    ("add-selection", {**POINTS, "points": [{"x": 0, "y": 0}] * 11}, "points"),
    ("add-selection", {**POINTS, "points": [{"x": 0, "y": 1.1}]}, "points[0].y"),
    ("delete-selection", {**POINTS, "points": [{"x": 0}]}, "points[0].y"),
    ("clear-selection", {}, "session_id"),
    ("preview-selection", {"session_id": ""}, "session_id"),
    ("multi-elements", {"prompt": "a", "edit_mode": "removal"}, "session_id"),
    ("multi-elements", EDIT, "edit_mode"),
    ("multi-elements", {**EDIT, "edit_mode": "add"}, "edit_mode"),
    ("multi-elements", {"session_id": "s", "edit_mode": "removal"}, "prompt"),
    ("multi-elements", {**EDIT, "edit_mode": "addition"}, "image_list"),
    ("multi-elements", {**EDIT, "edit_mode": "addition", "image_list": [IMAGE] * 3}, "image_list"),
    ("multi-elements", {**EDIT, "edit_mode": "swap", "image_list": [IMAGE] * 2}, "image_list"),
    ("multi-elements", {**EDIT, "edit_mode": "removal", "image_list": [IMAGE]}, "image_list"),
    ("motion-control", MOTION, "character_orientation"),
    ("motion-control", {**MOTION, "character_orientation": "back"}, "character_orientation"),
    ("video-extend", TEXT, "video_id"),
    ("identify-face", {}, "video_id"),
    ("advanced-lip-sync", {"session_id": "s"}, "face_choose"),
    (
        "advanced-lip-sync",
        {"session_id": "s", "face_choose": [FACE]},
        "face_choose[0].audio_id",
    ),
    (
        "advanced-lip-sync",
        {"session_id": "s", "face_choose": [{**FACE, "audio_id": "1", "sound_end_time": 0}]},
        "face_choose[0].sound_end_time",
    ),
    (
        "advanced-lip-sync",
        {"session_id": "s", "face_choose": [{**FACE, "audio_id": "1", "sound_volume": 2.1}]},
        "face_choose[0].sound_volume",
    ),
    ("avatar/image2video", IMAGE, "audio_id"),
    ("avatar/image2video", {**IMAGE, "audio_id": "1", "sound_file": URL}, "sound_file"),
    ("effects", {"effect_scene": "x", "input": {}}, "input.image"),
    ("effects", {"effect_scene": "x", "input": {"images": [URL]}}, "input.images"),
    ("effects", {"effect_scene": "x", "input": {"images": [URL, ""]}}, "input.images[1]"),
    ("effects", {"input": {"image": URL}}, "effect_scene"),
    ("text-to-audio", {"prompt": "a" * 201, "duration": 5}, "prompt"),
    ("text-to-audio", {"prompt": "a", "duration": 2.9}, "duration"),
    ("text-to-audio", {"prompt": "a"}, "duration"),
    ("video-to-audio", {"bgm_prompt": "a"}, "video_id"),
    ("tts", {"text": "a" * 1001, "voice_id": "v"}, "text"),
    ("tts", {"text": "a", "voice_id": "v", "voice_language": "fr"}, "voice_language"),
    ("tts", {"text": "a", "voice_id": "v", "voice_speed": 2.1}, "voice_speed"),
    ("omni-image", {**TEXT, "series_amount": 1}, "series_amount"),
    ("omni-image", {**TEXT, "series_amount": "10"}, "series_amount"),
    ("omni-image", {**TEXT, "image_list": [IMAGE] * 11}, "image_list"),
    ("editing/expand", EXPAND, "image"),
    ("editing/expand", {**IMAGE, **EXPAND, "up_expansion_ratio": 2.1}, "up_expansion_ratio"),
    (
        "editing/expand",
        {**IMAGE, **EXPAND, "up_expansion_ratio": 2, "left_expansion_ratio": 2},
        "up_expansion_ratio",
    ),
    ("kolors-virtual-try-on", {"cloth_image": URL}, "human_image"),
    ("custom-voices", {"voice_name": "a" * 21, "voice_url": URL}, "voice_name"),
    ("custom-voices", {"voice_name": "a"}, "voice_url"),
    ("advanced-custom-elements", ELEMENT, "element_video_list"),
    ("delete-voices", {}, "voice_id"),
    ("delete-elements", {"element_id": ""}, "element_id"),
]


@pytest.mark.parametrize(("kind", "fields", "field"), WRONG)
def test_a_wrong_request_is_refused_and_its_field_is_named(
    kind: str, fields: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        check(kind, json.dumps(fields).encode())
    assert caught.value.field == field
    assert caught.value.message.startswith(field)
    assert len(caught.value.message) < 250


@pytest.mark.parametrize("kind", ["generations", "multi-image2image", "omni-image"])
@pytest.mark.parametrize(
    "text", ["0", "-1", "10", "1e3", "1e400", '"-9"', '"nan"', "true", "1.5", "9" * 30, '"٥"']
)
def test_no_number_of_images_makes_money(kind: str, text: str) -> None:
    subject = json.dumps({"prompt": "a", "subject_image_list": [{"subject_image": URL}]})
    body = f'{subject[:-1]}, "n": {text}}}'.encode()
    with pytest.raises(BadRequest) as caught:
        check(kind, body)
    assert caught.value.field == "n"


@pytest.mark.parametrize("kind", ["text2video", "image2video", "omni-video"])
@pytest.mark.parametrize(
    "text", ["0", "-5", "2", "16", "5.5", "1e400", '"-5"', '"5e0"', "true", "9" * 30, '"null"']
)
def test_no_duration_makes_money(kind: str, text: str) -> None:
    fields = json.dumps({"prompt": "a", "image": URL, "aspect_ratio": "1:1"})
    body = f'{fields[:-1]}, "duration": {text}}}'.encode()
    with pytest.raises(BadRequest) as caught:
        check(kind, body)
    assert caught.value.field == "duration"
