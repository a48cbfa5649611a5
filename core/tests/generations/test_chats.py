"""Images and videos asked for in chats of every dialect."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import anthropic
import openai
import pytest
from google import genai
from google.genai import types
from studio import CLIP_PRICE, MP4, PNG, STILL_PRICE, made, picture
from studio_desk import StudioDesk

from plugway import BadRequest, NoChannel, Pace, TaskUpdate
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio

CATS: list[Any] = [{"role": "user", "content": "A cat"}]


async def test_a_stream_tells_of_progress_and_ends_with_the_video(desk: StudioDesk) -> None:
    raw = await desk.client.chat.completions.with_raw_response.create(
        model="clip",
        messages=[{"role": "system", "content": "In oil."}, *CATS],
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"aspect_ratio": "9:16", "duration": 8, "generationConfig": {}},
    )
    name = raw.headers["x-plugway-task"]
    thoughts, content, usage = "", "", None
    said = raw.parse()
    async for chunk in said:
        usage = chunk.usage or usage
        for choice in chunk.choices:
            content += choice.delta.content or ""
            thought = (choice.delta.model_extra or {}).get("reasoning_content", "")
            thoughts += thought
            if thought == f"{name} is queued\n":
                moved = TaskUpdate(state="processing", answer="{}", progress=30)
                await desk.upstream_says(moved)
            elif "30 %" in thought:
                await desk.upstream_says(made())
            if choice.finish_reason is not None:
                assert choice.finish_reason == "stop"
    assert thoughts == f"{name} is queued\n{name} is being made: 30 %\n"
    assert content.startswith("[video](http")
    async with desk.raw.get(content[len("[video](") : -1]) as fetched:
        assert await fetched.read() == MP4
    assert usage is not None
    assert usage.prompt_tokens > 0
    assert usage.model_extra == {"estimated": True}
    [asked] = desk.studio.models.asked
    assert [message.text for message in asked.messages] == ["In oil.\n\nA cat"]
    assert (asked.aspect, asked.seconds) == ("9:16", 8)
    # No tokens are charged, and the video once.
    assert await desk.spent() == (CLIP_PRICE, 0)
    video = (await desk.ask("GET", f"/v1/videos/{name}"))[1]
    assert (video["status"], video["size"], video["seconds"]) == ("completed", "720x1280", "8")


async def test_a_refusal_before_the_stream_and_a_failure_in_it(desk: StudioDesk) -> None:
    desk.comes_to(BadRequest("prompt: too dull"))
    with pytest.raises(openai.BadRequestError):
        await desk.client.chat.completions.create(model="clip", messages=CATS, stream=True)
    asking = await desk.client.chat.completions.create(model="clip", messages=CATS, stream=True)
    await desk.upstream_says(TaskUpdate(state="failed", answer="{}", reason="no cats"), 2)
    with pytest.raises(openai.APIError) as caught:
        [chunk async for chunk in asking]
    assert (caught.value.code, caught.value.message) == ("upstream_error", "no cats")
    assert await desk.spent() == (0, 0)
    poor = await desk.server.key(await desk.server.user("poor", credits_=CLIP_PRICE - 1))
    async with desk.with_key(poor) as client:
        with pytest.raises(openai.RateLimitError) as refused:
            await client.chat.completions.create(model="clip", messages=CATS, stream=True)
    assert refused.value.code == "insufficient_quota"
    for field, body in (
        ("messages", {"messages": [{"role": "assistant", "content": "A cat"}]}),
        ("n", {"n": 2}),
        ("n", {"model": "still", "n": 11}),
    ):
        status, said, _ = await desk.ask(
            "POST", "/v1/chat/completions", {"model": "clip", "messages": CATS, **body}
        )
        assert (status, said["error"]["param"]) == (400, field)
    assert len(desk.studio.models.asked) == 2


async def test_a_client_that_leaves_a_stream_finds_the_video_later(desk: StudioDesk) -> None:
    raw = await desk.client.chat.completions.with_raw_response.create(
        model="clip", messages=CATS, stream=True
    )
    name = raw.headers["x-plugway-task"]
    await raw.parse().close()
    await desk.until(lambda: not desk.server.gateway.running)
    task = await desk.upstream_says(made())
    assert name == f"video_{task.call_id}"
    status, content, _ = await desk.ask("GET", f"/v1/videos/{name}/content")
    assert (status, content) == (200, MP4)
    assert await desk.spent() == (CLIP_PRICE, 0)


async def test_who_does_not_stream_waits_and_then_hears_of_the_task(tmp_path: Path) -> None:
    environ = {"PLUGWAY__CHAT__MEDIA_WAIT": "0.1"}
    async with StudioDesk(tmp_path / "home", environ=environ) as desk:
        desk.comes_to(made(picture("a"), picture("b")))
        answer = await desk.client.chat.completions.create(
            model="still", messages=CATS, n=2, seed=3
        )
        content = answer.choices[0].message.content or ""
        assert content.count("![image](http") == 2
        raw = await desk.client.chat.completions.with_raw_response.create(
            model="clip", messages=CATS, max_tokens=9, temperature=1
        )
        assert raw.headers["x-plugway-ignored"] == "temperature"
        name = raw.headers["x-plugway-task"]
        choice = raw.parse().choices[0]
        assert choice.finish_reason == "stop"
        assert f"GET /v1/videos/{name}" in (choice.message.content or "")
        desk.comes_to(NoChannel())
        with pytest.raises(openai.InternalServerError):
            await desk.client.chat.completions.create(model="clip", messages=CATS)
        assert await desk.spent() == (2 * STILL_PRICE, CLIP_PRICE)


async def test_a_stream_is_kept_alive_and_hears_every_twenty_seconds(tmp_path: Path) -> None:
    clock = ManualClock()
    environ = {"PLUGWAY__SERVER__REQUEST_TIMEOUT": "0.7"}
    async with StudioDesk(tmp_path / "home", clock=clock, environ=environ) as desk:
        desk.studio.poller.speed = Pace(first=3600, interval=3600, slowest=3600)
        body = {"model": "clip", "messages": CATS, "stream": True}
        headers = {"authorization": f"Bearer {desk.key}"}
        async with desk.raw.post("/v1/chat/completions", json=body, headers=headers) as answer:
            lines = answer.content
            name = answer.headers["x-plugway-task"]
            seen: list[bytes] = []

            async def until(sign: bytes, seconds: float) -> None:
                async with asyncio.timeout(20):
                    while not seen or sign not in seen[-1]:
                        reading = asyncio.ensure_future(lines.readline())
                        while not reading.done():
                            await asyncio.wait((reading,), timeout=0.02)
                            if seconds and not reading.done():
                                clock.advance(seconds)
                        seen.append(await reading)

            await until(b"is queued", 0)
            began = clock.monotonic()
            await until(b": keep-alive", 0.5)
            assert 9.9 <= clock.monotonic() - began <= 13
            await until(b"is queued", 0.5)
            assert 19.9 <= clock.monotonic() - began <= 24
            # Longer than any request may take that is not waited for.
            await desk.upstream_says(made())
            await until(b"[video]", 0.5)
        assert name in str(seen)


async def test_anthropics_dialect(desk: StudioDesk) -> None:
    async with anthropic.AsyncAnthropic(
        base_url=desk.server.url, api_key=desk.key, max_retries=0
    ) as client:
        thinking: Any = {"type": "enabled", "budget_tokens": 1024}
        async with client.messages.stream(
            model="clip", max_tokens=2000, messages=CATS, thinking=thinking
        ) as stream:
            await desk.upstream_says(made())
            answer = await stream.get_final_message()
        thought, video = answer.content
        assert thought.type == "thinking"
        assert "is queued\n" in thought.thinking
        assert video.type == "text"
        assert video.text.startswith("[video](http")
        assert stream.response.headers["x-plugway-task"].startswith("video_")
        desk.comes_to(made(picture()))
        whole = await client.messages.create(
            model="still", max_tokens=9, messages=CATS, extra_body={"size": "4096x4096"}
        )
        [image] = whole.content
        assert image.type == "text"
        assert image.text.startswith("![image](http")
        assert desk.studio.models.asked[-1].resolution == "4k"
        assert await desk.spent() == (CLIP_PRICE + STILL_PRICE, 0)


async def test_googles_dialect(desk: StudioDesk) -> None:
    client = genai.Client(
        api_key=desk.key, http_options=types.HttpOptions(base_url=desk.server.url)
    )
    models = client.aio.models
    desk.comes_to(made(picture()))
    answer = await models.generate_content(
        model="still",
        contents="A rose",
        config=types.GenerateContentConfig(
            image_config=types.ImageConfig(aspect_ratio="9:16", image_size="2K")
        ),
    )
    asked = desk.studio.models.asked[-1]
    assert (asked.aspect, asked.resolution) == ("9:16", "2k")
    assert answer.parts is not None
    [part] = answer.parts
    assert part.file_data is not None
    assert part.file_data.mime_type == "image/png"
    async with desk.raw.get(part.file_data.file_uri or "") as fetched:
        assert await fetched.read() == PNG
    # Whoever says that it wants images among the parts gets their bytes.
    desk.comes_to(made(picture()))
    inline = types.GenerateContentConfig(response_modalities=["TEXT", "IMAGE"])
    stream = await models.generate_content_stream(model="still", contents="A rose", config=inline)
    parts = [part async for piece in stream for part in piece.parts or ()]
    assert parts[0].inline_data == types.Blob(mime_type="image/png", data=PNG)

    thinks = types.GenerateContentConfig(
        thinking_config=types.ThinkingConfig(include_thoughts=True)
    )
    stream = await models.generate_content_stream(model="clip", contents="A cat", config=thinks)
    parts = []
    async for piece in stream:
        parts += piece.parts or ()
        if len(parts) == 1:
            assert parts[0].thought
            await desk.upstream_says(made(), 3)
    assert [part.file_data.mime_type for part in parts if part.file_data] == ["video/mp4"]
    assert await desk.spent() == (2 * STILL_PRICE + CLIP_PRICE, 0)
    await client.aio.aclose()
