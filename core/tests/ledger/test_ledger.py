"""The ledger's operations on each database, through what the request path calls."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from plugway.errors import (
    BadRequest,
    ConfigurationError,
    Conflict,
    InsufficientCredits,
    LedgerUnavailable,
    NotFound,
)
from plugway.ids import new_id
from plugway.ledger.operations import Operation, Outcome
from plugway.ledger.store import OpenHolds
from plugway.money import MAX_CREDITS
from plugway.storage.url import DatabaseURL

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench

pytestmark = pytest.mark.anyio


async def test_a_call_is_held_then_charged_what_it_cost(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        reserve = bench.make.reserve(700)
        held = await ledger.reserve(reserve, wait=10)
        assert held == Outcome(state="open", balance=1000)
        assert await bench.account() == (1000, 700)
        settled = await ledger.submit(bench.make.settle(reserve.call_id, 450))
        assert settled == Outcome(state="settled", charged=450, balance=550)
        assert await bench.account() == (550, 0)
    usage = await bench.rows("SELECT call_id, credits, model, input_tokens FROM plugway_usage")
    assert usage == [(reserve.call_id, 450, "gpt-4o", 10)]
    await bench.whole()


async def test_a_released_call_costs_nothing_and_leaves_its_usage(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        reserve = bench.make.reserve(700)
        await ledger.reserve(reserve, wait=10)
        released = await ledger.submit(bench.make.release(reserve.call_id))
        assert released == Outcome(state="released", balance=1000)
    assert await bench.account() == (1000, 0)
    assert await bench.rows("SELECT credits, status FROM plugway_usage") == [(0, 502)]
    await bench.whole()


async def test_a_reserve_beyond_the_balance_leaves_nothing_behind(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        await ledger.reserve(bench.make.reserve(600), wait=10)
        with pytest.raises(InsufficientCredits):
            await ledger.reserve(bench.make.reserve(401), wait=10)
        await ledger.reserve(bench.make.reserve(400), wait=10)
    assert await bench.account() == (1000, 1000)
    assert await bench.rows("SELECT count(*) FROM plugway_hold") == [(2,)]
    await bench.whole()


async def test_both_accounts_must_admit_and_both_are_charged(bench: Bench) -> None:
    await bench.accounts(1000, 500)
    async with bench.ledger() as ledger:
        with pytest.raises(InsufficientCredits, match="quota of this key"):
            await ledger.reserve(bench.make.reserve(501, key_account_id=2), wait=10)
        assert await bench.account(1) == (1000, 0)
        reserve = bench.make.reserve(500, key_account_id=2)
        await ledger.reserve(reserve, wait=10)
        assert (await bench.account(1), await bench.account(2)) == ((1000, 500), (500, 500))
        await ledger.submit(bench.make.settle(reserve.call_id, 200))
        assert (await bench.account(1), await bench.account(2)) == ((800, 0), (300, 0))
        await ledger.submit(bench.make.refund(reserve.call_id, 150))
        assert (await bench.account(1), await bench.account(2)) == ((950, 0), (450, 0))
    keys = await bench.rows("SELECT idempotency_key FROM plugway_entry WHERE kind = 'settle'")
    assert {key for (key,) in keys} == {
        f"settle:{reserve.call_id}",
        f"settle.key:{reserve.call_id}",
    }
    await bench.whole()


async def test_repeats_change_nothing_and_say_so(bench: Bench) -> None:
    await bench.accounts(1000)
    make = bench.make
    async with bench.ledger() as ledger:
        reserve = make.reserve(700)
        await ledger.reserve(reserve, wait=10)
        again = await ledger.reserve(reserve, wait=10)
        assert again == Outcome(state="open", repeated=True, balance=1000)
        with pytest.raises(Conflict):
            await ledger.reserve(make.reserve(701, call=reserve.call_id), wait=10)

        settle = make.settle(reserve.call_id, 800)
        first = await ledger.submit(settle)
        assert first.charged == 800
        second = await ledger.submit(make.settle(reserve.call_id, 5))
        assert second == Outcome(state="settled", charged=800, repeated=True, balance=200)
        with pytest.raises(Conflict, match="settled"):
            await ledger.submit(make.release(reserve.call_id))
        late = await ledger.reserve(reserve, wait=10)
        assert (late.state, late.charged, late.repeated) == ("settled", 800, True)

        refund = make.refund(reserve.call_id, 300)
        assert (await ledger.submit(refund)).balance == 500
        repeated = await ledger.submit(refund)
        assert repeated == Outcome(state="settled", charged=300, repeated=True, balance=500)
        with pytest.raises(Conflict, match="idempotency key"):
            await ledger.submit(make.refund(reserve.call_id, 301, refund.idempotency_key))

        credit = make.credit(50)
        assert (await ledger.submit(credit)).balance == 550
        assert await ledger.submit(credit) == Outcome(charged=50, repeated=True, balance=550)
        with pytest.raises(Conflict, match="idempotency key"):
            await ledger.submit(make.credit(51, key=credit.idempotency_key))
    assert await bench.account() == (550, 0)
    await bench.whole()


async def test_a_settle_after_a_release_is_refused_but_its_usage_is_kept(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        reserve = bench.make.reserve(700)
        await ledger.reserve(reserve, wait=10)
        await ledger.submit(bench.make.release(reserve.call_id, usage=False))
        with pytest.raises(Conflict, match="released before"):
            await ledger.submit(bench.make.settle(reserve.call_id, 700))
        again = await ledger.submit(bench.make.release(reserve.call_id))
        assert (again.state, again.repeated) == ("released", True)
    assert await bench.account() == (1000, 0)
    assert await bench.rows("SELECT credits, status FROM plugway_usage") == [(0, 200)]
    await bench.whole()


async def test_the_excess_is_taken_if_both_accounts_admit_it(bench: Bench) -> None:
    await bench.accounts(1000, 600)
    make = bench.make
    async with bench.ledger() as ledger:
        taken, capped = make.reserve(100, key_account_id=2), make.reserve(100, key_account_id=2)
        await ledger.reserve(taken, wait=10)
        await ledger.reserve(capped, wait=10)
        outcome = await ledger.submit(make.settle(taken.call_id, 500))
        assert (outcome.charged, outcome.shortfall) == (500, 0)
        # The user has 400 left beyond this hold, the key none.
        outcome = await ledger.submit(make.settle(capped.call_id, 101))
        assert (outcome.charged, outcome.shortfall, outcome.balance) == (100, 1, 400)
        again = await ledger.submit(make.settle(capped.call_id, 101))
        assert (again.charged, again.shortfall, again.repeated) == (100, 1, True)
    assert await bench.account(2) == (0, 0)
    await bench.whole()


async def test_an_overdraft_is_a_limit(bench: Bench) -> None:
    await bench.accounts(0, overdraft=100)
    make = bench.make
    async with bench.ledger() as ledger:
        reserve = make.reserve(80)
        await ledger.reserve(reserve, wait=10)
        with pytest.raises(InsufficientCredits):
            await ledger.reserve(make.reserve(21), wait=10)
        outcome = await ledger.submit(make.settle(reserve.call_id, 101))
        assert (outcome.charged, outcome.shortfall, outcome.balance) == (80, 21, -80)
        with pytest.raises(InsufficientCredits):
            await ledger.submit(make.credit(-21, kind="adjust"))
        assert (await ledger.submit(make.credit(-20, kind="adjust"))).balance == -100
    await bench.whole()


async def test_an_adjustment_cannot_take_what_is_held(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        await ledger.reserve(bench.make.reserve(700), wait=10)
        with pytest.raises(InsufficientCredits):
            await ledger.submit(bench.make.credit(-301, kind="adjust"))
        assert (await ledger.submit(bench.make.credit(-300, kind="adjust"))).balance == 700
    await bench.whole()


async def test_refunds_come_in_parts_up_to_the_charge_and_leave_the_usage(bench: Bench) -> None:
    await bench.accounts(1000)
    make = bench.make
    async with bench.ledger() as ledger:
        reserve = make.reserve(700)
        with pytest.raises(NotFound):
            await ledger.submit(make.refund(reserve.call_id, 1))
        await ledger.reserve(reserve, wait=10)
        with pytest.raises(Conflict, match="open"):
            await ledger.submit(make.refund(reserve.call_id, 1))
        await ledger.submit(make.settle(reserve.call_id, 600))
        await ledger.submit(make.refund(reserve.call_id, 250))
        await ledger.submit(make.refund(reserve.call_id, 250))
        with pytest.raises(Conflict, match="at most 100"):
            await ledger.submit(make.refund(reserve.call_id, 101))
        assert await bench.rows("SELECT credits FROM plugway_usage") == [(100,)]
        await ledger.submit(make.refund(reserve.call_id, 100))
    assert await bench.account() == (1000, 0)
    assert await bench.rows("SELECT credits FROM plugway_usage") == [(0,)]
    await bench.whole()


async def test_one_batch_may_hold_a_whole_life_and_its_repeats(bench: Bench) -> None:
    await bench.accounts(1000, 800)
    make = bench.make
    reserve = make.reserve(300, key_account_id=2)
    settle = make.settle(reserve.call_id, 200)
    refund = make.refund(reserve.call_id, 50)
    credit = make.credit(10)
    async with bench.ledger() as ledger:
        # Submitted in one go, they are one transaction.
        twice: list[Operation] = [reserve, reserve, settle, settle, refund, refund, credit, credit]
        last: list[Operation] = [make.record(reserve.call_id), make.release(reserve.call_id)]
        results = await asyncio.gather(*map(ledger.submit, twice + last), return_exceptions=True)
    repeated = [each.repeated for each in results if isinstance(each, Outcome)]
    assert repeated == [False, True] * 4 + [False]
    assert isinstance(results[-1], Conflict)
    assert (await bench.account(1), await bench.account(2)) == ((860, 0), (650, 0))
    assert await bench.rows("SELECT credits FROM plugway_usage") == [(150,)]
    await bench.whole()


async def test_a_free_call_is_recorded_once(bench: Bench) -> None:
    await bench.accounts(1000)
    call = new_id()
    async with bench.ledger() as ledger:
        assert await ledger.submit(bench.make.record(call)) == Outcome()
        await ledger.submit(bench.make.record(call))
    assert await bench.rows("SELECT call_id, credits FROM plugway_usage") == [(call, 0)]
    await bench.whole()


async def test_a_charge_goes_to_the_usage_row_that_a_call_has_already(bench: Bench) -> None:
    await bench.accounts(1000)
    make = bench.make
    async with bench.ledger() as ledger:
        reserve = make.reserve(300)
        await ledger.submit(make.record(reserve.call_id))
        await ledger.reserve(reserve, wait=10)
        await ledger.submit(make.settle(reserve.call_id, 200))
    assert await bench.rows("SELECT credits FROM plugway_usage") == [(200,)]
    await bench.whole()


async def test_what_does_not_exist_is_not_found(bench: Bench) -> None:
    await bench.accounts(1000)
    make = bench.make
    async with bench.ledger() as ledger:
        for operation in (
            make.reserve(1, account=99),
            make.reserve(1, key_account_id=99),
            make.credit(1, account=99),
            make.settle(new_id(), 1),
            make.release(new_id()),
        ):
            with pytest.raises(NotFound):
                await ledger.submit(operation)
    # What was settled or released without a hold was a call all the same.
    assert await bench.rows("SELECT credits FROM plugway_usage") == [(0,), (0,)]
    await bench.whole()


async def test_amounts_at_their_extremes(bench: Bench) -> None:
    await bench.accounts(MAX_CREDITS)
    make = bench.make
    async with bench.ledger() as ledger:
        most = make.reserve(MAX_CREDITS)
        await ledger.reserve(most, wait=10)
        with pytest.raises(InsufficientCredits):
            await ledger.reserve(make.reserve(1), wait=10)
        outcome = await ledger.submit(make.settle(most.call_id, MAX_CREDITS))
        assert (outcome.charged, outcome.balance) == (MAX_CREDITS, 0)
        assert (await ledger.submit(make.refund(most.call_id, MAX_CREDITS))).charged == MAX_CREDITS
        nothing = make.reserve(1)
        await ledger.reserve(nothing, wait=10)
        assert (await ledger.submit(make.settle(nothing.call_id, 0))).charged == 0
        # 128 times 2**53 is the most one account may have.
        credits_ = [make.credit(MAX_CREDITS) for _ in range(128)]
        results = await asyncio.gather(*map(ledger.submit, credits_), return_exceptions=True)
        assert sum(isinstance(each, Outcome) for each in results) == 127
        assert isinstance(results[-1], BadRequest)
    assert await bench.account() == (128 * MAX_CREDITS, 0)
    await bench.whole()


async def test_texts_of_any_kind_are_kept(bench: Bench) -> None:
    await bench.accounts(1000)
    make = bench.make
    odd = "it's \"odd\" \\' -- ; %s 🙂 模型 \\"
    async with bench.ledger() as ledger:
        reserve = make.reserve(5, quote=odd)
        await ledger.reserve(reserve, wait=10)
        usage = make.usage(reserve.call_id, model=odd, error="nul\0" + "x" * 99, ip="\ud800")
        settle = make.settle(reserve.call_id, 5)
        await ledger.submit(type(settle)(call_id=reserve.call_id, amount=5, at=1, usage=usage))
        await ledger.submit(make.credit(1, key="it's \\ 'quoted'", reason=odd, actor=odd))
        assert (await ledger.submit(make.credit(1, key="it's \\ 'quoted'", reason=odd))).repeated
    ((model, error, ip),) = await bench.rows("SELECT model, error, ip FROM plugway_usage")
    assert (model, error, ip) == (odd, "nul\ufffd" + "x" * 60, "?")
    assert await bench.rows("SELECT quote FROM plugway_hold") == [(odd,)]
    entries = await bench.rows("SELECT actor FROM plugway_entry WHERE reason <> 'paid'")
    assert (odd,) in entries
    await bench.whole()


@pytest.mark.parametrize("keyed", [False, True])
async def test_parallel_reserves_admit_exactly_what_the_balance_covers(
    bench: Bench, keyed: bool
) -> None:
    await bench.accounts(*((9999, 1037) if keyed else (1037,)))
    quota = 2 if keyed else None
    async with bench.ledger() as one, bench.ledger() as other:
        reserves = [bench.make.reserve(10, key_account_id=quota) for _ in range(200)]
        results = await asyncio.gather(
            *((one, other)[i % 2].reserve(each, wait=30) for i, each in enumerate(reserves)),
            return_exceptions=True,
        )
        assert sum(isinstance(each, Outcome) for each in results) == 103
        assert sum(isinstance(each, InsufficientCredits) for each in results) == 97
        assert await one.open_holds() == OpenHolds(count=103, credits=1030)
    assert (await bench.account(2 if keyed else 1))[1] == 1030
    await bench.whole()


async def test_a_cancelled_reserve_leaves_no_hold(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        # Cancelled before, while and after it is written, without a pause between.
        for turns in range(12):
            task = asyncio.create_task(ledger.reserve(bench.make.reserve(1000), wait=10))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await ledger.flush()
        await ledger.flush()
        assert await ledger.open_holds() == OpenHolds()
    assert await bench.account() == (1000, 0)
    await bench.whole()


async def test_a_cancelled_repeat_does_not_release_the_first_hold(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        reserve = bench.make.reserve(1000)
        await ledger.reserve(reserve, wait=10)
        repeat = asyncio.create_task(ledger.reserve(reserve, wait=10))
        await asyncio.sleep(0)
        repeat.cancel()
        with pytest.raises(asyncio.CancelledError):
            await repeat
        await ledger.flush()
        await ledger.flush()
        assert (await ledger.open_holds()).count == 1
    await bench.whole()


async def test_cancelling_who_waits_does_not_cancel_a_settle(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        reserve = bench.make.reserve(700)
        await ledger.reserve(reserve, wait=10)
        ledger.submit(bench.make.settle(reserve.call_id, 300)).cancel()
        await ledger.flush()
    assert await bench.account() == (700, 0)
    await bench.whole()


async def test_the_sweeper_releases_what_is_over(bench: Bench) -> None:
    await bench.accounts(10_000)
    make = bench.make
    async with bench.ledger() as one, bench.ledger() as other:
        over = [make.reserve(1, expires_at=100) for _ in range(1203)]
        alive = make.reserve(1, expires_at=102)
        await asyncio.gather(*map(one.submit, [*over, alive]))
        assert await one.sweep(99) == 0
        swept = await asyncio.gather(one.sweep(101), other.sweep(101))
        assert sum(swept) == 1203
        assert await one.sweep(101) == 0
        assert await one.open_holds() == OpenHolds(count=1, credits=1)
        # A call that ends after all is told so, and its usage kept.
        with pytest.raises(Conflict):
            await one.submit(make.settle(over[0].call_id, 1))
    entries = "SELECT DISTINCT actor, reason FROM plugway_entry WHERE kind = 'release'"
    assert await bench.rows(entries) == [("sweeper", "expired")]
    await bench.whole()


async def test_pruning_usage_leaves_the_ledger_whole(bench: Bench) -> None:
    await bench.accounts(10_000)
    make = bench.make
    async with bench.ledger() as ledger:
        reserve = make.reserve(100)
        await ledger.reserve(reserve, wait=10)
        await ledger.submit(make.settle(reserve.call_id, 50))
        old = [
            type(make.record("a"))(usage=make.usage(new_id(), created_at=5)) for _ in range(1001)
        ]
        await asyncio.gather(*map(ledger.submit, old))
        assert await ledger.prune(5) == 0
        assert await ledger.prune(6) == 1001
        assert await ledger.prune(10**18) == 1
        assert await ledger.prune(10**18) == 0
        await bench.whole()
        await ledger.submit(make.refund(reserve.call_id, 50))
    assert await bench.account() == (10_000, 0)
    await bench.whole()


async def test_closing_writes_what_was_submitted(bench: Bench) -> None:
    await bench.accounts(10_000)
    async with bench.ledger() as ledger:
        futures = [ledger.submit(bench.make.reserve(1)) for _ in range(1500)]
    assert all(future.result().state == "open" for future in futures)
    assert await bench.account() == (10_000, 1500)
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.submit(bench.make.reserve(1))
    with pytest.raises(LedgerUnavailable, match="closed"):
        await ledger.sweep(1)
    await ledger.close()


async def test_a_database_without_tables_is_a_configuration_error(empty_database_url: str) -> None:
    from plugway.clock import SystemClock
    from plugway.ledger.ledger import Ledger

    ledger = Ledger(DatabaseURL.parse(empty_database_url), SystemClock())
    with pytest.raises(ConfigurationError, match="the ledger cannot use database"):
        await ledger.open()
    await ledger.close()
