"""Batches, tries and ends: the writer over a store that fails when told."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from plugway.errors import Conflict, InsufficientCredits, LedgerUnavailable
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import Outcome
from plugway.ledger.plan import Answer
from plugway.ledger.store import Clash, Lost, OpenHolds
from plugway.storage.url import DatabaseURL
from plugway.testing.clock import ManualClock

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Make, MemoryStore

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
    """Let other tasks go on."""
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


async def test_an_idle_ledger_commits_at_once(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        await ledger.submit(make.reserve(1))
        await ledger.submit(make.reserve(1))
    assert store.batches == [1, 1]


async def test_what_comes_while_a_batch_is_in_flight_is_the_next_one(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        store.gate.clear()
        first = ledger.submit(make.reserve(1))
        await turns()
        rest = [ledger.submit(make.reserve(1)) for _ in range(600)]
        await turns()
        assert store.batches == [1]
        store.gate.set()
        await asyncio.gather(first, *rest)
    assert store.batches == [1, 512, 88]


async def test_operations_are_done_in_the_order_of_their_coming(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        reserve = make.reserve(1000)
        outcomes = await asyncio.gather(
            ledger.submit(reserve),
            ledger.submit(make.reserve(1)),
            ledger.submit(make.settle(reserve.call_id, 10)),
            ledger.submit(make.reserve(990)),
            return_exceptions=True,
        )
    assert isinstance(outcomes[1], InsufficientCredits)
    assert isinstance(outcomes[3], Outcome)


async def test_a_lost_batch_is_tried_until_the_database_is_back(
    store: MemoryStore, clock: ManualClock, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "plugway.ledger")
    async with opened(store, clock) as ledger:
        store.before = [Lost("the connection was refused")] * 9
        future = ledger.submit(make.reserve(1))
        await passing(clock, future.done)
        assert future.result() == Outcome(state="open", balance=1000)
    assert store.batches == [1] * 10
    messages = [record.message for record in caplog.records]
    assert messages == [
        "the ledger's database is away, trying again: the connection was refused",
        "the ledger's database is back",
    ]


async def test_an_unknown_commit_is_found_out_by_trying_again(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        reserve = make.reserve(100)
        settle, refund = make.settle(reserve.call_id, 60), make.refund(reserve.call_id, 20)
        credit = make.credit(5)
        store.after = [Lost("no answer in time")]
        futures = [ledger.submit(each) for each in (reserve, settle, refund, credit)]
        await passing(clock, lambda: all(future.done() for future in futures))
        assert store.batches == [4, 4]
        # To the caller it is no repeat, for it was done once.
        assert [future.result() for future in futures] == [
            Outcome(state="open", balance=1000),
            Outcome(state="settled", charged=60, balance=940),
            Outcome(state="settled", charged=20, balance=960),
            Outcome(charged=5, balance=965),
        ]
        assert (await ledger.submit(settle)).repeated
    assert (store.accounts[1].balance, store.accounts[1].held) == (965, 0)
    assert store.usages[reserve.call_id][1] == 40


async def test_an_operation_that_spoils_its_batch_fails_alone(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        store.gate.clear()
        ledger.submit(make.reserve(1))
        await turns()
        good = [ledger.submit(make.reserve(1)) for _ in range(40)]
        bad = make.reserve(1)
        store.poison = {bad.call_id}
        spoiled = ledger.submit(bad)
        good += [ledger.submit(make.reserve(1)) for _ in range(40)]
        store.gate.set()
        await asyncio.gather(*good)
        with pytest.raises(LedgerUnavailable):
            await spoiled
        assert await ledger.open_holds() == OpenHolds(count=81, credits=81)


async def test_a_settle_that_cannot_be_written_is_not_given_up(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        reserve = make.reserve(100)
        await ledger.reserve(reserve, wait=5)
        store.poison = {reserve.call_id}
        settle = ledger.submit(make.settle(reserve.call_id, 70))
        for _ in range(5):
            clock.advance(61)
            await turns()
        # Meanwhile the others go on.
        assert (await ledger.submit(make.reserve(1))).state == "open"
        assert not settle.done()
        store.poison.clear()
        await passing(clock, settle.done)
        assert settle.result().charged == 70


async def test_a_settle_that_was_set_aside_is_written_at_the_close(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        reserve = make.reserve(100)
        await ledger.reserve(reserve, wait=5)
        store.poison = {reserve.call_id}
        settle = ledger.submit(make.settle(reserve.call_id, 70))
        await turns()
    assert settle.result().charged == 70


async def test_a_clash_is_tried_at_once_and_in_the_end_is_the_operations_own(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        store.before = [Clash("plugway_entry"), None]
        assert (await ledger.submit(make.reserve(1))).state == "open"
        store.before = [Clash("plugway_entry")] * 100
        with pytest.raises(Conflict):
            await ledger.submit(make.credit(1))
        store.before = []
    assert store.batches[:2] == [1, 1]


async def test_a_reserve_waits_for_the_database_only_so_long(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        store.before = [Lost("the connection was refused")] * 3
        for wait in (0.01, 0, 0):
            with pytest.raises(LedgerUnavailable):
                await ledger.reserve(make.reserve(100), wait=wait)
        flushed = asyncio.create_task(ledger.flush())
        await passing(clock, flushed.done)
    # What was never done need not be done any more.
    assert store.batches == [1]
    assert not store.holds


async def test_a_reserve_of_unknown_fate_is_done_to_be_undone(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        store.after = [Lost("no answer in time")]
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(make.reserve(100), wait=0.01)
        flushed = asyncio.create_task(ledger.flush())
        await passing(clock, flushed.done)
        await ledger.flush()
    assert [row[6] for row in store.holds.values()] == ["released"]
    assert (store.accounts[1].balance, store.accounts[1].held) == (1000, 0)


async def test_a_reserve_that_hangs_in_flight_is_released_when_it_lands(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        store.gate.clear()
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(make.reserve(1000), wait=0.01)
        store.gate.set()
        await ledger.flush()
        assert (await ledger.reserve(make.reserve(1000), wait=5)).state == "open"


async def test_closing_gives_up_what_cannot_be_written_in_time(
    store: MemoryStore, clock: ManualClock, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(DatabaseURL(dialect="sqlite"), clock, store=store)
    await ledger.open()
    store.before = [Lost("the connection was refused")] * 1000
    futures = [ledger.submit(make.reserve(1)), ledger.submit(make.settle("a", 1))]
    await turns()
    futures.append(ledger.submit(make.reserve(1)))
    sweeping = asyncio.create_task(ledger.sweep(1))
    await turns()
    await ledger.close(0.01)
    with pytest.raises(LedgerUnavailable):
        await sweeping
    for future in futures:
        assert isinstance(future.exception(), LedgerUnavailable)
    assert "the ledger closed with 3 operations not written" in caplog.text


async def test_refused_ends_of_calls_are_logged(
    store: MemoryStore, clock: ManualClock, make: Make, caplog: pytest.LogCaptureFixture
) -> None:
    async with opened(store, clock) as ledger:
        reserve = make.reserve(1)
        await ledger.reserve(reserve, wait=5)
        await ledger.submit(make.release(reserve.call_id))
        # Nobody is left to hear it.
        ledger.submit(make.settle(reserve.call_id, 1)).cancel()
        await ledger.flush()
    assert f"settle of call {reserve.call_id} was refused" in caplog.text


async def test_work_that_fails_fails_alone(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    async with opened(store, clock) as ledger:
        with pytest.raises(LedgerUnavailable):
            await ledger.prune(1)
        assert (await ledger.submit(make.reserve(1))).state == "open"


async def test_a_writer_that_fails_refuses_everything(
    store: MemoryStore,
    clock: ManualClock,
    make: Make,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def mistaken(operations: object) -> list[Answer]:
        return []

    async with opened(store, clock) as ledger:
        monkeypatch.setattr(store, "commit", mistaken)
        with pytest.raises(LedgerUnavailable):
            await ledger.submit(make.reserve(1))
        with pytest.raises(LedgerUnavailable):
            await ledger.submit(make.reserve(1))
    assert "the ledger's writer has failed" in caplog.text


async def test_batches_and_tries_are_counted(
    store: MemoryStore, clock: ManualClock, make: Make
) -> None:
    counted: list[Any] = []

    class Counter:
        def ledger_batch(self, operations: int) -> None:
            counted.append(operations)

        def ledger_retry(self) -> None:
            counted.append("again")

    ledger = Ledger(
        DatabaseURL(dialect="sqlite"),
        clock,
        metrics=Counter(),  # type: ignore[arg-type]  # the part of Metrics that is used
        store=store,
    )
    await ledger.open()
    store.before = [Clash("plugway_hold"), None]
    await asyncio.gather(ledger.submit(make.reserve(1)), ledger.submit(make.reserve(1)))
    await ledger.close()
    assert counted == ["again", 2]
