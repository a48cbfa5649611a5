"""What one credential made is asked of that credential, by the user that made it."""

from __future__ import annotations

import pytest
from kling_bodies import CALLS, SELECTION, VIDEO, filled, session, video
from kling_gateway import PRICE, Kling

pytestmark = pytest.mark.anyio

ELEMENTS = "/kling/v1/videos/multi-elements"
POINTS = {"frame_index": 1, "points": [{"x": 0.5, "y": 0.5}]}


@pytest.fixture
async def kling(bare: Kling) -> Kling:
    """Run a gateway whose channel has two accounts, and another channel with one of them."""
    first, second = (bare.emulator.accounts[name].secret for name in ("first", "second"))
    await bare.channel(first, second)
    await bare.channel(first, name="other")
    return bare


async def test_sessions_stay_where_they_were_made(kling: Kling) -> None:
    for _ in range(6):
        # The upstream knows a session in one account only, and refuses it elsewhere.
        body = {**POINTS, "session_id": await session(kling.alice)}
        for action in ("add-selection", "preview-selection", "clear-selection"):
            status, told = await kling.alice.post(f"{ELEMENTS}/{action}", body)
            assert (status, told["code"]) == (200, 0), told


async def test_videos_stay_where_they_were_made(kling: Kling) -> None:
    for _ in range(4):
        made = await video(kling.alice)
        body = {"video_id": made, "prompt": "more"}
        status, told = await kling.alice.post("/kling/v1/videos/video-extend", body)
        assert (status, told["code"]) == (200, 0), told
        status, told = await kling.alice.post(SELECTION, {"video_id": made})
        assert (status, told["code"]) == (200, 0), told


async def test_tasks_are_asked_for_with_the_credential_that_made_them(kling: Kling) -> None:
    # Channels are drawn: so often that both accounts surely have their turn.
    for _ in range(24):
        made = await kling.alice.make()
        await kling.alice.ended(f"/kling/v1/videos/text2video/{made['task_id']}")
    accounts = kling.emulator.accounts
    assert all(len(accounts[name].tasks) > 0 for name in ("first", "second"))
    assert await kling.charged() == 24 * PRICE


@pytest.mark.parametrize("action", ["init-selection", "video-extend"])
async def test_another_user_s_video_is_no_video(kling: Kling, action: str) -> None:
    bob = await kling.second()
    path = SELECTION if action == "init-selection" else f"/kling/v1/videos/{action}"
    asked = len(kling.emulator.seen)
    made = await video(kling.alice)
    asked = len(kling.emulator.seen)
    status, told = await bob.post(path, {"video_id": made})
    assert (status, told["code"]) == (404, 1203)
    assert "video_id" in told["message"]
    assert len(kling.emulator.seen) == asked


async def test_another_user_s_session_is_no_session(kling: Kling) -> None:
    bob = await kling.second()
    body = {**POINTS, "session_id": await session(kling.alice)}
    status, told = await bob.post(f"{ELEMENTS}/add-selection", body)
    assert (status, told["code"]) == (404, 1203)


@pytest.mark.parametrize("kind", ["delete-voices", "delete-elements"])
async def test_only_one_s_own_are_deleted(kling: Kling, kind: str) -> None:
    path = f"/kling/v1/general/{kind}"
    bob = await kling.second()
    body = await filled(kling.alice, CALLS[kind])
    (name,) = body
    asked = len(kling.emulator.seen)
    status, told = await bob.post(path, body)
    assert (status, told["code"]) == (404, 1203)
    # What nobody made through this gateway may be the operator's.
    status, told = await kling.alice.post(path, {name: "829824295735410756"})
    assert (status, told["code"]) == (404, 1203)
    assert len(kling.emulator.seen) == asked
    assert (await kling.alice.post(path, body))[0] == 200


async def test_two_accounts_cannot_work_together(kling: Kling) -> None:
    voices: dict[int | None, str] = {}
    while len(voices) < 2:
        body = await filled(kling.alice, CALLS["delete-voices"])
        binding = await kling.server.gateway.bindings.find(
            "kling", "voice", body["voice_id"], user_id=kling.user.id
        )
        assert binding is not None
        voices[binding.credential_id] = body["voice_id"]
    asked = {
        "model_name": "kling-v2-6",
        "mode": "pro",
        "sound": "on",
        "image": "https://example.com/a.png",
        "prompt": "they talk",
        "voice_list": [{"voice_id": voice} for voice in voices.values()],
    }
    status, told = await kling.alice.post("/kling/v1/videos/image2video", asked)
    assert (status, told["code"]) == (400, 1201), told
    assert "voice_id" in told["message"]


async def test_presets_go_anywhere(kling: Kling) -> None:
    for _ in range(4):
        status, told = await kling.alice.post("/kling/v1/audio/tts", CALLS["tts"])
        assert (status, told["code"]) == (200, 0), told


async def test_a_recognition_that_failed_is_told_and_costs_nothing(kling: Kling) -> None:
    told = {"code": 0, "message": "ok", "request_id": "up", "data": {"status": 1}}
    kling.emulator.fail("status", method="POST", status=200, json=told)
    assert await kling.alice.post(SELECTION, {"video_url": VIDEO}) == (200, told)
    assert await kling.charged() == 0


async def test_an_answer_that_is_none_costs_nothing(kling: Kling) -> None:
    kling.emulator.fail("cut", method="POST", path="/v1/videos/multi", after=20)
    status, told = await kling.alice.post(SELECTION, {"video_url": VIDEO})
    assert (status, told["code"]) == (500, 5000)
    kling.emulator.fail("status", method="POST", status=200, json="<html>")
    status, told = await kling.alice.post(SELECTION, {"video_url": VIDEO})
    assert (status, told["code"]) == (500, 5000)
    kling.emulator.fail("status", method="POST", status=502, json="<html>")
    status, told = await kling.alice.post(SELECTION, {"video_url": VIDEO})
    assert (status, told["code"]) == (500, 5000)
    assert await kling.charged() == 0
