"""Every way in which tasks and their holds can disagree is found and named."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from plugway.ledger.verify import Report, verify

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench
    from core.tests.ledger.tasks.conftest import Jobs

pytestmark = pytest.mark.anyio

_TASK = "UPDATE plugway_task SET {} WHERE call_id = '{}'".format
_HOLD = "UPDATE plugway_hold SET {} WHERE call_id = '{}'".format

#: What is done behind the ledger's back, and what must be said of it.
CORRUPTIONS = {
    "an open task has lost its credits": (
        _HOLD("state = 'released', resolved_at = 5", "going"),
        "call going: its task is processing, but its hold is released",
    ),
    "a success was not charged": (
        _TASK("state = 'succeed'", "failed"),
        "call failed: its task is succeed, but its hold is released",
    ),
    "a failure was charged": (
        _TASK("state = 'failed'", "good"),
        "call good: its task is failed, but its hold is settled",
    ),
    "an expired task was charged": (
        _TASK("state = 'expired'", "good"),
        "call good: its task is expired, but its hold is settled",
    ),
    "a task has ended, and its credits are held": (
        _HOLD("state = 'open', resolved_at = NULL", "expired"),
        "call expired: its task is expired, but its hold is open",
    ),
    "a task has begun again": (
        _TASK("state = 'submitted', next_poll_at = 1, deadline = 1, finished_at = NULL", "good"),
        "call good: its task is submitted, but its hold is settled",
    ),
    "a task is in no state": (
        _TASK("state = 'lost'", "going"),
        "call going: its task is lost, but its hold is open",
    ),
    "a task is lost": (
        "DELETE FROM plugway_task WHERE call_id = 'going'",
        "call going: its hold is open and belongs to a task, but there is no such task",
    ),
    "a hold no longer belongs to its task": (
        _HOLD("task = FALSE", "going"),
        "call going: its task is processing, but no hold belongs to it",
    ),
    "a task's hold is lost": (
        "DELETE FROM plugway_hold WHERE call_id = 'going'",
        "call going: its task is processing, but no hold belongs to it",
    ),
    "a task is another account's": (
        _TASK("account_id = 2", "going"),
        "call going: its task is of account 2, its hold is on account 1",
    ),
    "a task that goes on is never polled": (
        _TASK("next_poll_at = NULL", "going"),
        "call going: its task cannot be processing and next polled at None",
    ),
    "a task that goes on never expires": (
        _TASK("deadline = NULL", "going"),
        "call going: its task cannot be processing and next polled at 1800000060000000,"
        " with a deadline at None",
    ),
    "an ended task is polled": (
        _TASK("next_poll_at = 7", "good"),
        "call good: its task cannot be succeed and next polled at 7, with a deadline at None",
    ),
    "an ended task expires": (
        _TASK("deadline = 7", "failed"),
        "call failed: its task cannot be failed and next polled at None, with a deadline at 7",
    ),
    "a task that goes on was finished": (
        _TASK("finished_at = 7", "going"),
        "call going: its task cannot be processing and finished at 7",
    ),
    "an ended task was never finished": (
        _TASK("finished_at = NULL", "expired"),
        "call expired: its task cannot be expired and finished at None",
    ),
    "a call without a task holds nothing": (
        _HOLD("amount = 0", "plain"),
        "call plain: a hold cannot be open of 0 with 0 settled",
    ),
    "a task holds less than nothing": (
        _HOLD("amount = -1", "free"),
        "call free: a hold cannot be open of -1 with 0 settled",
    ),
}


async def fill(bench: Bench, jobs: Jobs) -> None:
    """Make tasks in every kind of state."""
    await bench.accounts(1000, 1000)
    async with bench.ledger() as ledger:
        await asyncio.gather(
            *(
                ledger.submit(jobs.start(100, call=call, key_account_id=2))
                for call in ("pending", "going", "good", "failed", "expired")
            ),
            ledger.submit(jobs.start(0, call="free")),
            ledger.submit(bench.make.reserve(5, call="plain")),
            ledger.submit(jobs.advance("going", "processing")),
            ledger.submit(jobs.finish("good", amount=60)),
            ledger.submit(jobs.finish("failed", "failed")),
            ledger.submit(jobs.finish("expired", "expired")),
        )


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_a_corruption_of_a_task_is_found_and_named(
    sqlite_bench: Bench, jobs: Jobs, corruption: str
) -> None:
    bench = sqlite_bench
    await fill(bench, jobs)
    assert (await verify(bench.url)).problems == ()
    statement, expected = CORRUPTIONS[corruption]
    await bench.execute(statement)
    problems = (await verify(bench.url)).problems
    assert any(expected in each for each in problems), problems


async def test_the_queries_on_tasks_are_understood_by_each_database(
    bench: Bench, jobs: Jobs
) -> None:
    await fill(bench, jobs)
    whole = await verify(bench.url)
    assert whole == Report(ok=True, problems=(), accounts=2, holds=7, entries=20, usages=3, tasks=6)
    for statement, _ in CORRUPTIONS.values():
        await bench.execute(statement)
    assert len((await verify(bench.url)).problems) > 10
