"""Ends of time."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plugway.server.deadlines import Deadlines, running_task
from plugway.server.inflight import Inflight

pytestmark = pytest.mark.anyio


async def held(deadlines: Deadlines, seconds: float) -> str:
    """Wait for ever under a deadline."""
    task = running_task()
    deadlines.begin(task, seconds)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        if not deadlines.passed(task):
            raise
        assert task.cancelling() == 0
        await asyncio.sleep(0)  # it can go on
        return "passed"
    finally:
        deadlines.end(task)
    return "never"


async def test_cancels_at_the_deadline_whatever_the_order() -> None:
    deadlines = Deadlines()
    loop = asyncio.get_running_loop()
    began = loop.time()
    long = asyncio.create_task(held(deadlines, 60))
    tasks = [asyncio.create_task(held(deadlines, seconds)) for seconds in (0.2, 0.05, 0.1)]
    await asyncio.sleep(0)
    assert len(deadlines) == 4
    assert await asyncio.gather(*tasks) == ["passed"] * 3
    assert 0.2 <= loop.time() - began < 2
    assert not long.done()
    long.cancel()
    with pytest.raises(asyncio.CancelledError):
        await long
    assert len(deadlines) == 0


async def test_a_task_counts_until_it_has_ended() -> None:
    deadlines = Deadlines()
    release = asyncio.Event()
    passed = asyncio.Event()

    async def tidy() -> None:
        task = running_task()
        deadlines.begin(task, 0.01)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            assert deadlines.passed(task)
            passed.set()
            await release.wait()
        finally:
            deadlines.end(task)

    task = asyncio.create_task(tidy())
    await asyncio.wait_for(passed.wait(), 5)
    assert len(deadlines) == 1
    release.set()
    await task
    assert len(deadlines) == 0


async def test_a_cancellation_from_elsewhere_is_not_taken_for_a_deadline() -> None:
    deadlines = Deadlines()
    task = asyncio.create_task(held(deadlines, 0.05))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_both_at_once_is_a_cancellation() -> None:
    deadlines = Deadlines()
    cancelled = asyncio.Event()

    async def stubborn() -> None:
        task = running_task()
        deadlines.begin(task, 0.01)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            task.cancel()
            assert not deadlines.passed(task)
            cancelled.set()
            raise
        finally:
            deadlines.end(task)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(stubborn())
    assert cancelled.is_set()


async def test_one_that_nobody_asked_about_is_taken_back_at_the_end() -> None:
    deadlines = Deadlines()

    async def swallowing() -> int:
        task = running_task()
        deadlines.begin(task, 0.01)
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            pass
        finally:
            deadlines.end(task)
        return task.cancelling()

    assert await asyncio.create_task(swallowing()) == 0


def test_serves_one_event_loop_after_another() -> None:
    deadlines = Deadlines()
    for _ in range(2):
        assert asyncio.run(held(deadlines, 0.01)) == "passed"

    async def quick() -> None:
        deadlines.begin(running_task(), 60)
        deadlines.end(running_task())

    asyncio.run(quick())
    assert asyncio.run(held(deadlines, 0.01)) == "passed"


async def test_inflight_waits_and_cancels() -> None:
    inflight = Inflight()
    assert await inflight.idle(0)
    tasks: list[asyncio.Task[Any]] = [asyncio.create_task(held(inflight, 60)) for _ in range(3)]
    await asyncio.sleep(0)
    assert not await inflight.idle(0.01)
    waiting = [asyncio.create_task(inflight.idle(5)) for _ in range(2)]
    await asyncio.sleep(0)
    assert inflight.cancel() == 3
    assert await asyncio.gather(*waiting) == [True, True]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(result, asyncio.CancelledError) for result in results)


def test_inflight_is_not_ready_by_itself() -> None:
    assert not Inflight().ready


async def test_time_that_stands_still_does_not_pass() -> None:
    deadlines = Deadlines()
    loop = asyncio.get_running_loop()
    paused = asyncio.create_task(held(deadlines, 0.05))
    other = asyncio.create_task(held(deadlines, 0.2))
    await asyncio.sleep(0)
    left = deadlines.pause(paused)
    assert left is not None
    assert 0 < left <= 0.05
    # A second time there is nothing to pause.
    assert deadlines.pause(paused) is None
    assert await other == "passed"
    assert not paused.done()
    assert len(deadlines) == 1
    deadlines.resume(paused, None)
    began = loop.time()
    deadlines.resume(paused, left)
    assert await paused == "passed"
    assert loop.time() - began >= left - 0.01
    # One that has ended, or has none, has no time that could go on.
    deadlines.resume(paused, left)
    assert deadlines.pause(paused) is None
    assert len(deadlines) == 0
