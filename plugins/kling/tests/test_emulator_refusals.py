"""What the emulated service refuses, and what it takes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from kling_emulated import LEAST, Visitor

pytestmark = pytest.mark.anyio

TEXT = "/v1/videos/text2video"
IMAGE = "/v1/videos/image2video"
OMNI = "/v1/videos/omni-video"
EDIT = "/v1/videos/multi-elements"
MAKE = "/v1/images/generations"
URL = "https://example.com/a.png"
STILL = {"type": "simple", "config": {"pan": 5, "tilt": 0}}
POINTS = [{"x": 1, "y": 1}, {"x": 2, "y": 2}]


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


@pytest.mark.parametrize(
    ("path", "more", "field"),
    [
        (TEXT, {"prompt": ""}, "prompt"),
        (TEXT, {"prompt": "a" * 2501}, "prompt"),
        (TEXT, {"prompt": 7}, "prompt"),
        (TEXT, {"negative_prompt": "a" * 2501}, "negative_prompt"),
        (TEXT, {"duration": "7"}, "duration"),
        (TEXT, {"duration": "16", "model_name": "kling-v3"}, "duration"),
        (TEXT, {"mode": "best"}, "mode"),
        (TEXT, {"mode": "4k"}, "mode"),
        (TEXT, {"cfg_scale": 1.1}, "cfg_scale"),
        (TEXT, {"cfg_scale": True}, "cfg_scale"),
        (TEXT, {"cfg_scale": "nan"}, "cfg_scale"),
        (TEXT, {"aspect_ratio": "4:3"}, "aspect_ratio"),
        (TEXT, {"callback_url": "ftp://example.com"}, "callback_url"),
        (TEXT, {"watermark_info": [True]}, "watermark_info"),
        (TEXT, {"watermark_info": {"enabled": "maybe"}}, "watermark_info.enabled"),
        (TEXT, {"multi_shot": True}, "shot_type"),
        (TEXT, {"multi_shot": True, "shot_type": "customize"}, "multi_prompt"),
        (
            TEXT,
            {
                "multi_shot": True,
                "shot_type": "customize",
                "multi_prompt": [{"index": 1, "prompt": "a", "duration": "4"}],
            },
            "multi_prompt",
        ),
        (TEXT, {"camera_control": {"type": "spin"}}, "camera_control.type"),
        (TEXT, {"camera_control": {"type": "simple"}}, "camera_control.config"),
        (TEXT, {"camera_control": {"type": "simple", "config": {"pan": 11}}}, "camera_control"),
        (TEXT, {"camera_control": {"type": "simple", "config": {"pan": 1, "zoom": 1}}}, "camera"),
        (TEXT, {"camera_control": {"type": "down_back", "config": {"pan": 1}}}, "camera_control"),
        (IMAGE, {"image": None}, "image / image_tail"),
        (IMAGE, {"image": "data:image/png;base64,aGVsbG8="}, "image"),
        (IMAGE, {"image": "no base64!"}, "image"),
        (IMAGE, {"image_tail": URL, "camera_control": STILL}, "image_tail"),
        (IMAGE, {"image_tail": URL, "static_mask": URL}, "image_tail"),
        (IMAGE, {"dynamic_masks": [{"mask": URL, "trajectories": POINTS[:1]}]}, "dynamic_masks"),
        (IMAGE, {"voice_list": [{"voice_id": "829824295735410756"}]}, "sound"),
        (IMAGE, {"element_list": [{"element_id": "160"}] * 4}, "element_list"),
        (
            IMAGE,
            {
                "sound": "on",
                "element_list": [{"element_id": "160"}],
                "voice_list": [{"voice_id": "829824295735410756"}],
            },
            "element_list",
        ),
        ("/v1/videos/multi-image2video", {"image_list": []}, "image_list"),
        ("/v1/videos/multi-image2video", {"image_list": [{"image": URL}] * 5}, "image_list"),
        (OMNI, {"aspect_ratio": ""}, "aspect_ratio"),
        (OMNI, {"image_list": [{"image_url": URL, "type": "end_frame"}]}, "image_list"),
        (OMNI, {"image_list": [{"image_url": ""}]}, "image_list[0].image_url"),
        (OMNI, {"video_list": [{"video_url": URL}], "sound": "on"}, "sound"),
        (OMNI, {"video_list": [{"video_url": URL}, {"video_url": URL}]}, "video_list"),
        (EDIT, {"edit_mode": "swap"}, "image_list"),
        (EDIT, {"edit_mode": "removal", "image_list": [{"image": URL}]}, "image_list"),
        (EDIT, {"edit_mode": "paint"}, "edit_mode"),
        (MAKE, {"n": 10}, "n"),
        (MAKE, {"n": 1.5}, "n"),
        (MAKE, {"image_reference": "face"}, "image"),
        (MAKE, {"image": URL, "negative_prompt": "dogs"}, "negative_prompt"),
        (MAKE, {"image_fidelity": -0.1}, "image_fidelity"),
        (MAKE, {"resolution": "4k"}, "resolution"),
        ("/v1/videos/avatar/image2video", {"sound_file": ""}, "audio_id / sound_file"),
        ("/v1/audio/text-to-audio", {"duration": 2.9}, "duration"),
        ("/v1/videos/motion-control", {"mode": ""}, "mode"),
        ("/v1/images/editing/expand", {"up_expansion_ratio": 3}, "up_expansion_ratio"),
    ],
)
async def test_a_wrong_field_is_named(
    visitor: Visitor, path: str, more: dict[str, Any], field: str
) -> None:
    body = await visitor.fill({**LEAST[path], **more})
    status, code, message = await visitor.refused(path, body)
    assert (status, code) == (400, 1201)
    assert message.startswith(field)
    assert await visitor.get(path) == []


@pytest.mark.parametrize(
    ("path", "more"),
    [
        (
            TEXT,
            {"callback_url": "", "external_task_id": "", "negative_prompt": "", "voice_list": []},
        ),
        (TEXT, {"duration": 10, "cfg_scale": "0.5", "multi_shot": "false"}),
        (TEXT, {"model": "no model at all", "something_new": {"a": [1]}}),
        (TEXT, {"camera_control": {"type": "down_back", "config": None}}),
        (TEXT, {"camera_control": STILL}),
        (TEXT, {"model_name": "kling-v3", "mode": "4k", "duration": "15"}),
        (
            TEXT,
            {
                "prompt": "",
                "model_name": "kling-v3",
                "multi_shot": "true",
                "shot_type": "customize",
                "multi_prompt": [
                    {"index": 1, "prompt": "a", "duration": "2"},
                    {"index": 2, "prompt": "b", "duration": 3},
                ],
            },
        ),
        (IMAGE, {"image": "", "image_tail": "aGVsbG8="}),
        (IMAGE, {"dynamic_masks": [{"mask": URL, "trajectories": POINTS}], "static_mask": URL}),
        (IMAGE, {"element_list": [{"element_id": "160"}, {"element_id": 161}]}),
        (OMNI, {"aspect_ratio": "", "image_list": [{"image_url": URL, "type": "first_frame"}]}),
        (OMNI, {"aspect_ratio": "", "video_list": [{"video_url": URL}]}),
        (EDIT, {"edit_mode": "addition", "image_list": [{"image": URL}] * 2}),
        (MAKE, {"n": "9", "image": URL, "image_reference": "subject"}),
    ],
)
async def test_what_the_official_samples_send_is_taken(
    visitor: Visitor, path: str, more: dict[str, Any]
) -> None:
    await visitor.post(path, await visitor.fill({**LEAST[path], **more}))


@pytest.mark.parametrize(
    ("path", "model"),
    [(TEXT, "kling-v1-5"), (TEXT, "kling-v1.5"), (IMAGE, "kling-v9"), (MAKE, "kling-v2-6")],
)
async def test_a_model_that_is_not_there(visitor: Visitor, path: str, model: str) -> None:
    told = await visitor.refused(path, {**LEAST[path], "model_name": model})
    assert told[:2] == (404, 1203)
    assert model in told[2]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b'{"prompt": "a"', b"\xff"])
async def test_a_body_that_is_no_object(visitor: Visitor, body: bytes) -> None:
    status, answer, _ = await visitor.raw("POST", TEXT, data=body)
    assert status == 400
    assert b'"code":1200' in answer


@pytest.mark.parametrize("code", [1100, 1101, 1102, 1103, 1304])
async def test_an_account_in_trouble(visitor: Visitor, code: int) -> None:
    visitor.emulator.accounts["demo"].trouble = code
    status = 403 if code == 1103 else 429
    assert (await visitor.refused(TEXT, LEAST[TEXT]))[:2] == (status, code)
    begin = await visitor.refused(f"{EDIT}/init-selection", {"video_url": URL})
    assert begin[:2] == (status, code)
    assert await visitor.get(TEXT) == []


async def test_an_account_without_units(visitor: Visitor) -> None:
    account = visitor.emulator.accounts["demo"]
    account.units *= 0
    assert (await visitor.refused(TEXT, LEAST[TEXT]))[:2] == (429, 1102)


async def test_over_capacity(visitor: Visitor) -> None:
    visitor.emulator.accounts["demo"].capacity = 2
    made = [await visitor.post(TEXT, LEAST[TEXT]) for _ in range(2)]
    status, code, message = await visitor.refused(TEXT, LEAST[TEXT])
    assert (status, code) == (429, 1303)
    assert message == "parallel task over resource pack limit"
    # Images are another package, and take as many slots as there are images.
    assert (await visitor.refused(MAKE, {**LEAST[MAKE], "n": 3}))[1] == 1303
    await visitor.post(MAKE, {**LEAST[MAKE], "n": 2})
    visitor.emulator.finish(made[0]["task_id"], "failed")
    await visitor.post(TEXT, LEAST[TEXT])
