"""Changes of tasks that cannot be written: which are given up, and what they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from plugway.errors import Conflict, LedgerUnavailable
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import Operation, Outcome
from plugway.ledger.store import Lost
from plugway.storage.url import DatabaseURL
from plugway.testing.clock import ManualClock

if TYPE_CHECKING:
    from core.tests.ledger.conftest import MemoryStore
    from core.tests.ledger.tasks.conftest import Jobs

pytestmark = pytest.mark.anyio


@pytest.fixture
def store(memory: Callable[[], MemoryStore]) -> MemoryStore:
    """Give a store with one account."""
    made = memory()
    made.account(1, 1000)
    return made


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that the test moves."""
    return ManualClock()


@asynccontextmanager
async def opened(store: MemoryStore, clock: ManualClock) -> AsyncIterator[Ledger]:
    ledger = Ledger(DatabaseURL(dialect="sqlite"), clock, store=store)
    await ledger.open()
    try:
        yield ledger
    finally:
        store.gate.set()
        store.poison.clear()
        await ledger.close(5)


async def turns(number: int = 20) -> None:
    """Let other tasks of the loop go on."""
    for _ in range(number):
        await asyncio.sleep(0)


async def passing(clock: ManualClock, until: Callable[[], bool]) -> None:
    """Let time pass until something is so."""
    for _ in range(500):
        if until():
            return
        clock.advance(1)
        await turns()
    raise AssertionError("it never came")


STUBBORN: dict[str, Callable[[Jobs], Operation]] = {
    "an end": lambda jobs: jobs.finish("a"),
    "an end that was polled": lambda jobs: jobs.finish("a", "failed", polled=True),
    "an accepted submit": lambda jobs: jobs.advance("a", "submitted", upstream_id="u1"),
    "a submit whose answer was lost": lambda jobs: jobs.advance("a", "unknown"),
}
GIVEN_UP: dict[str, Callable[[Jobs], Operation]] = {
    "who is about to be asked": lambda jobs: jobs.advance("a", channel_id=1),
    "what a poll told": lambda jobs: jobs.advance("a", "processing", polled=True),
}


@pytest.mark.parametrize("what", STUBBORN)
async def test_what_is_told_once_is_not_given_up(
    store: MemoryStore, clock: ManualClock, jobs: Jobs, what: str
) -> None:
    async with opened(store, clock) as ledger:
        await ledger.reserve(jobs.start(call="a"), wait=5)
        store.poison = {"a"}
        change = ledger.submit(STUBBORN[what](jobs))
        for _ in range(5):
            clock.advance(61)
            await turns()
        assert not change.done()
        # The like of it that comes meanwhile would only pile up.
        with pytest.raises(LedgerUnavailable):
            await ledger.submit(STUBBORN[what](jobs))
        store.poison.clear()
        await passing(clock, change.done)
        assert not change.result().repeated


@pytest.mark.parametrize("what", GIVEN_UP)
async def test_what_will_be_told_again_is_given_up(
    store: MemoryStore, clock: ManualClock, jobs: Jobs, what: str
) -> None:
    async with opened(store, clock) as ledger:
        await ledger.reserve(jobs.start(call="a"), wait=5)
        store.poison = {"a"}
        with pytest.raises(LedgerUnavailable):
            await ledger.submit(GIVEN_UP[what](jobs))


async def test_an_unknown_commit_of_an_end_is_no_repeat(
    store: MemoryStore, clock: ManualClock, jobs: Jobs
) -> None:
    async with opened(store, clock) as ledger:
        life: list[Operation] = [
            jobs.start(call="a"),
            jobs.advance("a", "submitted", callback=jobs.callback("1")),
            jobs.finish("a", amount=70, callback=jobs.callback("2")),
        ]
        store.after = [Lost("no answer in time")]
        futures = [ledger.submit(each) for each in life]
        await passing(clock, lambda: all(future.done() for future in futures))
        end = Outcome(state="settled", charged=70, balance=930, task="succeed")
        assert futures[2].result() == end
        assert (await ledger.submit(life[2])).repeated
    assert [row[3] for row in store.callbacks] == ["1", "2"]


async def test_another_nodes_end_is_not_taken_for_our_own(
    store: MemoryStore, clock: ManualClock, jobs: Jobs
) -> None:
    async with opened(store, clock) as ledger, opened(store, clock) as other:
        await ledger.reserve(jobs.start(call="a"), wait=5)
        lost = Lost("no answer in time", [Outcome(state="settled", charged=100, task="succeed")])
        store.before = [lost]
        ours = ledger.submit(jobs.finish("a"))
        while store.before:
            await asyncio.sleep(0)
        theirs = await other.submit(jobs.finish("a", "failed"))
        await passing(clock, ours.done)
        assert (theirs.task, theirs.repeated) == ("failed", False)
        # Our commit had not taken place: the task is theirs.
        outcome = ours.result()
        assert (outcome.task, outcome.repeated, outcome.state) == ("failed", True, "released")


async def test_a_start_that_nobody_waits_for_fails(
    store: MemoryStore, clock: ManualClock, jobs: Jobs
) -> None:
    async with opened(store, clock) as ledger:
        store.after = [Lost("no answer in time")]
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(jobs.start(call="a", external_id="mine"), wait=0.01)
        flushed = asyncio.create_task(ledger.flush())
        await passing(clock, flushed.done)
        await ledger.flush()
    task: dict[str, Any] = store.tasks["a"]
    assert (task["state"], task["external_id"]) == ("failed", None)
    assert (store.accounts[1].balance, store.accounts[1].held) == (1000, 0)


async def test_a_refused_end_of_a_task_is_logged(
    store: MemoryStore, clock: ManualClock, jobs: Jobs, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(store, clock) as ledger:
        for call in ("a", "b"):
            await ledger.submit(jobs.start(call=call))
        await ledger.submit(jobs.advance("a", "submitted", upstream_id="u1"))
        with pytest.raises(Conflict):
            await ledger.submit(jobs.finish("b", upstream_id="u1"))
    assert "finish of call b was refused" in caplog.text
