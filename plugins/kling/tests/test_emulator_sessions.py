"""Calls of the emulated service that are answered at once, and its libraries."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from kling_emulated import LEAST, Visitor

from plugway.testing import ManualClock
from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

BASE = "/v1/videos/multi-elements"
SOURCE = {"video_url": "https://example.com/a.mp4"}
POINT = {"x": 0.25, "y": 0.5}


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor(KlingEmulator(accounts=["demo", "other"])) as visitor:
        yield visitor


async def test_a_session_from_its_beginning_to_a_task(visitor: Visitor) -> None:
    begun = await visitor.post(f"{BASE}/init-selection", SOURCE)
    assert set(begun) == {
        "status",
        "session_id",
        "fps",
        "original_duration",
        "width",
        "height",
        "total_frame",
        "normalized_video",
        "final_unit_deduction",
        "final_balance_deduction",
    }
    assert (begun["status"], begun["fps"], begun["original_duration"]) == (0, 30.0, 5_000)
    session = {"session_id": begun["session_id"]}
    mark = {**session, "frame_index": 3, "points": [POINT]}
    added = await visitor.post(f"{BASE}/add-selection", mark)
    assert (added["status"], added["res"]["frame_index"]) == (0, 3)
    (mask,) = added["res"]["rle_mask_list"]
    assert set(mask) == {"object_id", "rle_mask", "png_mask"}
    deleted = await visitor.post(f"{BASE}/delete-selection", mark)
    assert deleted["res"]["rle_mask_list"] == []
    shown = await visitor.post(f"{BASE}/preview-selection", session)
    assert set(shown["res"]) == {"video", "video_cover", "tracking_output"}
    cleared = await visitor.post(f"{BASE}/clear-selection", session)
    assert cleared == {"status": 0, **session}
    body = {**LEAST[BASE], **session}
    made = await visitor.post(BASE, body)
    visitor.emulator.finish(made["task_id"])
    task = await visitor.get(f"{BASE}/{made['task_id']}")
    assert task["task_result"]["videos"][0]["session_id"] == begun["session_id"]


@pytest.mark.parametrize(
    ("action", "body", "field"),
    [
        ("init-selection", {}, "video_id / video_url"),
        ("init-selection", {**SOURCE, "video_id": "1"}, "video_id / video_url"),
        ("init-selection", {"video_url": "a.mp4"}, "video_url"),
        ("add-selection", {"frame_index": 1, "points": [POINT]}, "session_id"),
        ("add-selection", {"session_id": "{session}", "points": [POINT]}, "frame_index"),
        ("add-selection", {"session_id": "{session}", "frame_index": 1, "points": []}, "points"),
        (
            "add-selection",
            {"session_id": "{session}", "frame_index": 1, "points": [POINT] * 11},
            "points",
        ),
        (
            "add-selection",
            {"session_id": "{session}", "frame_index": 1, "points": [{"x": 1.1, "y": 0}]},
            "points[0].x",
        ),
        (
            "delete-selection",
            {"session_id": "{session}", "frame_index": 1, "points": [POINT]},
            "points",
        ),
        ("clear-selection", {}, "session_id"),
        ("preview-selection", {"session_id": ""}, "session_id"),
    ],
)
async def test_a_wrong_selection_is_refused(
    visitor: Visitor, action: str, body: dict[str, Any], field: str
) -> None:
    status, code, message = await visitor.refused(f"{BASE}/{action}", await visitor.fill(body))
    assert (status, code) == (400, 1201)
    assert message.startswith(field)


async def test_a_session_has_ten_frames_with_ten_points(visitor: Visitor) -> None:
    body = await visitor.fill({"session_id": "{session}"})
    ten = {**body, "points": [POINT] * 10}
    for frame in range(10):
        await visitor.post(f"{BASE}/add-selection", {**ten, "frame_index": frame})
    one = {**body, "points": [POINT]}
    told = await visitor.refused(f"{BASE}/add-selection", {**one, "frame_index": 10})
    assert told[2].startswith("frame_index")
    told = await visitor.refused(f"{BASE}/add-selection", {**one, "frame_index": 9})
    assert told[2].startswith("points")


async def test_a_session_is_its_accounts_for_a_day() -> None:
    clock = ManualClock(start_us=0)
    emulator = KlingEmulator(accounts=["demo", "other"], now=clock.monotonic)
    async with Visitor(emulator) as visitor:
        begun = await visitor.post(f"{BASE}/init-selection", SOURCE, plain=True)
        body = {"session_id": begun["session_id"]}
        told = await visitor.refused(f"{BASE}/clear-selection", body, account="other", plain=True)
        assert told[:2] == (404, 1203)
        clock.advance(24 * 3600)
        await visitor.post(f"{BASE}/clear-selection", body, plain=True)
        clock.advance(1)
        told = await visitor.refused(f"{BASE}/clear-selection", body, plain=True)
        assert told[:2] == (404, 1203)


async def test_recognition_that_finds_nothing_is_no_error(visitor: Visitor) -> None:
    before = visitor.emulator.accounts["demo"].units
    visitor.emulator.mishap("rejected")
    begun = await visitor.post(f"{BASE}/init-selection", SOURCE)
    assert begun["status"] == 1
    assert "final_unit_deduction" not in begun
    assert visitor.emulator.accounts["demo"].units == before


async def test_a_video_of_ones_own_begins_a_session(visitor: Visitor) -> None:
    body = {"video_id": await visitor.video()}
    begun = await visitor.post(f"{BASE}/init-selection", body)
    assert begun["original_duration"] == 5_041
    told = await visitor.refused(f"{BASE}/init-selection", body, account="other")
    assert told[:2] == (404, 1203)


async def test_faces_speech_and_recognition(visitor: Visitor) -> None:
    found = await visitor.post("/v1/videos/identify-face", SOURCE)
    (face,) = found["face_data"]
    assert set(face) == {"face_id", "face_image", "start_time", "end_time"}
    # A session of faces is none of selections.
    body = {"session_id": found["session_id"]}
    assert (await visitor.refused(f"{BASE}/clear-selection", body))[1] == 1203
    lips = {**body, "face_choose": [{"face_id": "1", "sound_file": "aGVsbG8="}]}
    assert (await visitor.refused("/v1/videos/advanced-lip-sync", lips))[1] == 1203
    speech = {"text": "hello", "voice_id": "genshin_vindi2", "voice_language": "en"}
    said = await visitor.post("/v1/audio/tts", speech)
    assert said["task_status"] == "succeed"
    audio = said["task_result"]["audios"][0]["id"]
    avatar = {"image": "https://example.com/a.png", "audio_id": audio}
    await visitor.post("/v1/videos/avatar/image2video", avatar)
    told = await visitor.refused("/v1/audio/tts", {**speech, "voice_speed": 2.1})
    assert told[2].startswith("voice_speed")
    seen = await visitor.post("/v1/videos/image-recognize", {"image": "https://example.com/a.png"})
    assert seen["final_unit_deduction"] == "0.1"


@pytest.mark.parametrize(
    ("presets", "made_at", "delete", "makes", "key"),
    [
        (
            "/v1/general/presets-voices",
            "/v1/general/custom-voices",
            "/v1/general/delete-voices",
            "voices",
            "voice_id",
        ),
        (
            "/v1/general/advanced-presets-elements",
            "/v1/general/advanced-custom-elements",
            "/v1/general/delete-elements",
            "elements",
            "element_id",
        ),
    ],
)
async def test_libraries(
    visitor: Visitor, presets: str, made_at: str, delete: str, makes: str, key: str
) -> None:
    listed = await visitor.get(f"{presets}?pageSize=2")
    assert [len(item["task_result"][makes]) for item in listed] == [1, 1]
    made = await visitor.post(made_at, LEAST[made_at])
    visitor.emulator.finish(made["task_id"])
    task = await visitor.get(f"{made_at}/{made['task_id']}")
    body = {key: task["task_result"][makes][0][key]}
    assert (await visitor.refused(delete, body, account="other"))[:2] == (404, 1203)
    assert (await visitor.post(delete, body))[key] == body[key]
    assert (await visitor.refused(delete, body))[:2] == (404, 1203)


async def test_costs_have_an_envelope_within_the_envelope(visitor: Visitor) -> None:
    path = "/account/costs?start_time=1767225600000&end_time=1770000000000"
    told = await visitor.get(path)
    assert (told["code"], told["msg"]) == (0, "success")
    (pack,) = told["resource_pack_subscribe_infos"]
    assert pack["remaining_quantity"] == 1_000_000.0
    other = await visitor.get(f"{path}&resource_pack_name=another")
    assert other["resource_pack_subscribe_infos"] == []
    status, body = await visitor.ask("GET", "/account/costs?start_time=1")
    assert (status, body["code"]) == (400, 1201)
    visitor.emulator.behaviour.costs_interval = 3_600.0
    status, body = await visitor.ask("GET", path)
    assert (status, body["code"]) == (429, 1302)
    for name in ("balance", "package"):
        assert (await visitor.post(f"/account/billing/{name}", {"limit": 500}))["items"]
        told = await visitor.refused(f"/account/billing/{name}", {"limit": 501})
        assert told[2].startswith("limit")
