"""What becomes of polls and queries when those who wait for them go."""

from __future__ import annotations

import asyncio
import gc
from pathlib import Path

import pytest
from press import PRICE, PressGateway, PressPlugin

from plugway import Ask, Task, TaskUpdate, UnreadableAnswer
from plugway.testing import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


async def test_polls_under_way_end_when_the_gateway_stops(
    tmp_path: Path, clock: ManualClock
) -> None:
    plugin = PressPlugin()
    home = tmp_path / "home"
    async with GatewayServer(home, plugins={"press": plugin}, clock=clock) as server:
        press = PressGateway(server, plugin)
        await press.prepare()
        await press.submit()
        press.press.set("done")
        press.press.fail("delay", seconds=30)
        clock.advance(11)
        assert await press.gateway.tasks.polling.round() == 1
        await press.press.until(2)
        await press.client.close()
        press.press.release()
    # Its end was written, and those who listen have heard of it.
    assert [event.state for event in plugin.finished] == ["succeed"]
    await press.press.stop()


async def test_a_poller_that_cannot_be_cancelled_does_not_hold_up_the_stop(
    press: PressGateway, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await press.submit()
    gate, asked = asyncio.Event(), asyncio.Event()

    async def poll(task: Task, ask: Ask) -> TaskUpdate:
        asked.set()
        while not gate.is_set():
            try:
                await gate.wait()
            except asyncio.CancelledError:
                continue
        return TaskUpdate(state="processing", answer="{}")

    monkeypatch.setattr(press.plugin.poller, "poll", poll)
    polling = press.gateway.tasks.polling
    clock.advance(11)
    running = asyncio.create_task(polling.run())
    async with asyncio.timeout(20):
        await asked.wait()
        running.cancel()
        await asyncio.wait((running,))
        gate.set()
        await polling.settle()


async def test_a_query_whose_client_has_left_fails_in_silence(
    press: PressGateway,
    clock: ManualClock,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await press.submit()
    task = await press.task()
    gate, asked = asyncio.Event(), asyncio.Event()

    async def poll(task: Task, ask: Ask) -> TaskUpdate:
        asked.set()
        await gate.wait()
        raise UnreadableAnswer

    monkeypatch.setattr(press.plugin.poller, "poll", poll)
    clock.advance(3)
    asking = asyncio.create_task(press.gateway.tasks.refresh(task))
    async with asyncio.timeout(10):
        await asked.wait()
    asking.cancel()
    await asyncio.wait((asking,))
    gate.set()
    # Nothing else is waited for: some steps of the event loop, and the query has failed.
    for _ in range(20):
        await asyncio.sleep(0)
    gc.collect()
    assert not [one for one in caplog.records if one.name == "asyncio"]
    assert await press.charged() == (0, PRICE)
