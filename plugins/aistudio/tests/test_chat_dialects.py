"""The same page, as clients of Anthropic's and Google's APIs see it."""

from __future__ import annotations

import base64
from typing import Any

import aiohttp
import msgspec
import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import price

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import call, png, text, thought, usage

pytestmark = pytest.mark.anyio

MODEL = "gemini-2.5-flash"
PICTURE = base64.b64encode(png(1, 2, 3)).decode()
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
ANTHROPIC: dict[str, Any] = {
    "model": MODEL,
    "max_tokens": 4_000,
    "system": "Be brief.",
    "thinking": {"type": "enabled", "budget_tokens": 2_048},
    "stop_sequences": ["END"],
    "tools": [{"name": "look", "description": "Looks.", "input_schema": SCHEMA}],
    "messages": [
        {
            "role": "user",
            "content": [
                {
                    "type": "image",
                    "source": {"type": "base64", "media_type": "image/png", "data": PICTURE},
                },
                {"type": "text", "text": "Where?"},
            ],
        }
    ],
}
GEMINI: dict[str, Any] = {
    "systemInstruction": {"parts": [{"text": "Be brief."}]},
    "contents": [
        {
            "role": "user",
            "parts": [
                {"inlineData": {"mimeType": "image/png", "data": PICTURE}},
                {"text": "Where?"},
            ],
        }
    ],
    "tools": [
        {"functionDeclarations": [{"name": "look", "description": "Looks.", "parameters": SCHEMA}]}
    ],
    "generationConfig": {
        "temperature": 0.5,
        "maxOutputTokens": 4_000,
        "stopSequences": ["END"],
        "thinkingConfig": {"thinkingBudget": 2_048, "includeThoughts": True},
    },
}


def written(studio: AIStudioGateway) -> None:
    """Let the next answer think, speak and call."""
    parts = [thought("Hm."), text("I look."), call("look", {"city": "Köln"})]
    studio.emulator.script(answer(*parts, tokens=usage(300, 40, thinking=20)))


def arrived(studio: AIStudioGateway) -> None:
    """Check that all of a question has come to the upstream."""
    asked = studio.emulator.asked[-1]
    assert (asked.model, asked.text, asked.system) == (MODEL, "Where?", "Be brief.")
    assert (asked.budget, asked.max_tokens, asked.stop) == (2_048, 4_000, ("END",))
    assert asked.functions == ({"name": "look", "description": "Looks.", "parameters": SCHEMA},)
    assert [one.mime_type for one in asked.files] == ["image/png"]


async def events(response: aiohttp.ClientResponse) -> list[Any]:
    assert response.status == 200, await response.text()
    lines = (await response.read()).splitlines()
    return [msgspec.json.decode(one[6:]) for one in lines if one.startswith(b"data: ")]


async def test_anthropics_clients_get_all_of_it(studio: AIStudioGateway) -> None:
    before = await studio.charged()
    written(studio)
    async with studio.client.post("/v1/messages", json=ANTHROPIC) as response:
        assert response.status == 200, await response.text()
        found = await response.json()
    arrived(studio)
    thinking, said, called = found["content"]
    assert (thinking["type"], thinking["thinking"]) == ("thinking", "Hm.")
    assert (said["type"], said["text"]) == ("text", "I look.")
    assert (called["type"], called["name"], called["input"]) == (
        "tool_use",
        "look",
        {"city": "Köln"},
    )
    assert found["stop_reason"] == "tool_use"
    assert (found["usage"]["input_tokens"], found["usage"]["output_tokens"]) == (300, 60)
    assert await studio.charged() - before == price(MODEL, 300, 60)


async def test_anthropics_clients_get_a_stream(studio: AIStudioGateway) -> None:
    written(studio)
    async with studio.client.post("/v1/messages", json={**ANTHROPIC, "stream": True}) as response:
        found = await events(response)
    arrived(studio)
    blocks = [one["content_block"]["type"] for one in found if one["type"] == "content_block_start"]
    assert blocks == ["thinking", "text", "tool_use"]
    deltas = [one["delta"] for one in found if one["type"] == "content_block_delta"]
    assert "".join(one.get("thinking", "") for one in deltas) == "Hm."
    assert "".join(one.get("text", "") for one in deltas) == "I look."
    arguments = "".join(one.get("partial_json", "") for one in deltas)
    assert msgspec.json.decode(arguments) == {"city": "Köln"}
    (last,) = [one for one in found if one["type"] == "message_delta"]
    assert (last["delta"]["stop_reason"], last["usage"]["output_tokens"]) == ("tool_use", 60)
    assert found[-1]["type"] == "message_stop"


async def test_anthropics_clients_hand_results_back(studio: AIStudioGateway) -> None:
    used = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"city": "Köln"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "Rain."}
    said = [
        *ANTHROPIC["messages"],
        {"role": "assistant", "content": [used]},
        {"role": "user", "content": [result]},
    ]
    async with studio.client.post("/v1/messages", json={**ANTHROPIC, "messages": said}) as response:
        assert (await response.json())["stop_reason"] == "end_turn"
    asked = studio.emulator.asked[-1].text
    assert '[calls look({"city":"Köln"}) as toolu_1]' in asked
    assert "[look, called as toolu_1, returned: Rain.]" in asked


async def test_more_stop_texts_than_the_page_takes(studio: AIStudioGateway) -> None:
    stops = [f"<{number}>" for number in range(8)]
    studio.emulator.script(answer(text("One <"), text("7> two")))
    body = {**ANTHROPIC, "stop_sequences": stops}
    async with studio.client.post("/v1/messages", json=body) as response:
        found = await response.json()
    assert studio.emulator.asked[-1].stop == tuple(stops[:5])
    assert found["content"][-1]["text"] == "One "
    assert (found["stop_reason"], found["stop_sequence"]) == ("stop_sequence", "<7>")


async def test_anthropics_clients_count(studio: AIStudioGateway) -> None:
    asked = len(studio.emulator.asked)
    before = await studio.charged()
    body = {name: ANTHROPIC[name] for name in ("model", "system", "messages", "tools")}
    async with studio.client.post("/v1/messages/count_tokens", json=body) as response:
        assert response.status == 200
        assert (await response.json())["input_tokens"] > 5
    assert len(studio.emulator.asked) == asked
    assert await studio.charged() == before


async def test_googles_clients_get_all_of_it(studio: AIStudioGateway) -> None:
    before = await studio.charged()
    written(studio)
    path = f"/v1beta/models/{MODEL}:generateContent"
    async with studio.client.post(path, json=GEMINI) as response:
        assert response.status == 200, await response.text()
        found = await response.json()
    arrived(studio)
    assert studio.emulator.asked[-1].temperature == 0.5
    (candidate,) = found["candidates"]
    thinking, said, called = candidate["content"]["parts"]
    assert (thinking["text"], thinking["thought"]) == ("Hm.", True)
    assert said["text"] == "I look."
    assert called["functionCall"]["args"] == {"city": "Köln"}
    assert candidate["finishReason"] == "STOP"
    used = found["usageMetadata"]
    assert (used["promptTokenCount"], used["candidatesTokenCount"]) == (300, 40)
    assert used["thoughtsTokenCount"] == 20
    assert await studio.charged() - before == price(MODEL, 300, 60)


async def test_googles_clients_get_a_stream(studio: AIStudioGateway) -> None:
    written(studio)
    path = f"/v1beta/models/{MODEL}:streamGenerateContent?alt=sse"
    async with studio.client.post(path, json=GEMINI) as response:
        found = await events(response)
    arrived(studio)
    parts = [
        part
        for one in found
        for candidate in one.get("candidates", ())
        for part in candidate.get("content", {}).get("parts", ())
    ]
    assert "".join(one.get("text", "") for one in parts if one.get("thought")) == "Hm."
    assert "".join(one.get("text", "") for one in parts if not one.get("thought")) == "I look."
    assert [one["functionCall"]["name"] for one in parts if "functionCall" in one] == ["look"]
    assert found[-1]["candidates"][0]["finishReason"] == "STOP"
    assert found[-1]["usageMetadata"]["totalTokenCount"] == 360


@pytest.mark.parametrize(
    ("path", "model", "kind"),
    [
        ("/v1/messages", "gemini-flash-latest", "rate_limit_error"),
        (
            "/v1beta/models/gemini-3-flash-preview:generateContent",
            "gemini-3-flash-preview",
            "RESOURCE_EXHAUSTED",
        ),
    ],
)
async def test_a_quota_is_told_in_each_shape(
    studio: AIStudioGateway, path: str, model: str, kind: str
) -> None:
    # One model each: the next question to one that rests for a minute waits for it.
    studio.emulator.mishap("quota", model=model)
    body = {**ANTHROPIC, "model": model} if path == "/v1/messages" else GEMINI
    async with studio.client.post(path, json=body) as response:
        error = (await response.json())["error"]
        assert response.status == 429
        assert 1 <= int(response.headers["retry-after"]) <= 61
    assert kind in (error.get("type"), error.get("status"))
    (credential,) = await studio.rows()
    assert credential.state == "ready"
