"""AI Studio's page behind the official `openai` package, and what Open WebUI asks."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openai
import pytest
from aistudio_gateway import CHATS, MODEL, AIStudioGateway, events
from openai import AsyncOpenAI

from plugway_aistudio.emulated.parts import png
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

LOOK: Any = {
    "type": "function",
    "function": {
        "name": "look",
        "description": "Looks.",
        "parameters": {"type": "object", "properties": {"at": {"type": "string"}}},
    },
}


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway with one profile."""
    home: Path = tmp_path_factory.mktemp("studio") / "home"
    async with AIStudioGateway.running(home, AIStudioEmulator()) as studio:
        yield studio


@pytest.fixture
async def client(studio: AIStudioGateway) -> AsyncIterator[AsyncOpenAI]:
    """Take the package as it is; only the base URL and the key are told to it."""
    url = f"{studio.server.url}/v1"
    async with AsyncOpenAI(base_url=url, api_key=studio.key, max_retries=0) as client:
        yield client


async def test_a_chat(studio: AIStudioGateway, client: AsyncOpenAI) -> None:
    answer = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        temperature=0.5,
        max_completion_tokens=500,
        reasoning_effort="low",
    )
    (choice,) = answer.choices
    assert (choice.message.content or "").startswith("You said: Hi")
    assert (choice.message.model_extra or {})["reasoning_content"].startswith("**Reading")
    assert choice.finish_reason == "stop"
    assert answer.usage is not None
    details = answer.usage.completion_tokens_details
    assert details is not None
    assert details.reasoning_tokens == 12
    asked = studio.emulator.asked[-1]
    assert (asked.system, asked.temperature, asked.max_tokens) == ("Be brief.", 0.5, 500)


async def test_a_stream(studio: AIStudioGateway, client: AsyncOpenAI) -> None:
    stream = await client.chat.completions.create(
        model=MODEL,
        messages=[{"role": "user", "content": "Hi"}],
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = [one async for one in stream]
    text = "".join([one.choices[0].delta.content or "" for one in chunks if one.choices])
    assert text.startswith("You said: Hi")
    assert chunks[-1].usage is not None
    row = (await studio.server.usage())[-1]
    assert chunks[-1].usage.total_tokens == row.input_tokens + row.output_tokens


async def test_functions_there_and_back(studio: AIStudioGateway, client: AsyncOpenAI) -> None:
    said: list[Any] = [{"role": "user", "content": "call look"}]
    answer = await client.chat.completions.create(model=MODEL, messages=said, tools=[LOOK])
    message = answer.choices[0].message
    assert answer.choices[0].finish_reason == "tool_calls"
    assert message.tool_calls is not None
    (call,) = message.tool_calls
    assert call.type == "function"
    assert json.loads(call.function.arguments) == {"at": "Paris"}
    said.append(message)
    said.append({"role": "tool", "tool_call_id": call.id, "content": "A tower."})
    answer = await client.chat.completions.create(model=MODEL, messages=said, tools=[LOOK])
    assert "returned: A tower.]" in studio.emulator.asked[-1].text


async def test_an_image(studio: AIStudioGateway, client: AsyncOpenAI) -> None:
    picture = png(1, 2, 3)
    url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    await client.chat.completions.create(
        model=MODEL,
        messages=[
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "What is it?"},
                    {"type": "image_url", "image_url": {"url": url}},
                ],
            }
        ],
    )
    (file,) = studio.emulator.asked[-1].files
    assert (file.mime_type, file.size) == ("image/png", len(picture))


async def test_errors_are_the_package_s_own(studio: AIStudioGateway, client: AsyncOpenAI) -> None:
    said: list[Any] = [{"role": "user", "content": "Hi"}]
    with pytest.raises(openai.BadRequestError) as bad:
        await client.chat.completions.create(model=MODEL, messages=said, seed=1)
    assert bad.value.param == "seed"
    with pytest.raises(openai.NotFoundError) as missing:
        await client.chat.completions.create(model="gpt-99", messages=said)
    assert missing.value.code == "model_not_found"
    studio.emulator.mishap("quota")
    with pytest.raises(openai.RateLimitError) as limited:
        await client.chat.completions.create(model="gemma-3-27b-it", messages=said)
    assert 1 <= int(limited.value.response.headers["retry-after"]) <= 61
    studio.emulator.mishap("truncated", after=4)
    stream = await client.chat.completions.create(model=MODEL, messages=said, stream=True)
    with pytest.raises(openai.APIError):
        [one async for one in stream]
    await client.chat.completions.create(model=MODEL, messages=said)


async def test_models(studio: AIStudioGateway, client: AsyncOpenAI) -> None:
    listed = {one.id: one async for one in client.models.list()}
    assert MODEL in listed
    assert (listed[MODEL].model_extra or {})["display_name"] == "Gemini Flash Latest"
    assert (await client.models.retrieve(MODEL)).owned_by == "ai_studio"


async def test_what_open_webui_asks(studio: AIStudioGateway) -> None:
    async with studio.client.get("/v1/models") as response:
        assert MODEL in [one["id"] for one in (await response.json())["data"]]
    chat = {
        "stream": True,
        "model": MODEL,
        "messages": [{"role": "user", "content": "Hi"}],
        "stream_options": {"include_usage": True},
    }
    async with studio.client.post(CHATS, json=chat) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        found = [one async for one in events(response)]
    assert found[-1]["usage"]["total_tokens"] > 0
    title = {
        "model": MODEL,
        "messages": [{"role": "user", "content": "### Task:\nGenerate a concise title."}],
        "stream": False,
        "max_tokens": 1_000,
        "temperature": 0.1,
    }
    async with studio.client.post(CHATS, json=title) as response:
        assert response.status == 200
        assert (await response.json())["choices"][0]["message"]["content"]
    asked = studio.emulator.asked[-1]
    assert (asked.max_tokens, asked.temperature) == (1_000, 0.1)
