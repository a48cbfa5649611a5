"""Videos: begun, asked for, fetched, made larger."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from flow_desk import Desk
from tortoise.expressions import F

from plugway import TaskGone, UpstreamError
from plugway.storage.models import BindingRow
from plugway_flow.emulated.accounts import account
from plugway_flow.emulated.films import lasts
from plugway_flow.emulated.pictures import png
from plugway_flow.poller import FlowPoller

pytestmark = pytest.mark.anyio

MODEL = "veo_3_1_t2v_fast"
FRAME = {"mime_type": "image/png", "data": base64.b64encode(png("a ship", 24, 16)).decode()}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Run a gateway with one account of the highest tier."""
    async with Desk(tmp_path / "home", account("first", tier="PAYGATE_TIER_TWO")) as desk:
        await desk.channel()
        yield desk


def price(desk: Desk, larger: str = "") -> int:
    """Return what a video costs."""
    return desk.price(f"{MODEL}{larger}", "video", seconds="8")


@pytest.mark.parametrize("shape", ["new", "old"])
async def test_row_14_videos_of_both_shapes_are_made(desk: Desk, shape: Any) -> None:
    desk.emulator.behaviour.takes = shape
    task = await desk.make(MODEL)
    assert (task.state, task.kind) == ("submitted", "video")
    seen = []
    for _ in range(3):
        task = await desk.poll(task)
        seen.append((task.state, task.progress))
    assert [state for state, _ in seen] == ["processing", "processing", "succeed"]
    assert seen[0][1] == 5
    assert 5 < (seen[1][1] or 0) <= 95
    ((kept, data),) = await desk.kept(task)
    assert (kept.mime_type, lasts(data) > 0) == ("video/mp4", True)
    # New answers tell no URL: the site is asked for one.
    assert len(desk.emulator.truth.of("redirect")) == (1 if shape == "new" else 0)
    assert await desk.charged() == price(desk)
    assert await desk.held() == 0
    assert desk.credits_of() == desk.emulator.accounts["first"].credits < 1_000


async def test_a_guess_at_progress_is_marked_and_never_goes_back(desk: Desk) -> None:
    desk.emulator.behaviour.held = True
    task = await desk.make(MODEL)
    desk.emulator.finish(task.upstream_id or "", "ACTIVE")
    told = [(await desk.poll(task)).progress or 0 for _ in range(32)]
    assert told == sorted(told)
    assert told[-1] == 95
    answer = (await desk.task(task.call_id)).answer or ""
    assert msgspec.json.decode(answer)["progress"] == "estimated"


async def test_row_15_a_video_without_any_link_comes_as_text(desk: Desk) -> None:
    task = await desk.make(MODEL)
    desk.emulator.finish(task.upstream_id or "")
    desk.emulator.mishap("refused", call="redirect", code=500, times=9)
    task = await desk.poll(task)
    assert task.state == "succeed"
    ((_, data),) = await desk.kept(task)
    assert lasts(data) > 0
    assert len(desk.emulator.truth.of("media")) == 1


async def test_a_link_that_does_not_work_is_not_tried_for_ever(desk: Desk) -> None:
    desk.emulator.behaviour.urls = "both"
    task = await desk.make(MODEL)
    desk.emulator.finish(task.upstream_id or "")
    polling = desk.gateway.tasks.polling
    found = []
    for failures in range(4):
        late = msgspec.structs.replace(task, failures=failures)
        (media,) = (await polling.ask(late, 5.0)).media
        found.append("url" if media.url else "data")
    assert found == ["url", "url", "data", "url"]
    calls = [len(desk.emulator.truth.of(call)) for call in ("redirect", "media")]
    assert calls == [1, 1]


async def test_what_videos_are_made_of_is_handed_in(desk: Desk) -> None:
    for model, count in (
        ("veo_3_1_i2v_s_fast_fl", 1),
        ("veo_3_1_i2v_s_fast_fl", 2),
        ("veo_3_1_r2v_fast", 3),
    ):
        await desk.make(model, images=[FRAME] * count)
    paths = [use.path.rpartition("GenerateVideo")[2] for use in desk.emulator.truth.of("submit")]
    assert paths == ["StartImage", "StartAndEndImage", "ReferenceImages"]
    assert len(desk.emulator.truth.of("upload")) == 6


async def test_an_earlier_video_is_gone_on_from_and_made_larger(desk: Desk) -> None:
    task = await desk.make(MODEL)
    desk.emulator.finish(task.upstream_id or "")
    ((kept, _),) = await desk.kept(await desk.poll(task))
    for model in ("veo_3_1_extend", "veo_3_1_upsampler_1080p"):
        again = await desk.make(model, source=kept.name)
        desk.emulator.finish(again.upstream_id or "")
        assert (await desk.poll(again)).state == "succeed"
        assert len(await desk.kept(again)) == 1
    sources = [
        body["requests"][0]["videoInput"]["mediaId"]
        for body in desk.emulator.truth.bodies("submit")[1:]
    ]
    assert sources == [kept.name, kept.name]


async def test_what_goes_on_from_a_video_has_its_shape(desk: Desk) -> None:
    task = await desk.make(f"{MODEL}_portrait")
    desk.emulator.finish(task.upstream_id or "")
    ((kept, _),) = await desk.kept(await desk.poll(task))
    for model in ("veo_3_1_extend", "veo_3_1_upsampler_1080p"):
        await desk.make(model, source=kept.name)
    last, larger = [body["requests"][0] for body in desk.emulator.truth.bodies("submit")[1:]]
    assert last["videoModelKey"] == "veo_3_1_extend_portrait"
    assert last["aspectRatio"] == larger["aspectRatio"] == "VIDEO_ASPECT_RATIO_PORTRAIT"
    status, _, message = await desk.refused("veo_3_1_extend_landscape", source=kept.name)
    assert (status, "16:9" in message) == (400, True)


async def test_a_page_is_not_delivered_as_a_video(desk: Desk) -> None:
    task = await desk.make(MODEL)
    desk.emulator.finish(task.upstream_id or "")
    desk.emulator.fail("status", path="/signed", status=200, json={"error": "sign in"})
    with pytest.raises(UpstreamError, match="a page"):
        await desk.poll(task)
    ((kept, _),) = await desk.kept(await desk.poll(task))
    assert kept.mime_type == "video/mp4"


async def test_row_19_a_video_is_made_larger_once(desk: Desk) -> None:
    task = await desk.make(f"{MODEL}_1080p")
    desk.emulator.finish(task.upstream_id or "")
    task = await desk.poll(task)
    assert task.state == "processing"
    assert len(desk.emulator.truth.of("submit")) == 2
    # As the row was before, such as where the node died before it was written.
    task = await desk.poll(task, times=3)
    assert task.state == "succeed"
    assert len(desk.emulator.truth.of("submit")) == 2
    ((kept, _),) = await desk.kept(task)
    assert kept.name != task.upstream_id
    assert await desk.charged() == price(desk, "_1080p") > price(desk)


async def test_a_submit_whose_fate_is_not_known_is_not_repeated(desk: Desk) -> None:
    task = await desk.make(f"{MODEL}_4k")
    desk.emulator.finish(task.upstream_id or "")
    polling = desk.gateway.tasks.polling
    # What is learnt is lost, as where the node dies before it is written.
    assert (await polling.ask(task, 5.0)).state == "processing"
    # It may be under way on another node, as long as a poll may take.
    with pytest.raises(UpstreamError, match="being made larger"):
        await desk.poll(task)
    earlier = F("expires_at") - 60_000_000
    await desk.gateway.database.run(lambda: BindingRow.all().update(expires_at=earlier))
    task = await desk.poll(task)
    assert task.state == "succeed"
    assert len(desk.emulator.truth.of("submit")) == 2
    assert len(await desk.kept(task)) == 1
    assert await desk.charged() == price(desk)


@pytest.mark.parametrize("gone", [False, True])
async def test_the_plain_video_is_delivered_where_the_larger_one_does_not_come(
    desk: Desk, gone: bool
) -> None:
    task = await desk.make(f"{MODEL}_1080p")
    desk.emulator.finish(task.upstream_id or "")
    task = await desk.poll(task)
    polling = desk.gateway.tasks.polling
    if gone:
        desk.emulator.mishap("refused", call="poll", code=404, times=2)
        with pytest.raises(TaskGone):
            await polling.ask(task, 5.0)
        task = msgspec.structs.replace(task, failures=1)
    else:
        task = msgspec.structs.replace(task, polls=1_499)
    update = await polling.ask(task, 5.0)
    assert (update.state, [one.name for one in update.media]) == ("succeed", [task.upstream_id])
    assert [one.key for one in update.usages or ()] == [MODEL]


@pytest.mark.parametrize("late", [False, True])
async def test_the_plain_video_is_delivered_where_it_cannot_be_made_larger(
    desk: Desk, late: bool
) -> None:
    task = await desk.make(f"{MODEL}_1080p")
    desk.emulator.finish(task.upstream_id or "")
    if late:
        desk.emulator.mishap("fate", call="submit", state="FAILED")
    else:
        desk.emulator.mishap("refused", call="submit", code=500)
    task = await desk.poll(task)
    if late:
        assert task.state == "processing"
        task = await desk.poll(task, times=3)
    assert task.state == "succeed"
    ((kept, _),) = await desk.kept(task)
    assert kept.name == task.upstream_id
    assert await desk.charged() == price(desk)


async def test_who_looks_again_at_what_has_ended_changes_nothing(desk: Desk) -> None:
    task = await desk.make(f"{MODEL}_1080p")
    desk.emulator.finish(task.upstream_id or "")
    ended = msgspec.structs.replace(task, state="expired")
    update = await desk.gateway.tasks.recheck(ended)
    assert update is not None
    assert len(desk.emulator.truth.of("submit")) == 1


async def test_polls_go_on_by_themselves_as_often_as_the_settings_say(tmp_path: Path) -> None:
    async with Desk(tmp_path / "home", looks=2, fates={"never": "PENDING"}) as desk:
        await desk.channel(poll_first=0.05, poll_seconds=0.05, poll_attempts=2)
        quick, late = [await desk.make(MODEL, prompt=prompt) for prompt in ("a ship", "never")]
        written = (quick.answer or "").replace('"upscale":""', '"upscale":"4k"')
        larger = msgspec.structs.replace(quick, answer=written)
        poller = FlowPoller(desk.gateway)
        assert (poller.pace(quick).most, poller.pace(larger).most) == (2, 6)
        while not quick.ended:
            quick = await desk.gateway.tasks.changed(quick, 10.0)
        assert quick.state == "succeed"
        assert len(await desk.kept(quick)) == 1
        while not late.ended:
            late = await desk.gateway.tasks.changed(late, 10.0)
        assert (late.state, late.polls) == ("expired", 2)
        assert await desk.charged() == price(desk)
        assert await desk.held() == 0
