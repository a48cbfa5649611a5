"""Videos of the emulated service: both shapes, every way to ask, and what becomes of them."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flow_emulated import POLL, VIDEO, Visitor, scene

from plugway.testing import ManualClock
from plugway_flow.emulated.films import lasts

pytestmark = pytest.mark.anyio

PORTRAIT = "VIDEO_ASPECT_RATIO_PORTRAIT"
INVALID = (400, "INVALID_ARGUMENT", "")
DENIED = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_MODEL_ACCESS_DENIED")
MISSING = (404, "NOT_FOUND", "")


async def test_the_new_shape(visitor: Visitor) -> None:
    body = await visitor.video()
    told = await visitor.good(f"{VIDEO}Text", body)
    assert told["remainingCredits"] == 980
    assert "operations" not in told
    (media,), (flow,) = told["media"], told["workflows"]
    name = media["name"]
    assert media["video"] == {"operation": {"name": name}}
    assert flow["metadata"]["primaryMediaId"] == name
    assert flow["metadata"]["batchId"] == body["mediaGenerationContext"]["batchId"]
    states = [(await visitor.poll(name))[0] for _ in range(3)]
    assert states == ["PENDING", "ACTIVE", "SUCCESSFUL"]
    _, told = await visitor.poll(name)
    assert told["video"]["generatedVideo"]["model"] == "veo_3_1_t2v_fast"
    assert "fifeUrl" not in str(told)
    status, link = await visitor.redirect(name)
    assert status == 307
    status, film, kind = await visitor.fetch(link)
    assert (status, kind, lasts(film)) == (200, "video/mp4", 8.0)
    told = await visitor.good(f"/v1/media/{name}")
    assert base64.b64decode(told["video"]["encodedVideo"]) == film
    assert visitor.emulator.truth.bodies("submit") == [body]


async def test_the_old_shape(visitor: Visitor) -> None:
    body = await visitor.old_video()
    told = await visitor.good(f"{VIDEO}Text", body)
    (operation,) = told["operations"]
    assert "media" not in told
    assert operation["sceneId"] == body["requests"][0]["metadata"]["sceneId"]
    name = operation["operation"]["name"]
    states = [(await visitor.poll_old(name))[0] for _ in range(3)]
    assert states == ["PENDING", "ACTIVE", "SUCCESSFUL"]
    _, told = await visitor.poll_old(name)
    video = told["operation"]["metadata"]["video"]
    status, film, _ = await visitor.fetch(video["fifeUrl"])
    assert (status, film[4:8]) == (200, b"ftyp")
    visitor.emulator.behaviour.urls = "none"
    _, told = await visitor.poll_old(name)
    assert "fifeUrl" not in told["operation"]["metadata"]["video"]


async def test_a_host_may_know_one_shape_only(visitor: Visitor) -> None:
    behaviour = visitor.emulator.behaviour
    new, old, path = await visitor.video(), await visitor.old_video(), f"{VIDEO}Text"
    behaviour.takes = "new"
    assert await visitor.refused(path, old) == INVALID
    name = await visitor.submit(new)
    asked = {"operations": [{"operation": {"name": name}, "sceneId": ""}]}
    assert await visitor.refused(POLL, asked) == INVALID
    behaviour.takes = "old"
    assert await visitor.refused(path, new) == INVALID
    behaviour.answers = "new"
    assert "media" in await visitor.good(path, old)


async def test_every_act(visitor: Visitor) -> None:
    first, last = await visitor.upload(), await visitor.make_image()
    start, end = {"mediaId": first}, {"mediaId": last}
    shown = [{"imageUsageType": "IMAGE_USAGE_TYPE_ASSET", "mediaId": name} for name in (first,)]
    for act, key, more in (
        ("StartImage", "veo_3_1_i2v_s_fast", {"startImage": start}),
        ("StartImage", "veo_3_1_i2v_s_fast_4s", {"startImage": start}),
        ("StartAndEndImage", "veo_3_1_i2v_s_fast_fl", {"startImage": start, "endImage": end}),
        ("StartAndEndImage", "veo_3_1_i2v_s_fast_fl", {"startImage": start}),
        ("ReferenceImages", "veo_3_1_r2v_fast_landscape", {"referenceImages": shown}),
        ("Text", "veo_3_1_r2v_fast_landscape", {}),
        ("Text", "abra_t2v_10s", {"aspectRatio": PORTRAIT}),
    ):
        made = await visitor.submit(await visitor.video(key, **more), act)
        assert visitor.emulator.job(made).model.key == key
    source = {"mediaId": await visitor.make_video()}
    longer = await visitor.submit(
        await visitor.video("veo_3_1_extend_landscape", videoInput=source), "ExtendVideo"
    )
    visitor.emulator.finish(longer)
    body = await visitor.old_video(
        "veo_3_1_upsampler_1080p",
        textInput=None,
        resolution="VIDEO_RESOLUTION_1080P",
        videoInput={"mediaId": longer},
    )
    visitor.emulator.behaviour.takes = "new"
    larger = await visitor.submit(body, "UpsampleVideo")
    assert (await visitor.poll(larger))[0] == "PENDING"
    visitor.emulator.finish(larger)
    media = visitor.emulator.library.media
    name = visitor.emulator.job(larger).name
    assert (media[longer].seconds, media[name].seconds) == (15.0, 15.0)
    assert (media[longer].width, media[name].width) == (64, 128)
    assert len(media[name].content) > len(media[longer].content)


async def test_what_a_request_may_not_be(visitor: Visitor) -> None:
    image, video = await visitor.upload(), await visitor.make_video()
    theirs = await visitor.upload("other")
    start = {"startImage": {"mediaId": image}}
    wrong: list[tuple[str, str, dict[str, Any], object]] = [
        ("Text", "veo_3_1_t2v_fast_8s", {}, INVALID),
        ("StartImage", "veo_3_1_t2v_fast", start, INVALID),
        ("Text", "veo_3_1_t2v_fast", start, INVALID),
        ("Text", "veo_3_1_t2v_fast", {"aspectRatio": PORTRAIT}, INVALID),
        ("Text", "veo_3_1_t2v_fast", {"aspectRatio": "VIDEO_ASPECT_RATIO_SQUARE"}, INVALID),
        ("Text", "veo_3_1_t2v_fast", {"seed": 0}, INVALID),
        ("Text", "veo_3_1_t2v_fast", {"seed": 100_000}, INVALID),
        ("Text", "veo_3_1_t2v_fast", {"prompt": "a lighthouse"}, INVALID),
        ("Text", "veo_3_1_t2v_fast", {"textInput": {"prompt": "a lighthouse"}}, INVALID),
        ("Text", "veo_3_1_t2v_fast_ultra", {}, DENIED),
        ("StartImage", "veo_3_1_i2v_lite", {}, INVALID),
        ("StartImage", "veo_3_1_i2v_lite", {"startImage": {"mediaId": video}}, MISSING),
        ("StartImage", "veo_3_1_i2v_lite", {"startImage": {"mediaId": theirs}}, MISSING),
        ("StartAndEndImage", "veo_3_1_interpolation_lite", start, INVALID),
        ("ExtendVideo", "veo_3_1_extend_landscape", {}, INVALID),
        ("ExtendVideo", "veo_3_1_extend_landscape", {"videoInput": {"mediaId": image}}, MISSING),
    ]
    for act, key, more, refusal in wrong:
        body = await visitor.video(key, **more)
        assert await visitor.refused(f"{VIDEO}{act}", body) == refusal, (act, key, more)
    for context, refusal in (
        ({"tool": "ASSET_MANAGER"}, INVALID),
        ({"userPaygateTier": None}, INVALID),
        ({"userPaygateTier": "PAYGATE_TIER_TWO"}, DENIED),
        ({"sessionId": "1790000000000"}, INVALID),
        ({"projectId": await visitor.project("other")}, MISSING),
    ):
        body = await visitor.video()
        body["clientContext"] |= context
        body["clientContext"] = {k: v for k, v in body["clientContext"].items() if v is not None}
        assert await visitor.refused(f"{VIDEO}Text", body) == refusal, context
    old = await visitor.old_video(metadata={"sceneId": "1"})
    assert await visitor.refused(f"{VIDEO}Text", old) == INVALID
    assert visitor.emulator.accounts["demo"].credits == 980


async def test_credits_are_charged_and_given_back(visitor: Visitor) -> None:
    account = visitor.emulator.accounts["demo"]
    account.credits = 110
    name = await visitor.submit(await visitor.video("veo_3_1_t2v"))
    assert (await visitor.good("/v1/credits"))["credits"] == 10
    told = await visitor.refused(f"{VIDEO}Text", await visitor.video())
    assert told == (429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_USER_QUOTA_REACHED")
    visitor.emulator.finish(name, "ERROR_SAFETY")
    assert account.credits == 110
    state, shown = await visitor.poll(name)
    assert state == "ERROR_SAFETY"
    error = shown["video"]["operation"]["error"]
    assert error == {"code": 3, "message": "PUBLIC_ERROR_UNSAFE_GENERATION"}
    assert (await visitor.redirect(name))[0] == 404


async def test_fates(visitor: Visitor) -> None:
    visitor.emulator.mishap("fate", state="FAILED", account="demo")
    visitor.emulator.behaviour.fates = {"for ever": "ACTIVE"}
    failed = await visitor.submit(await visitor.old_video())
    endless = await visitor.submit(await visitor.old_video(textInput={"prompt": "a cat, for ever"}))
    for _ in range(4):
        state, _ = await visitor.poll_old(endless)
    assert state == "ACTIVE"
    states = [(await visitor.poll_old(failed)) for _ in range(3)]
    assert states[-1][0] == "FAILED"
    assert states[-1][1]["operation"]["error"]["code"] == 13


async def test_time_moves_videos(visitor: Visitor, clock: ManualClock) -> None:
    visitor.emulator.behaviour.seconds = 100.0
    name = await visitor.submit(await visitor.video())
    states = []
    for seconds in (0, 29, 2, 68, 2):
        clock.advance(seconds)
        states.append((await visitor.poll(name))[0])
    assert states == ["PENDING", "PENDING", "ACTIVE", "ACTIVE", "SUCCESSFUL"]


async def test_held_videos_move_when_told(visitor: Visitor) -> None:
    visitor.emulator.hold()
    name = await visitor.submit(await visitor.video())
    for state in ("PENDING", "ACTIVE", "SUCCESSFUL"):
        assert [(await visitor.poll(name))[0] for _ in range(4)] == [state] * 4
        visitor.emulator.advance()
    with pytest.raises(KeyError):
        visitor.emulator.finish(scene())


async def test_an_account_may_have_so_many_at_once(visitor: Visitor) -> None:
    open_ = len(visitor.emulator.truth.open("other"))
    visitor.emulator.behaviour.most_jobs = open_ + 1
    body = await visitor.video(account="other")
    name = await visitor.submit(body, account="other")
    refused = await visitor.refused(f"{VIDEO}Text", body, "other")
    assert refused == (429, "RESOURCE_EXHAUSTED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC")
    visitor.emulator.finish(name)
    await visitor.submit(body, account="other")
    assert visitor.emulator.truth.most_jobs("other") == open_ + 1
    # Nobody sees the videos of others.
    for project in (await visitor.project(), await visitor.project("other")):
        asked = {"media": [{"name": name, "projectId": project}]}
        assert await visitor.refused(POLL, asked) == MISSING
