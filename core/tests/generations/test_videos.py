"""`/v1/videos`, asked by the official package."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from studio import CLIP_PRICE, MP4, PNG, made
from studio_desk import StudioDesk

from plugway import BadRequest, Media, SafetyBlocked, TaskUpdate, UpstreamTimeout

pytestmark = [
    pytest.mark.anyio,
    # The package says when the official service ends; others keep its API.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]


async def test_a_video_from_its_prompt_to_its_bytes(desk: StudioDesk) -> None:
    video = await desk.client.videos.create(
        model="clip",
        prompt="A calico cat plays the piano",
        size="720x1280",
        seconds="8",
        input_reference=("frame.png", PNG, "image/png"),
        extra_body={"seed": 7},
    )
    assert video.id.startswith("video_")
    assert (video.object, video.model, video.status) == ("video", "clip", "queued")
    assert (video.size, video.seconds, video.progress) == ("720x1280", "8", 0)
    assert (video.prompt, video.error, video.completed_at) == (
        "A calico cat plays the piano",
        None,
        None,
    )
    [asked] = desk.studio.models.asked
    assert (asked.aspect, asked.seconds, asked.seed) == ("9:16", 8, 7)
    assert list(asked.media()) == [Media(mime_type="image/png", data=PNG)]
    assert await desk.spent() == (0, CLIP_PRICE)

    with pytest.raises(openai.BadRequestError):
        await desk.client.videos.download_content(video.id)
    with pytest.raises(openai.BadRequestError):
        await desk.client.videos.delete(video.id)

    await desk.upstream_says(TaskUpdate(state="processing", answer="{}", progress=40))
    video = await desk.client.videos.retrieve(video.id)
    assert (video.status, video.progress) == ("in_progress", 40)

    await desk.upstream_says(made())
    video = await desk.client.videos.retrieve(video.id)
    assert (video.status, video.progress) == ("completed", 100)
    assert video.completed_at is not None
    assert video.expires_at is not None
    assert video.completed_at < video.expires_at
    assert await desk.spent() == (CLIP_PRICE, 0)

    content = await desk.client.videos.download_content(video.id)
    assert content.content == MP4
    assert content.response.headers["content-type"] == "video/mp4"
    status, part, headers = await desk.ask(
        "GET", f"/v1/videos/{video.id}/content", headers={"range": "bytes=4-11"}
    )
    assert (status, part) == (206, MP4[4:12])
    assert headers["content-range"] == f"bytes 4-11/{len(MP4)}"
    # Without a key, too, by the URL that goes with it.
    assert video.model_extra is not None
    async with desk.raw.get(video.model_extra["url"]) as answer:
        assert await answer.read() == MP4

    deleted = await desk.client.videos.delete(video.id)
    assert (deleted.id, deleted.deleted, deleted.object) == (video.id, True, "video.deleted")
    for call in (desk.client.videos.retrieve, desk.client.videos.delete):
        with pytest.raises(openai.NotFoundError) as caught:
            await call(video.id)
        assert (caught.value.code, caught.value.param) == ("not_found", "video_id")
    async with desk.raw.get(video.model_extra["url"]) as answer:
        assert answer.status in (404, 410)


async def test_the_package_waits_for_it(desk: StudioDesk) -> None:
    waiting = asyncio.create_task(
        desk.client.videos.create_and_poll(model="clip", prompt="A cat", poll_interval_ms=10)
    )
    await desk.until(lambda: desk.studio.models.asked)
    await desk.upstream_says(made())
    assert (await waiting).status == "completed"


async def test_videos_are_listed_page_by_page_and_only_ones_own(desk: StudioDesk) -> None:
    made_ids = []
    for number in (1, 2, 3):
        video = await desk.client.videos.create(model="clip", prompt=f"Cat {number}")
        made_ids.append(video.id)
    page = await desk.client.videos.list(limit=2)
    assert [video.id for video in page.data] == made_ids[:0:-1]
    assert page.has_more
    assert [video.id async for video in await desk.client.videos.list(limit=2)] == made_ids[::-1]
    oldest = await desk.client.videos.list(limit=2, order="asc", after=made_ids[0])
    assert ([video.id for video in oldest.data], oldest.has_more) == (made_ids[1:], False)

    other = await desk.server.user("bob")
    async with desk.with_key(await desk.server.key(other)) as bob:
        assert (await bob.videos.list()).data == []
        for call in (bob.videos.retrieve, bob.videos.delete, bob.videos.download_content):
            with pytest.raises(openai.NotFoundError):
                await call(made_ids[0])
        with pytest.raises(openai.NotFoundError):
            await bob.videos.list(after=made_ids[0])

    # What failed can be thrown away, too.
    await desk.upstream_says(TaskUpdate(state="failed", answer="{}", reason="no cats today"))
    failed = await desk.client.videos.retrieve(made_ids[0])
    assert failed.status == "failed"
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("upstream_error", "no cats today")
    await desk.client.videos.delete(made_ids[0])
    assert [one.id async for one in await desk.client.videos.list()] == made_ids[:0:-1]
    assert await desk.spent() == (0, 2 * CLIP_PRICE)


async def test_a_refusal_has_its_own_status_and_costs_nothing(desk: StudioDesk) -> None:
    for error, status, code in (
        (BadRequest("prompt: too dull", field="prompt"), 400, None),
        (SafetyBlocked("no people"), 400, "content_policy_violation"),
    ):
        desk.comes_to(error)
        with pytest.raises(openai.APIStatusError) as caught:
            await desk.client.videos.create(model="clip", prompt="A cat")
        assert (caught.value.status_code, caught.value.code) == (status, code)
    assert await desk.spent() == (0, 0)
    assert (await desk.client.videos.list()).data == []


async def test_what_is_wrong_is_named_before_anything_is_held(desk: StudioDesk) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("model", {"model": "still"}),
        ("model", {"model": None}),
        ("prompt", {"prompt": ""}),
        ("size", {"size": "big"}),
        ("seconds", {"seconds": "-4"}),
        ("input_reference.file_id", {"input_reference": {"file_id": "file-1"}}),
        ("input_reference.image_url", {"input_reference": {"image_url": "ftp://a"}}),
        ("input_reference", {"input_reference": {}}),
    ]
    for field, body in wrong:
        status, said, _ = await desk.ask(
            "POST", "/v1/videos", {"model": "clip", "prompt": "A cat", **body}
        )
        assert (status, said["error"]["param"]) == (400, field), body
    for path, field in (
        ("/v1/videos?limit=0", "limit"),
        ("/v1/videos?order=up", "order"),
    ):
        status, said, _ = await desk.ask("GET", path)
        assert (status, said["error"]["param"]) == (400, field)
    status, said, _ = await desk.ask("POST", "/v1/videos/edits", {"video": {"id": "video_1"}})
    assert (status, said["error"]["param"]) == (400, "video")
    assert not desk.studio.models.asked
    assert await desk.spent() == (0, 0)


async def test_a_video_that_goes_on_from_another_one(desk: StudioDesk) -> None:
    first = await desk.client.videos.create(model="clip", prompt="A cat")
    # The package takes files there only, for which it is told what to give instead.
    longer = {"model": "clip-longer", "prompt": "It jumps", "video": {"id": first.id}}
    status, said, _ = await desk.ask("POST", "/v1/videos/extensions", longer)
    assert (status, said["error"]["param"]) == (400, "video")
    with pytest.raises(openai.BadRequestError) as caught:
        await desk.client.videos.extend(video=MP4, prompt="It jumps", seconds="8")
    assert "give its id" in caught.value.message
    await desk.upstream_says(made(name="clip-at-the-upstream"))
    # The same model cannot, and says so; another one can.
    with pytest.raises(openai.BadRequestError) as caught:
        await desk.client.videos.remix(first.id, prompt="It jumps")
    assert "clip cannot go on from" in caught.value.message
    asked_first, secret = desk.studio.models.asked[0], desk.studio.models.used[0]
    assert asked_first.source is None
    by_name = {"model": "clip-longer"}
    told = {"type": "video_url", "video_url": {"url": f"extend://{first.id}"}}
    status, extended, _ = await desk.ask("POST", "/v1/videos/extensions", longer)
    assert status == 200
    remixed = await desk.client.videos.remix(first.id, prompt="It runs", extra_body=by_name)
    said = [{"role": "user", "content": [{"type": "text", "text": "It"}, told]}]
    async with desk.raw.post(
        "/v1/chat/completions",
        headers={"authorization": f"Bearer {desk.key}"},
        json={"model": "clip-longer", "stream": True, "messages": said},
    ) as answer:
        assert answer.status == 200
    assert extended["remixed_from_video_id"] == remixed.remixed_from_video_id == first.id
    # Always with the credential that made the first one, whichever one's turn it is.
    assert desk.studio.models.used == [secret] * 4
    for asked in desk.studio.models.asked[1:]:
        assert asked.source == Media(mime_type="video/mp4", name="clip-at-the-upstream")
    other = await desk.server.key(await desk.server.user("bob"))
    async with desk.with_key(other) as bob:
        with pytest.raises(openai.NotFoundError):
            await bob.videos.remix(first.id, prompt="It is mine", extra_body=by_name)


async def test_a_submit_whose_answer_was_lost_goes_on(desk: StudioDesk) -> None:
    desk.comes_to(UpstreamTimeout())
    video = await desk.client.videos.create(model="clip", prompt="A cat")
    assert video.status == "queued"
    assert (await desk.task()).state == "unknown"
    assert await desk.spent() == (0, CLIP_PRICE)


async def test_a_client_that_leaves_during_the_submit(desk: StudioDesk) -> None:
    taken = asyncio.Event()
    desk.comes_to(taken)
    asking = asyncio.create_task(desk.client.videos.create(model="clip", prompt="A cat"))
    await desk.until(lambda: desk.studio.models.asked)
    asking.cancel()
    await asyncio.wait((asking,))
    taken.set()
    await desk.upstream_says(made())
    [video] = (await desk.client.videos.list()).data
    assert video.status == "completed"
    assert (await desk.client.videos.download_content(video.id)).content == MP4
    assert await desk.spent() == (CLIP_PRICE, 0)
