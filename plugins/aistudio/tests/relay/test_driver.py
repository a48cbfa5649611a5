"""The second driver: an applet's frame sends requests to the API."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aistudio_gateway import AIStudioGateway

from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

LOOK = {
    "type": "function",
    "function": {"name": "look", "parameters": {"type": "object", "properties": {}}},
}


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway that relays, with one profile."""
    home: Path = tmp_path_factory.mktemp("relay") / "home"
    async with AIStudioGateway.running(
        home,
        AIStudioEmulator(),
        driver="relay",
        channel={"applet": "/apps/mine"},
        # A stream begins with its first piece, or when nothing was said for so long.
        core={"PLUGWAY__CHAT__KEEPALIVE_SECONDS": "0.1"},
    ) as studio:
        yield studio


async def test_a_conversation_goes_to_the_api_as_it_is(studio: AIStudioGateway) -> None:
    said = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello"},
        {"role": "user", "content": "Say this back"},
    ]
    answer = await studio.ask(said, seed=7, temperature=0.5)
    assert answer.message["content"] == "Say this back"
    assert answer.message["reasoning_content"] == "It was said: "
    body = studio.emulator.applet.bodies[-1]
    assert [one["role"] for one in body["contents"]] == ["user", "model", "user"]
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert (body["generationConfig"]["seed"], body["generationConfig"]["temperature"]) == (7, 0.5)
    assert answer.json["usage"]["prompt_tokens"] == len("Say this back")


async def test_functions_come_as_the_api_gives_them(studio: AIStudioGateway) -> None:
    answer = await studio.ask("call look now", tools=[LOOK], tool_choice="required")
    call = answer.message["tool_calls"][0]
    assert (call["function"]["name"], answer.json["choices"][0]["finish_reason"]) == (
        "look",
        "tool_calls",
    )
    calling = studio.emulator.applet.bodies[-1]["toolConfig"]["functionCallingConfig"]
    assert calling == {"mode": "ANY"}


async def release(studio: AIStudioGateway) -> None:
    """Let an answer come piece after piece."""
    while True:
        studio.emulator.release()
        await asyncio.sleep(0.05)


async def test_pieces_come_while_the_api_still_speaks(studio: AIStudioGateway) -> None:
    studio.emulator.applet.pause = 3_600
    try:
        async with studio.stream("A text of several pieces. " * 40) as events:
            seen = ""
            releasing = asyncio.create_task(release(studio))
            while len(seen) < 16:
                event = await anext(events)
                seen += event["choices"][0]["delta"].get("content") or ""
            releasing.cancel()
            assert seen == "A text of severa"
        # The client has left, and so has the applet.
        async with asyncio.timeout(30):
            while not studio.emulator.applet.left:
                studio.emulator.release()
                await asyncio.sleep(0.02)
    finally:
        studio.emulator.applet.pause = 0
        studio.emulator.release()
    assert (await studio.ask("Still there?")).message["content"] == "Still there?"


async def test_a_quota_says_when_to_come_again(studio: AIStudioGateway) -> None:
    studio.emulator.limit("first", "gemma-3-27b-it", minute=0)
    answer = await studio.ask("Hi", "gemma-3-27b-it")
    assert answer.status == 429
    assert 30 <= int(answer.headers["retry-after"]) <= 37
    # Of another model nothing is used up.
    assert (await studio.ask("Hi")).status == 200


async def test_a_signed_out_profile_is_named(tmp_path: Path) -> None:
    emulator = AIStudioEmulator()
    async with AIStudioGateway.running(
        tmp_path / "home", emulator, driver="relay", channel={"applet": "/apps/mine"}
    ) as studio:
        emulator.accounts["first"].state = "expired"
        answer = await studio.ask()
        assert answer.status == 503
        assert "sign in" in answer.error["message"]
        assert await studio.charged() == 0
