"""Background work runs on one node at a time, and goes on after a failure."""

from __future__ import annotations

import asyncio

import pytest

from plugway import Worker
from plugway.background import Background
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock
from plugway.workers import Workers

pytestmark = pytest.mark.anyio


async def test_one_node_runs_a_round_and_another_takes_over(database: Database) -> None:
    clock = ManualClock()
    first, second = (Workers(database, clock, node) for node in ("one", "two"))
    rounds: list[str] = []
    started, finish = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        rounds.append("ran")
        started.set()
        await finish.wait()

    worker = Worker(name="echo.refresh", run=run, interval=60, lease=30)
    running = asyncio.create_task(first.run_once(worker))
    await asyncio.wait_for(started.wait(), 5)
    assert not await second.run_once(worker)
    assert rounds == ["ran"]
    # The lease of a node that died runs out.
    clock.advance(31)
    finish.set()
    assert await second.run_once(worker)
    assert await asyncio.wait_for(running, 5)
    assert rounds == ["ran", "ran"]
    assert await first.run_once(worker)


async def test_a_failed_round_is_logged_and_the_next_one_comes(
    sqlite_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = ManualClock()
    background = Background(clock)
    rounds = 0
    again = asyncio.Event()

    async def run() -> None:
        nonlocal rounds
        rounds += 1
        if rounds == 1:
            raise ValueError("broken")
        again.set()

    async with Database(sqlite_url) as database:
        worker = Worker(name="echo.refresh", run=run, interval=60)
        Workers(database, clock, "one").start((worker,), background)
        async with asyncio.timeout(10):
            while not again.is_set():
                clock.advance(60)
                await asyncio.sleep(0.01)
        await background.stop(1)
    assert rounds >= 2
    assert "worker echo.refresh failed" in caplog.text
