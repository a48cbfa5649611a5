"""The life of a task on each database, with the credits it holds."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from plugway.errors import Conflict, InsufficientCredits, NotFound
from plugway.ids import new_id
from plugway.ledger.operations import Expire, Operation, Outcome
from plugway.ledger.store import OpenHolds

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench
    from core.tests.ledger.tasks.conftest import Desk, Jobs

pytestmark = pytest.mark.anyio

NOW = 1_800_000_000_000_000
SECOND = 1_000_000


async def test_a_task_is_held_submitted_and_charged_at_its_success(
    bench: Bench, jobs: Jobs, desk: Desk
) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        start = jobs.start(700, price=650, external_id="mine")
        call = start.call_id
        held = await ledger.reserve(start, wait=10)
        assert held == Outcome(state="open", balance=1000, task="pending")
        assert await desk.task(call, "state", "external_id", "price", "polls", "account_id") == (
            "pending",
            "mine",
            650,
            0,
            1,
        )
        asked = jobs.advance(call, channel_id=3, credential_id=4, price=600)
        assert await ledger.submit(asked) == Outcome(task="pending")
        taken = jobs.advance(call, "submitted", 2, upstream_id="u1", answer='{"a":1}')
        assert await ledger.submit(taken) == Outcome(task="submitted")
        going = jobs.advance(call, "processing", 5, progress=40, polled=True)
        assert await ledger.submit(going) == Outcome(task="processing")
        assert await bench.account() == (1000, 700)
        columns = ("channel_id", "credential_id", "upstream_id", "answer", "progress", "polls")
        assert await desk.task(call, *columns) == (3, 4, "u1", '{"a":1}', 40, 1)
        ended = await ledger.submit(jobs.finish(call, answer='{"b":2}', polled=True))
        assert ended == Outcome(state="settled", charged=600, balance=400, task="succeed")
    assert await bench.account() == (400, 0)
    end = ("succeed", '{"b":2}', 2, None, None, None, NOW + 9 * SECOND)
    assert end == await desk.task(
        call, "state", "answer", "polls", "next_poll_at", "deadline", "lease", "finished_at"
    )
    assert await bench.rows("SELECT call_id, credits, videos FROM plugway_usage") == [
        (call, 600, 1)
    ]
    await bench.whole()


@pytest.mark.parametrize("state", ["failed", "expired"])
async def test_a_task_that_fails_costs_nothing(
    bench: Bench, jobs: Jobs, desk: Desk, state: str
) -> None:
    await bench.accounts(1000, 800)
    async with bench.ledger() as ledger:
        start = jobs.start(700, key_account_id=2)
        await ledger.reserve(start, wait=10)
        end = jobs.finish(start.call_id, state, reason="the prompt was refused")
        outcome = await ledger.submit(end)
        assert outcome == Outcome(state="released", balance=1000, task=state)  # type: ignore[arg-type]  # one of two states
    assert (await bench.account(1), await bench.account(2)) == ((1000, 0), (800, 0))
    assert await desk.task(start.call_id, "state", "reason") == (state, "the prompt was refused")
    assert await bench.rows("SELECT credits FROM plugway_usage") == [(0,)]
    released = "SELECT DISTINCT reason FROM plugway_entry WHERE kind = 'release'"
    assert await bench.rows(released) == [("the prompt was refused",)]
    await bench.whole()


async def test_an_end_decided_on_old_news_is_none(bench: Bench, jobs: Jobs, desk: Desk) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        start = jobs.start(700)
        call = start.call_id
        await ledger.reserve(start, wait=10)
        await ledger.submit(jobs.advance(call, "submitted", 2))
        late = jobs.finish(call, "failed", seen=NOW + SECOND, callback=jobs.callback())
        assert await ledger.submit(late) == Outcome(
            state="open", repeated=True, balance=1000, task="submitted"
        )
        assert await bench.account() == (1000, 700)
        assert await desk.task(call, "state", "finished_at") == ("submitted", None)
        assert await desk.messages() == []
        # Failures are no news.
        await ledger.submit(jobs.advance(call, None, 5, polled=True, failures=1))
        ended = await ledger.submit(jobs.finish(call, "failed", seen=NOW + 2 * SECOND))
        assert (ended.state, ended.repeated, ended.task) == ("released", False, "failed")
    assert await bench.account() == (1000, 0)
    await bench.whole()


async def test_an_end_is_final_and_repeats_say_so(bench: Bench, jobs: Jobs, desk: Desk) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        start = jobs.start(700)
        call = start.call_id
        await ledger.reserve(start, wait=10)
        await ledger.submit(jobs.finish(call, amount=500, callback=jobs.callback("end")))
        for again in (jobs.finish(call, callback=jobs.callback()), jobs.finish(call, "failed")):
            outcome = await ledger.submit(again)
            assert outcome == Outcome(
                state="settled", charged=500, balance=500, repeated=True, task="succeed"
            )
        late = jobs.advance(
            call, "processing", 99, upstream_id="u9", answer="late", callback=jobs.callback()
        )
        assert await ledger.submit(late) == Outcome(repeated=True, task="succeed")
        repeat = await ledger.reserve(start, wait=10)
        assert (repeat.state, repeat.repeated, repeat.task) == ("settled", True, "succeed")
    columns = ("state", "answer", "upstream_id", "updated_at", "next_poll_at")
    end = ("succeed", None, None, NOW + 9 * SECOND, None)
    assert await desk.task(call, *columns) == end
    assert await desk.messages() == ["end"]
    await bench.whole()


async def test_two_ledgers_that_end_a_task_at_once_end_it_once(
    bench: Bench, jobs: Jobs, desk: Desk
) -> None:
    await bench.accounts(10_000)
    async with bench.ledger() as one, bench.ledger() as other:
        calls = [new_id() for _ in range(40)]
        await asyncio.gather(*(one.reserve(jobs.start(100, call=c), wait=10) for c in calls))
        ends = [
            ledger.submit(jobs.finish(call, state, callback=jobs.callback(call)))
            for call in calls
            for ledger, state in ((one, "succeed"), (other, "failed"), (other, "succeed"))
        ]
        outcomes = await asyncio.gather(*ends)
        assert sum(not outcome.repeated for outcome in outcomes) == 40
        charged = sum(each.charged for each in outcomes if not each.repeated)
        for first, *rest in zip(*[iter(outcomes)] * 3, strict=True):
            assert {each.task for each in rest} == {first.task}
    assert await bench.account() == (10_000 - charged, 0)
    assert sorted(await desk.messages()) == sorted(calls)
    await bench.whole()


async def test_only_the_end_of_its_task_resolves_a_hold(bench: Bench, jobs: Jobs) -> None:
    await bench.accounts(1000)
    make = bench.make
    async with bench.ledger() as ledger:
        start = jobs.start(700, expires_at=5)
        call = start.call_id
        await ledger.reserve(start, wait=10)
        for ended in (False, True):
            operations: list[Operation] = [
                make.settle(call, 5),
                make.release(call),
                Expire(call_id=call, at=6),
            ]
            for operation in operations:
                with pytest.raises(Conflict, match="the end of its task"):
                    await ledger.submit(operation)
            assert await ledger.sweep(10**18) == 0
            assert (await ledger.open_holds()).count == (0 if ended else 1)
            await ledger.submit(jobs.finish(call))
        assert (await ledger.submit(make.refund(call, 650))).balance == 950
    assert await bench.rows("SELECT credits FROM plugway_usage") == [(50,)]
    await bench.whole()


async def test_a_free_task_holds_nothing_and_lives_like_any_other(bench: Bench, jobs: Jobs) -> None:
    await bench.accounts(0, 0)
    async with bench.ledger() as ledger:
        starts = [jobs.start(0, key_account_id=2) for _ in range(3)]
        for start in starts:
            outcome = await ledger.reserve(start, wait=10)
            assert outcome == Outcome(state="open", balance=0, task="pending")
        assert await ledger.open_holds() == OpenHolds(count=3, credits=0)
        good, bad, dear = (start.call_id for start in starts)
        assert (await ledger.submit(jobs.finish(good))).charged == 0
        assert (await ledger.submit(jobs.finish(bad, "failed"))).state == "released"
        # It did cost something after all, and there is nothing to take it from.
        outcome = await ledger.submit(jobs.finish(dear, amount=7))
        assert (outcome.charged, outcome.shortfall, outcome.state) == (0, 7, "settled")
    await bench.whole()


async def test_a_success_above_the_hold_takes_the_excess_if_there_is_any(
    bench: Bench, jobs: Jobs
) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        taken, capped = jobs.start(100), jobs.start(100)
        await asyncio.gather(ledger.submit(taken), ledger.submit(capped))
        outcome = await ledger.submit(jobs.finish(taken.call_id, amount=800))
        assert (outcome.charged, outcome.shortfall) == (800, 0)
        outcome = await ledger.submit(jobs.finish(capped.call_id, amount=201))
        assert (outcome.charged, outcome.shortfall, outcome.balance) == (100, 101, 100)
    await bench.whole()


async def test_a_task_that_is_not_admitted_leaves_nothing_behind(bench: Bench, jobs: Jobs) -> None:
    await bench.accounts(50)
    async with bench.ledger() as ledger:
        start = jobs.start(51, external_id="mine")
        with pytest.raises(InsufficientCredits):
            await ledger.reserve(start, wait=10)
        for lost in (jobs.advance(start.call_id, "submitted"), jobs.finish(start.call_id)):
            with pytest.raises(NotFound, match="no such task"):
                await ledger.submit(lost)
        await ledger.reserve(jobs.start(50, external_id="mine"), wait=10)
    assert await bench.rows("SELECT count(*) FROM plugway_task") == [(1,)]
    await bench.whole()


async def test_a_call_and_a_task_do_not_share_a_call_id(bench: Bench, jobs: Jobs) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        start = jobs.start(100)
        await ledger.reserve(start, wait=10)
        with pytest.raises(Conflict, match="something else"):
            await ledger.reserve(bench.make.reserve(100, call=start.call_id), wait=10)
        plain = bench.make.reserve(100)
        await ledger.reserve(plain, wait=10)
        with pytest.raises(Conflict, match="something else"):
            await ledger.reserve(jobs.start(100, call=plain.call_id), wait=10)
    await bench.whole()


async def test_one_batch_may_hold_a_whole_life(bench: Bench, jobs: Jobs, desk: Desk) -> None:
    await bench.accounts(1000)
    start = jobs.start(300)
    call = start.call_id
    async with bench.ledger() as ledger:
        life: list[Operation] = [
            start,
            jobs.advance(call, channel_id=1, credential_id=2),
            jobs.advance(call, "submitted", upstream_id="u1", callback=jobs.callback("1")),
            jobs.advance(call, "submitted", callback=jobs.callback("again")),
            jobs.advance(call, "processing", 3, answer="{}", callback=jobs.callback("2")),
            jobs.finish(call, callback=jobs.callback("3")),
            jobs.finish(call, callback=jobs.callback("again")),
            bench.make.refund(call, 1),
        ]
        outcomes = await asyncio.gather(*map(ledger.submit, life))
    assert [each.task for each in outcomes] == [
        "pending",
        "pending",
        *["submitted"] * 2,
        "processing",
        *["succeed"] * 2,
        None,
    ]
    assert await desk.messages() == ["1", "2", "3"]
    assert await desk.task(call, "upstream_id", "channel_id", "answer") == ("u1", 1, "{}")
    assert await bench.account() == (701, 0)
    await bench.whole()


async def test_a_cancelled_start_leaves_no_task_open_and_its_name_free(
    bench: Bench, jobs: Jobs
) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        for turns in range(12):
            start = jobs.start(1000, external_id="mine")
            task = asyncio.create_task(ledger.reserve(start, wait=10))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        await ledger.flush()
        await ledger.flush()
        assert await ledger.open_holds() == OpenHolds()
    rows = await bench.rows("SELECT DISTINCT state, external_id FROM plugway_task")
    assert rows in ([], [("failed", None)])
    assert await bench.account() == (1000, 0)
    await bench.whole()


async def test_long_and_odd_texts_are_kept(bench: Bench, jobs: Jobs, desk: Desk) -> None:
    await bench.accounts(1000)
    odd = "it's \"odd\" \\' -- ; %s 🙂 模型 \\"
    async with bench.ledger() as ledger:
        starts = [jobs.start(1, request=odd + "r" * 900_000, external_id=f"{n}{odd}") for n in "ab"]
        await asyncio.gather(*map(ledger.submit, starts))
        calls = [start.call_id for start in starts]
        message = jobs.callback(odd + "c" * 900_000)
        told = [
            jobs.advance(c, "processing", answer=odd + "a" * 1_000_000, reason="nul\0" + "x" * 999)
            for c in calls
        ]
        await asyncio.gather(*map(ledger.submit, told))
        ends = [jobs.finish(c, "failed", callback=message) for c in calls]
        await asyncio.gather(*map(ledger.submit, ends))
    for call in calls:
        request, answer, reason = await desk.task(call, "request", "answer", "reason")
        assert (request, answer) == (odd + "r" * 900_000, odd + "a" * 1_000_000)
        assert reason == ("nul\ufffd" + "x" * 999)[:512]
    assert await desk.messages() == [message.body] * 2
    await bench.whole()


async def test_receipts_and_delivered_messages_go_with_the_usage(
    bench: Bench, jobs: Jobs, desk: Desk
) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        for number in range(3):
            start = jobs.start(1)
            await ledger.reserve(start, wait=10)
            await ledger.submit(jobs.finish(start.call_id, callback=jobs.callback(str(number))))
            await bench.execute(
                "INSERT INTO plugway_receipt(call_id, verified, body, created_at)"  # noqa: S608  # a number
                f" VALUES ('{start.call_id}', TRUE, '{{}}', {number})"
            )
        await bench.execute(
            "UPDATE plugway_callback SET state = 'delivered', next_try_at = NULL WHERE body <> '1'"
        )
        assert await ledger.prune(2) == 2
        assert await ledger.prune(10**18) == 3 + 1 + 2
        assert await ledger.prune(10**18) == 0
    assert await desk.messages() == ["1"]
    assert await bench.rows("SELECT count(*) FROM plugway_task") == [(3,)]
    await bench.whole()
