"""Images and videos of Flow with the official packages, as their users have them: unpatched."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from flow_system import FRAMES, IMAGE, LONGER, PICTURE, VIDEO, FlowSystem, price
from google.genai import types

from plugway_flow.emulated.accounts import account
from plugway_flow.emulated.films import lasts
from plugway_flow.emulated.pictures import seen
from plugway_flow.emulator import FlowEmulator

pytestmark = [
    pytest.mark.anyio,
    # The package says when the official service ends; others keep its API.
    pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning"),
]

#: What chats say of media where their dialect has no block for them.
LINK = re.compile(r"(!?)\[(image|video)\]\((http[^)]+)\)")

SHIP: list[Any] = [{"role": "user", "content": "a ship at sea"}]


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[FlowSystem]:
    """Run a gateway with two accounts that have paid for something, once for all tests."""
    home: Path = tmp_path_factory.mktemp("flow") / "home"
    pro = "PAYGATE_TIER_ONE"
    accounts = [account(name, tier=pro, credits=10_000) for name in ("first", "second")]
    async with FlowSystem(home, FlowEmulator(accounts=accounts, looks=1)) as system:
        await system.channel()
        yield system


@pytest.fixture(autouse=True)
async def spent(system: FlowSystem) -> AsyncIterator[list[int]]:
    """Take what a test is charged: all that it names, and no more; nothing stays held."""
    before, held = await system.spent()
    assert held == 0
    system.emulator.truth.clear()
    costs: list[int] = []
    yield costs
    after, held = await system.spent()
    assert (after - before, held) == (sum(costs), 0)
    states = {row.state for row in await system.rows()}
    assert states == {"ready"}


async def test_images_by_their_bytes_and_by_their_place(
    system: FlowSystem, spent: list[int]
) -> None:
    answer = await system.openai.images.generate(
        model=IMAGE, prompt="a ship", n=2, size="1024x1792", response_format="b64_json"
    )
    spent.append(price(IMAGE, 2))
    first, second = [base64.b64decode(one.b64_json or "") for one in answer.data or []]
    assert first != second
    for image in (first, second):
        mime_type, width, height = seen(image)
        assert mime_type == "image/png"
        assert height > width
    assert (answer.output_format, answer.usage is not None) == ("png", True)
    (asked,) = system.emulator.truth.bodies("image")
    assert [one["imageModelName"] for one in asked["requests"]] == ["GEM_PIX_2"] * 2

    answer = await system.openai.images.generate(
        model=IMAGE, prompt="a ship", n=1, size="1792x1024", response_format="url"
    )
    spent.append(price(IMAGE, 1))
    (only,) = answer.data or []
    mime_type, image = await system.fetch(only.url or "")
    assert mime_type == seen(image)[0] == "image/png"
    assert seen(image)[1] > seen(image)[2]


async def test_an_image_of_an_image(system: FlowSystem, spent: list[int]) -> None:
    answer = await system.openai.images.edit(
        model=IMAGE,
        image=("ship.png", PICTURE, "image/png"),
        prompt="the same at night",
        response_format="b64_json",
    )
    spent.append(price(IMAGE, 1))
    (only,) = answer.data or []
    assert seen(base64.b64decode(only.b64_json or ""))[0] == "image/png"
    (upload,) = system.emulator.truth.bodies("upload")
    assert base64.b64decode(upload["imageBytes"]) == PICTURE
    (asked,) = system.emulator.truth.bodies("image")
    assert len(asked["requests"][0]["imageInputs"]) == 1


async def test_a_video_from_its_prompt_to_its_end(system: FlowSystem, spent: list[int]) -> None:
    videos, (charged, _) = system.openai.videos, await system.spent()
    system.emulator.hold()
    video = await videos.create(model=VIDEO, prompt="a ship", size="1280x720", seconds="8")
    assert (video.status, video.model, video.size, video.seconds) == (
        "queued",
        VIDEO,
        "1280x720",
        "8",
    )
    # While it is made it is held, and not charged.
    assert await system.spent() == (charged, price(VIDEO, 8))
    with pytest.raises(openai.BadRequestError):
        await videos.download_content(video.id)
    system.emulator.let_go()
    video = await videos.poll(video.id, poll_interval_ms=20)
    spent.append(price(VIDEO, 8))
    assert (video.status, video.progress, video.error) == ("completed", 100, None)
    assert video.expires_at is not None
    content = await videos.download_content(video.id)
    assert content.response.headers["content-type"] == "video/mp4"
    assert lasts(content.content) == 8.0
    assert video.model_extra is not None
    assert await system.fetch(video.model_extra["url"]) == ("video/mp4", content.content)
    assert video.id in [one.id async for one in await videos.list(limit=1)]

    # Another one goes on from it, made by the account that has it.
    longer = await videos.remix(video.id, prompt="It sinks", extra_body={"model": LONGER})
    longer = await videos.poll(longer.id, poll_interval_ms=20)
    spent.append(price(LONGER, 7))
    assert (longer.status, longer.remixed_from_video_id) == ("completed", video.id)
    first, second = system.emulator.truth.of("submit")
    assert first.account == second.account

    assert (await videos.delete(video.id)).deleted
    for call in (videos.retrieve, videos.download_content, videos.delete):
        with pytest.raises(openai.NotFoundError):
            await call(video.id)
    assert [one.id async for one in await videos.list()] == [longer.id]


async def test_a_video_of_an_image(system: FlowSystem, spent: list[int]) -> None:
    video = await system.openai.videos.create_and_poll(
        model=FRAMES,
        prompt="it sails",
        size="720x1280",
        seconds="4",
        input_reference=("ship.png", PICTURE, "image/png"),
        poll_interval_ms=20,
    )
    spent.append(price(FRAMES, 4))
    assert (video.status, video.size, video.seconds) == ("completed", "720x1280", "4")
    content = await system.openai.videos.download_content(video.id)
    assert lasts(content.content) == 4.0
    (upload,) = system.emulator.truth.bodies("upload")
    assert base64.b64decode(upload["imageBytes"]) == PICTURE
    ((asked,),) = [body["requests"] for body in system.emulator.truth.bodies("submit")]
    assert asked["aspectRatio"] == "VIDEO_ASPECT_RATIO_PORTRAIT"
    assert asked["startImage"]["mediaId"]


async def test_what_cannot_be_is_said_in_the_package_s_own_words(system: FlowSystem) -> None:
    client = system.openai
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("size", {"size": "as large as it gets"}),
        ("seconds", {"seconds": "5"}),
        ("prompt", {"prompt": ""}),
        ("input_reference", {"input_reference": ("a.png", PICTURE, "image/png")}),
    ]
    for field, body in wrong:
        with pytest.raises(openai.BadRequestError) as bad:
            await client.videos.create(**{"model": VIDEO, "prompt": "a ship", **body})
        assert bad.value.param == field, (field, bad.value.message)
    with pytest.raises(openai.NotFoundError) as missing:
        await client.videos.create(model="sora-2", prompt="a ship")
    assert missing.value.code == "model_not_found"
    for name in ("video_0", "image_0", "0"):
        with pytest.raises(openai.NotFoundError):
            await client.videos.retrieve(name)
    with pytest.raises(openai.PermissionDeniedError) as tier:
        await client.images.generate(model=IMAGE, prompt="a ship", extra_body={"resolution": "4k"})
    assert tier.value.code == "tier_too_low"
    poor = await system.other("poor", price(VIDEO, 8) - 1)
    with pytest.raises(openai.RateLimitError) as broke:
        await poor.videos.create(model=VIDEO, prompt="a ship")
    assert broke.value.code == "insufficient_quota"
    assert system.emulator.truth.of("submit") == system.emulator.truth.of("image") == []


async def test_what_the_upstream_refuses_is_free(system: FlowSystem, spent: list[int]) -> None:
    client, emulator = system.openai, system.emulator
    emulator.behaviour.fates = {"gun": "ERROR_SAFETY", "face": "ERROR_PERSON"}
    with pytest.raises(openai.BadRequestError) as unsafe:
        await client.images.generate(model=IMAGE, prompt="a gun")
    assert unsafe.value.code == "content_policy_violation"
    video = await client.videos.create_and_poll(model=VIDEO, prompt="a face", poll_interval_ms=20)
    assert video.status == "failed"
    assert video.error is not None
    assert video.error.code == "safety_blocked"
    # A quota that is used up is no fault of the client's, and says how long it lasts.
    emulator.mishap("refused", call="image", code=429, retry_after=7, times=2)
    with pytest.raises(openai.RateLimitError) as limited:
        await client.images.generate(model=IMAGE, prompt="a ship")
    assert limited.value.code == "rate_limit_exceeded"
    assert 1 <= int(limited.value.response.headers["retry-after"]) <= 7
    assert len(emulator.truth.of("image")) == 3
    await cleared(system)
    await client.images.generate(model=IMAGE, prompt="a ship")
    spent.append(price(IMAGE, 1))


async def test_chats_of_openai(system: FlowSystem, spent: list[int]) -> None:
    client = system.openai
    raw = await client.chat.completions.with_raw_response.create(
        model=VIDEO, messages=SHIP, stream=True, extra_body={"aspect_ratio": "9:16"}
    )
    thoughts, content, reasons = "", "", []
    async for chunk in raw.parse():
        for choice in chunk.choices:
            content += choice.delta.content or ""
            thoughts += (choice.delta.model_extra or {}).get("reasoning_content", "")
            reasons.append(choice.finish_reason)
    spent.append(price(VIDEO, 8))
    name = raw.headers["x-plugway-task"]
    assert thoughts.startswith(f"{name} is queued\n")
    assert reasons[-1] == "stop"
    sign, kind, url = shown(content)
    assert (sign, kind) == ("", "video")
    mime_type, data = await system.fetch(url)
    assert (mime_type, lasts(data)) == ("video/mp4", 8.0)
    assert (await client.videos.retrieve(name)).status == "completed"

    answer = await client.chat.completions.create(model=IMAGE, messages=SHIP)
    spent.append(price(IMAGE, 1))
    sign, kind, url = shown(answer.choices[0].message.content or "")
    assert (sign, kind) == ("!", "image")
    mime_type, data = await system.fetch(url)
    assert mime_type == seen(data)[0]


async def test_a_video_in_anthropic_s_chat(system: FlowSystem, spent: list[int]) -> None:
    async with system.anthropic.messages.stream(
        model=VIDEO,
        max_tokens=2_000,
        messages=SHIP,
        thinking={"type": "enabled", "budget_tokens": 1_024},
    ) as stream:
        answer = await stream.get_final_message()
    spent.append(price(VIDEO, 8))
    thought, video = answer.content
    assert thought.type == "thinking"
    assert "is queued" in thought.thinking
    assert video.type == "text"
    _, kind, url = shown(video.text)
    mime_type, data = await system.fetch(url)
    assert (kind, mime_type, lasts(data)) == ("video", "video/mp4", 8.0)


async def test_an_image_in_google_s_chat(system: FlowSystem, spent: list[int]) -> None:
    answer = await system.google.aio.models.generate_content(
        model=IMAGE,
        contents="a ship",
        config=types.GenerateContentConfig(
            response_modalities=["TEXT", "IMAGE"],
            image_config=types.ImageConfig(aspect_ratio="9:16"),
        ),
    )
    spent.append(price(IMAGE, 1))
    images = [part.inline_data for part in answer.parts or () if part.inline_data]
    (image,) = images
    mime_type, width, height = seen(image.data or b"")
    assert mime_type == image.mime_type == "image/png"
    assert height > width


async def cleared(system: FlowSystem) -> None:
    """Let accounts that rest be used again, as an operator may."""
    root = await system.server.key(await system.server.user("root", credits_=0, role="admin"))
    headers = {"authorization": f"Bearer {root}"}
    for row in await system.rows():
        url = f"{system.server.url}/api/admin/credentials/{row.id}/clear"
        async with system.raw.post(url, headers=headers, json={}) as answer:
            assert answer.status == 200, await answer.text()


def shown(text: str) -> tuple[str, str, str]:
    """Return sign, kind and URL of the one medium that a text shows."""
    (found,) = LINK.findall(text)
    sign, kind, url = found
    return sign, kind, url
