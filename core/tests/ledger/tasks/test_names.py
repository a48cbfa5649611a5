"""Names that callers and upstreams give tasks, each to one task, on each database."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from plugway.errors import BadRequest, Conflict
from plugway.ledger.operations import Operation, Outcome

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench
    from core.tests.ledger.tasks.conftest import Desk, Jobs

pytestmark = pytest.mark.anyio


def refused(answer: object, field: str) -> bool:
    return isinstance(answer, Conflict) and answer.field == field


async def test_an_external_id_is_one_tasks_of_a_user_and_provider(bench: Bench, jobs: Jobs) -> None:
    await bench.accounts(1000, 1000)
    async with bench.ledger() as ledger:
        await ledger.reserve(jobs.start(1, external_id="mine"), wait=10)
        with pytest.raises(Conflict, match="external id") as taken:
            await ledger.reserve(jobs.start(1, external_id="mine"), wait=10)
        assert taken.value.field == "external_id"
        others: list[dict[str, Any]] = [
            {"provider": "other"},
            {"user_id": 2, "account": 2},
            {"external_id": "Mine"},
            {"external_id": "mïne"},
        ]
        for other in others:
            await ledger.reserve(jobs.start(1, **{"external_id": "mine"} | other), wait=10)
    assert await bench.rows("SELECT count(*) FROM plugway_task") == [(5,)]
    await bench.whole()


async def test_a_name_that_clashes_in_a_batch_refuses_that_operation_alone(
    bench: Bench, jobs: Jobs
) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        one, two, three = (jobs.start(1, external_id=name) for name in ("x", "x", "y"))
        answers = await asyncio.gather(
            *map(ledger.submit, (one, bench.make.reserve(5), two, three)), return_exceptions=True
        )
        assert refused(answers.pop(2), "external_id")
        assert all(isinstance(each, Outcome) for each in answers)
        advances: list[Operation] = [
            jobs.advance(one.call_id, "submitted", upstream_id="u1"),
            jobs.advance(three.call_id, "submitted", upstream_id="u1"),
            jobs.advance(three.call_id, "processing"),
            jobs.finish(three.call_id, upstream_id="u1"),
            jobs.advance(one.call_id, upstream_id="u2"),
        ]
        answers = await asyncio.gather(*map(ledger.submit, advances), return_exceptions=True)
        assert [refused(each, "upstream_id") for each in answers] == [
            False,
            True,
            False,
            True,
            True,
        ]
        # Once more, now that the names are in the database.
        for again in (advances[1], advances[3]):
            with pytest.raises(Conflict, match="upstream id"):
                await ledger.submit(again)
        assert (await ledger.submit(jobs.finish(three.call_id))).task == "succeed"
        assert (await ledger.submit(jobs.finish(one.call_id, upstream_id="u1"))).task == "succeed"
    await bench.whole()


async def test_a_refused_task_leaves_its_name_to_the_next(
    bench: Bench, jobs: Jobs, desk: Desk
) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        first, second, third = (jobs.start(1, external_id="mine") for _ in range(3))
        await ledger.reserve(first, wait=10)
        # In one batch: refused, taken again, refused, and taken.
        answers = await asyncio.gather(
            ledger.submit(jobs.finish(first.call_id, "failed", refused=True)),
            ledger.submit(second),
            ledger.submit(jobs.finish(second.call_id, "failed", refused=True)),
            ledger.submit(third),
        )
        assert not any(each.repeated for each in answers)
        # A failure that the upstream has told keeps it.
        await ledger.submit(jobs.finish(third.call_id, "failed"))
        with pytest.raises(Conflict):
            await ledger.submit(jobs.start(1, external_id="mine"))
        repeat = await ledger.reserve(first, wait=10)
        assert (repeat.state, repeat.task, repeat.repeated) == ("released", "failed", True)
    names = [await desk.task(each.call_id, "external_id") for each in (first, second, third)]
    assert names == [None, None, "mine"]
    await bench.whole()


async def test_ledgers_that_give_the_same_names_at_once_agree(bench: Bench, jobs: Jobs) -> None:
    await bench.accounts(*[1000] * 8)
    async with bench.ledger() as one, bench.ledger() as other:
        # Of different accounts, so that no lock of an account keeps them apart.
        pairs = [
            ledger.submit(jobs.start(1, account, external_id=f"x{account // 2}"))
            for account in range(1, 9)
            for ledger in (one, other)
        ]
        answers = await asyncio.gather(*pairs, return_exceptions=True)
        assert sum(isinstance(each, Outcome) for each in answers) == 5
        assert sum(refused(each, "external_id") for each in answers) == 11
        starts = [jobs.start(1, account) for account in range(1, 9)]
        await asyncio.gather(*map(one.submit, starts))
        named = [
            (one, other)[n % 2].submit(
                jobs.advance(start.call_id, "submitted", upstream_id=f"u{n // 4}")
            )
            for n, start in enumerate(starts)
        ]
        answers = await asyncio.gather(*named, return_exceptions=True)
        assert sum(isinstance(each, Outcome) for each in answers) == 2
        # A race may be found out by the database instead, and then be tried until it is read.
        assert sum(isinstance(each, Conflict) for each in answers) == 6
    await bench.whole()


@pytest.mark.parametrize("name", ["", "x" * 191, "mine ", "a\0b", "\ud800"])
async def test_names_that_some_database_would_not_find_are_refused(
    sqlite_bench: Bench, jobs: Jobs, name: str
) -> None:
    async with sqlite_bench.ledger() as ledger:
        with pytest.raises(BadRequest) as external:
            await ledger.submit(jobs.start(1, external_id=name))
        with pytest.raises(BadRequest) as upstream:
            await ledger.submit(jobs.advance("a", upstream_id=name))
        with pytest.raises(BadRequest):
            await ledger.submit(jobs.finish("a", upstream_id=name))
    assert (external.value.field, upstream.value.field) == ("external_id", "upstream_id")
