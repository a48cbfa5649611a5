"""What an answer costs and says when tries fail, counts are absurd, and plugins break."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from plain_dialect import PlainDialect
from plain_front import PlainFront
from poet import PoetPlugin

from plugway import (
    Citation,
    EmptyAnswer,
    Finish,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    ToolCall,
)
from plugway.testing.clock import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def front(tmp_path: Path, clock: ManualClock) -> AsyncIterator[PlainFront]:
    """Run a gateway whose time is the test's."""
    plugin = PoetPlugin()
    plugins = {"poet": plugin, "plain": PlainDialect()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins, clock=clock) as server,
        aiohttp.ClientSession() as client,
    ):
        front = PlainFront(server, plugin, client)
        front.key = await server.key(await server.user())
        await server.channel("poet", "http://127.0.0.1:9", models=["parrot", "poet"])
        yield front
        report = await server.verify()
        assert report.ok, report.problems


@pytest.mark.parametrize("stream", [True, False])
async def test_a_try_that_failed_costs_nothing(front: PlainFront, stream: bool) -> None:
    front.poet.script.append(
        [TokenCount(input=900, output=900), ThoughtDelta("Long thoughts. " * 9), EmptyAnswer()]
    )
    async with front.ask(stream=stream) as answer:
        body = await answer.text()
    assert "Hello" in body
    # What a client has seen already cannot be taken back; a whole answer is of one try.
    assert ("thoughts" in body.replace('"thoughts"', "")) == stream
    usage = (await front.server.usage())[-1]
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (6, 2, True)
    assert usage.credits == 6 + 2 * 2


@pytest.mark.parametrize(
    "count", [TokenCount(input=-1, output=5), TokenCount(input=5, output=2**70)]
)
@pytest.mark.parametrize("stream", [True, False])
async def test_a_count_that_cannot_be_is_not_believed(
    front: PlainFront, count: TokenCount, stream: bool
) -> None:
    front.poet.script.append([TextDelta("Hi"), count])
    async with front.ask(stream=stream) as answer:
        assert answer.status == 200
        assert "fail" not in await answer.text()
    usage = (await front.server.usage())[-1]
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (6, 1, True)


async def test_what_comes_after_the_last_count_is_counted_too(front: PlainFront) -> None:
    front.poet.script.append([TokenCount(input=20), TextDelta("Eight letters, say. "), Finish()])
    await front.lines()
    usage = (await front.server.usage())[-1]
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (20, 5, True)
    # A stop text that comes before the last count does not make the answer free.
    front.poet.script.append(
        [TokenCount(input=20), TextDelta("Eight letters, say. STOP"), TokenCount(output=99)]
    )
    await front.lines(stop=["STOP"])
    usage = (await front.server.usage())[-1]
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (20, 5, True)


@pytest.mark.parametrize("stream", [True, False])
async def test_half_a_character_anywhere_breaks_nothing(front: PlainFront, stream: bool) -> None:
    half = "a\ud83d"
    front.poet.script.append(
        [
            Citation(url="https://example.com/", title=half, quote=half),
            TextDelta("Yes"),
            ToolCall(id="c", name="f", arguments=json.dumps({"a": half}, ensure_ascii=False)),
            Finish("tool_calls"),
        ]
    )
    async with front.client.post(
        front.server.url + "/v1/chat/completions",
        json={
            "model": "poet",
            "messages": [{"role": "user", "content": "Hello"}],
            "tools": [{"type": "function", "function": {"name": "f"}}],
            "stream": stream,
        },
        headers={"authorization": f"Bearer {front.key}"},
    ) as answer:
        said = await answer.text()
    assert answer.status == 200
    assert "a\ufffd" in said
    assert "tool_calls" in said


async def test_a_plugin_s_mistake_after_the_first_word_is_told_in_the_stream(
    front: PlainFront,
) -> None:
    front.poet.script.append([TextDelta("Half an"), RuntimeError("a secret thing")])
    lines = await front.lines()
    assert lines[1] == "text Half an"
    assert lines[2].startswith("fail internal_error ")
    assert "secret" not in lines[2]
    assert await front.last() == (6 + 2 * 2, 500, "RuntimeError")


@pytest.mark.parametrize("stream", [True, False])
async def test_thinking_and_speaking_upstreams_are_no_work_of_the_gateway(
    front: PlainFront, clock: ManualClock, stream: bool
) -> None:
    thinks, speaks = asyncio.Event(), asyncio.Event()
    front.poet.script.append([thinks, ThoughtDelta("Hm."), speaks, TextDelta("Yes")])

    async def asked() -> float:
        async with front.ask(stream=stream) as answer:
            await answer.read()
            return float(answer.headers["x-plugway-overhead-ms"])

    asking = asyncio.create_task(asked())
    while not front.poet.asked:
        await asyncio.sleep(0.01)
    for event in (thinks, speaks):
        # Not long enough for a sign of life, which would begin the answer.
        clock.advance(8.0)
        event.set()
        await asyncio.sleep(0.05)
    assert await asking == 0.0
    usage = (await front.server.usage())[-1]
    assert (usage.overhead_us, usage.upstream_ms) == (0, 16_000)
