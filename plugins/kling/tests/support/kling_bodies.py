"""The least that each endpoint takes; `{…}` stands for what the caller must have made before."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kling_gateway import Client

IMAGE = "https://example.com/a.png"
VIDEO = "https://example.com/a.mp4"
SOUND = "aGVsbG8="

SELECTION = "/kling/v1/videos/multi-elements/init-selection"
FACES = "/kling/v1/videos/identify-face"
POINTS = {"session_id": "{session}", "frame_index": 1, "points": [{"x": 0.5, "y": 0.5}]}

#: Bodies of creates, by the endpoint's kind.
TASKS: dict[str, dict[str, Any]] = {
    "text2video": {"prompt": "a cat"},
    "image2video": {"image": IMAGE},
    "multi-image2video": {"prompt": "a cat", "image_list": [{"image": IMAGE}]},
    "omni-video": {"prompt": "a cat", "aspect_ratio": "16:9"},
    "motion-control": {
        "mode": "std",
        "image_url": IMAGE,
        "video_url": VIDEO,
        "character_orientation": "image",
    },
    "multi-elements": {
        "prompt": "no cat",
        "edit_mode": "removal",
        "session_id": "{session}",
        "image_list": [],
    },
    "video-extend": {"video_id": "{video}"},
    "advanced-lip-sync": {
        "session_id": "{faces}",
        "face_choose": [
            {
                "face_id": "{face}",
                "sound_file": SOUND,
                "sound_start_time": 0,
                "sound_end_time": 2000,
                "sound_insert_time": 0,
            }
        ],
    },
    "lip-sync": {
        "input": {
            "video_id": "{video}",
            "mode": "text2video",
            "text": "hello",
            "voice_id": "girlfriend_1_speech02",
            "voice_language": "en",
        }
    },
    "avatar/image2video": {"image": IMAGE, "sound_file": SOUND},
    "effects": {"effect_scene": "squish", "input": {"image": IMAGE}},
    "generations": {"prompt": "a cat"},
    "multi-image2image": {"subject_image_list": [{"subject_image": IMAGE}]},
    "omni-image": {"prompt": "a cat"},
    "editing/expand": {
        "image": IMAGE,
        "up_expansion_ratio": 0.1,
        "down_expansion_ratio": 0.1,
        "left_expansion_ratio": 0.1,
        "right_expansion_ratio": 0.1,
    },
    "kolors-virtual-try-on": {"human_image": IMAGE, "cloth_image": IMAGE},
    "text-to-audio": {"prompt": "rain", "duration": 3.0},
    "video-to-audio": {"video_id": "{video}"},
    "ai-multi-shot": {"element_frontal_image": IMAGE},
    "custom-voices": {"voice_name": "me", "voice_url": "https://example.com/a.mp3"},
    "advanced-custom-elements": {
        "element_name": "me",
        "element_description": "somebody",
        "reference_type": "image_refer",
        "element_image_list": {"frontal_image": IMAGE, "refer_images": [{"image_url": IMAGE}]},
    },
    "custom-elements": {
        "element_name": "me",
        "element_description": "somebody",
        "element_frontal_image": IMAGE,
    },
}

#: Bodies of calls that are answered at once.
CALLS: dict[str, dict[str, Any]] = {
    "init-selection": {"video_url": VIDEO},
    "add-selection": POINTS,
    "delete-selection": POINTS,
    "clear-selection": {"session_id": "{session}"},
    "preview-selection": {"session_id": "{session}"},
    "identify-face": {"video_id": "{video}"},
    "image-recognize": {"image": IMAGE},
    "tts": {"text": "hello", "voice_id": "829824295735410756", "voice_language": "en"},
    "delete-voices": {"voice_id": "{voice}"},
    "delete-elements": {"element_id": "{element}"},
    "delete-advanced-elements": {"element_id": "{element}"},
}

#: Bodies of the newer generation.
NEWER: dict[str, dict[str, Any]] = {
    "text-to-video": {"prompt": "a cat"},
    "image-to-video": {"contents": [{"type": "first_frame", "url": IMAGE}]},
    "omni-video": {"contents": [{"type": "prompt", "text": "a cat"}]},
    "motion-control": {
        "contents": [{"type": "image", "url": IMAGE}, {"type": "video", "url": VIDEO}],
        "settings": {"character_orientation": "image"},
    },
}


async def filled(client: Client, body: dict[str, Any]) -> dict[str, Any]:
    """Make what a body refers to, through the gateway, and put its ids in."""
    text = json.dumps(body)
    if "{session}" in text:
        text = text.replace("{session}", await session(client))
    if "{video}" in text:
        text = text.replace("{video}", await video(client))
    if "{faces}" in text:
        _, told = await client.post(FACES, {"video_id": await video(client)})
        text = text.replace("{faces}", told["data"]["session_id"])
        text = text.replace("{face}", told["data"]["face_data"][0]["face_id"])
    if "{voice}" in text:
        made = await result(client, "/kling/v1/general/custom-voices", TASKS["custom-voices"])
        text = text.replace("{voice}", made["voices"][0]["voice_id"])
    if "{element}" in text:
        path = "/kling/v1/general/advanced-custom-elements"
        made = await result(client, path, TASKS["advanced-custom-elements"])
        text = text.replace("{element}", str(made["elements"][0]["element_id"]))
    done: dict[str, Any] = json.loads(text)
    return done


async def session(client: Client) -> str:
    """Begin a selection."""
    status, told = await client.post(SELECTION, {"video_url": VIDEO})
    assert (status, told["code"]) == (200, 0), told
    found: str = told["data"]["session_id"]
    return found


async def video(client: Client) -> str:
    """Make a video, and return its id."""
    made = await result(client, "/kling/v1/videos/text2video", TASKS["text2video"])
    found: str = made["videos"][0]["id"]
    return found


async def result(client: Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """Make a task, and return what it made."""
    status, told = await client.post(path, body)
    assert (status, told["code"]) == (200, 0), told
    data = await client.ended(f"{path}/{told['data']['task_id']}")
    assert data["task_status"] == "succeed", data
    found: dict[str, Any] = data["task_result"]
    return found
