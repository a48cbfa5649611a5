"""Calls that are cancelled, left or late, on a real page: they free it, and the upstream ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aistudio_gateway import AIStudioGateway, environ, named, need_browser

import plugway_aistudio
from plugway.testing import GatewayServer, ManualClock
from plugway_aistudio.emulated.answer import Answer, answer
from plugway_aistudio.emulated.parts import text
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway with one profile."""
    home: Path = tmp_path_factory.mktemp("cancelled") / "home"
    async with AIStudioGateway.running(home, AIStudioEmulator()) as one:
        yield one


async def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(120):
        while not happened():
            await asyncio.sleep(0.01)


def long_answer() -> Answer:
    """Return an answer whose frames wait for a step each."""
    return answer(*[text(f"word {number} ") for number in range(50)], stepped=True)


async def queue(studio: AIStudioGateway) -> Any:
    """Return the queue as the client sees it."""
    async with studio.client.get("/v1/queue") as response:
        assert response.status == 200
        return await response.json()


async def cancel(studio: AIStudioGateway, name: str) -> None:
    """Cancel a call."""
    async with studio.client.post(f"/v1/cancel/{name}") as response:
        assert response.status == 200, await response.text()


async def test_a_running_call_is_cancelled_and_the_next_is_answered(
    studio: AIStudioGateway,
) -> None:
    studio.emulator.script(long_answer())
    studio.emulator.step(3)
    async with studio.stream("Tell me") as events:
        async for event in events:
            if "word 2 " in str(event):
                break
        asked = studio.emulator.asked[-1]
        waiting = [asyncio.create_task(studio.ask(f"Waiting {number}")) for number in range(2)]
        await until(lambda: len(studio.server.gateway.queue) == 3)
        items = (await queue(studio))["items"]
        assert [item["state"] for item in items] == ["running", "waiting", "waiting"]
        assert [item["position"] for item in items] == [None, 1, 2]
        await cancel(studio, items[2]["req_id"])
        await cancel(studio, items[0]["req_id"])
        told = [event async for event in events]
    assert told[-1]["error"]["code"] == "cancelled"
    statuses = sorted([(await one).status for one in waiting])
    assert statuses == [200, 499]
    await until(lambda: asked.ended)
    assert asked.ended == "left"
    assert (await queue(studio))["queue_length"] == 0
    assert (await studio.ask("And now?")).status == 200


async def test_a_call_that_has_not_begun_is_cancelled(studio: AIStudioGateway) -> None:
    before, count = await studio.charged(), len(studio.emulator.asked)
    studio.emulator.mishap("slow_start")
    asking = asyncio.create_task(studio.ask("Tell me"))
    await until(lambda: len(studio.emulator.asked) > count)
    (item,) = (await queue(studio))["items"]
    await cancel(studio, item["req_id"])
    assert (await asking).status == 499
    studio.emulator.release()
    assert await studio.charged() == before
    assert (await studio.ask("And now?")).status == 200


async def test_a_client_that_leaves_frees_the_page(studio: AIStudioGateway) -> None:
    studio.emulator.script(long_answer())
    studio.emulator.step(1)
    async with studio.stream("Tell me") as events:
        await anext(events)
        asked = studio.emulator.asked[-1]
        waiting = asyncio.create_task(studio.ask("Waiting"))
        await until(lambda: len(studio.server.gateway.queue) == 2)
    # Nobody lets the answer go on: only its end frees the page.
    assert (await waiting).status == 200
    await until(lambda: asked.ended)
    assert asked.ended == "left"
    # One that has not begun to be answered.
    count = len(studio.emulator.asked)
    studio.emulator.mishap("slow_start")
    leaving = asyncio.create_task(studio.ask("Leaving"))
    await until(lambda: len(studio.emulator.asked) > count)
    leaving.cancel()
    assert (await studio.ask("And now?")).status == 200
    studio.emulator.release()


async def test_waiting_is_no_part_of_the_answer_s_time(tmp_path: Path) -> None:
    need_browser()
    clock = ManualClock()
    emulator = AIStudioEmulator(now=lambda: clock.now() / 1_000_000)
    await emulator.start()
    settings = {**environ(), "PLUGWAY__SERVER__REQUEST_TIMEOUT": "200"}
    plugins = {"aistudio": plugway_aistudio}
    try:
        async with GatewayServer(
            tmp_path / "home", plugins=plugins, environ=settings, clock=clock
        ) as server:
            channel = {"first_timeout": 180, "total_timeout": 180, "silence_timeout": 180}
            # The clock may go on while a question has just been sent.
            channel |= {"open_timeout": 9_000, "submit_timeout": 9_000}
            secrets = [named(emulator, "first")]
            await server.channel("aistudio", emulator.url, secrets=secrets, settings=channel)
            studio = AIStudioGateway(server, emulator)
            key = await server.key(await server.user(credits_=10**12))
            async with studio.caller(key) as studio.client:
                assert (await studio.ask("Warm")).status == 200
                emulator.mishap("slow_start", times=3)
                asking = [asyncio.create_task(studio.ask(f"Question {n}")) for n in range(3)]
                await until(lambda: len(server.gateway.queue) == 3)
                for number in range(3):
                    await emulator.until_asked(number + 2, 120)
                    # The last waits for two of these, and is asked in the third: 450 seconds.
                    clock.advance(150)
                    while not emulator.asked[-1].ended:
                        emulator.release()
                        await asyncio.sleep(0.01)
                assert [(await one).status for one in asking] == [200] * 3
                # One that takes longer than an answer may is late, and frees the page.
                emulator.mishap("slow_start")
                late = asyncio.create_task(studio.ask("Late"))
                await until(lambda: len(emulator.asked) == 5)
                while not late.done():
                    clock.advance(10)
                    await asyncio.sleep(0.01)
                assert (await late).status == 504
                emulator.release()
                assert (await studio.ask("And now?")).status == 200
    finally:
        await emulator.stop()
