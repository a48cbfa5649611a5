"""Waiting for news of a task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from task_rows import TaskRows

from plugway.contract import Task
from plugway.storage.database import Database
from plugway.storage.models import TaskRow
from plugway.tasks import store
from plugway.tasks.news import News
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio


class Watched(ManualClock):
    """Tells when somebody sleeps."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock has been advanced that far."""
        self.asleep.set()
        await super().sleep(seconds)


@pytest.fixture
async def rows(sqlite_url: str) -> AsyncIterator[TaskRows]:
    """Give what writes rows."""
    async with Database(sqlite_url) as database:
        yield TaskRows(database)


@pytest.fixture
def clock() -> Watched:
    """Return the time."""
    return Watched()


async def task_of(rows: TaskRows) -> Task:
    task_id = await rows.add("processing", due=5, call_id="c1")
    task = await store.get(rows.database, task_id)
    assert task is not None
    return task


async def move(rows: TaskRows, **values: object) -> None:
    await rows.database.run(lambda: TaskRow.filter(call_id="c1").update(**values))


async def test_what_is_known_already_is_told_at_once(rows: TaskRows, clock: Watched) -> None:
    task = await task_of(rows)
    await move(rows, progress=40)
    assert (await News(rows.database, clock).of(task, 60)).progress == 40


async def test_who_waits_is_told(rows: TaskRows, clock: Watched) -> None:
    news, task = News(rows.database, clock), await task_of(rows)
    waits = asyncio.create_task(news.of(task, 60))
    await clock.asleep.wait()
    await asyncio.sleep(0)
    await move(rows, state="succeed")
    news.tell("another")
    news.tell("c1")
    assert (await waits).state == "succeed"


async def test_another_node_need_not_tell(rows: TaskRows, clock: Watched) -> None:
    news, task = News(rows.database, clock), await task_of(rows)
    waits = asyncio.create_task(news.of(task, 60))
    await clock.asleep.wait()
    await asyncio.sleep(0)
    await move(rows, state="failed")
    clock.advance(1)
    assert (await waits).state == "failed"


async def test_nobody_waits_for_ever(rows: TaskRows, clock: Watched) -> None:
    news, task = News(rows.database, clock), await task_of(rows)
    waits = asyncio.create_task(news.of(task, 0.5))
    await clock.asleep.wait()
    await asyncio.sleep(0)
    clock.advance(0.5)
    assert await waits == task
