from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from tortoise.exceptions import IntegrityError, OperationalError

from plugway.errors import Unavailable
from plugway.storage.database import Database
from plugway.storage.models import Account, Group, Lease, Revision, User
from plugway.storage.url import Dialect
from plugway.testing.databases import Databases, cut

pytestmark = pytest.mark.anyio

DatabasesOf = Callable[[Dialect], Databases]

SERVERS = pytest.mark.parametrize("dialect", ["postgres", "mysql"])


async def revision(database: Database) -> int:
    return int((await database.run(lambda: Revision.get(id=1))).number)


async def names(database: Database) -> list[str]:
    rows = await database.run(lambda: Group.all().order_by("name"))
    return [row.name for row in rows]


async def group(name: str) -> None:
    await Group.create(name=name, created_at=1)


async def account(owner: str, balance: int = 0) -> None:
    await Account.create(owner=owner, balance=balance, held=0, overdraft=0)


async def user(number: int) -> None:
    await User.create(name=f"{number}", role="user", account_id=number, enabled=True, created_at=1)


async def look() -> None:
    await Account.all()


def adding(name: str) -> Callable[[], Awaitable[None]]:
    return lambda: group(name)


def pool_is_full(database: Database) -> bool:
    """Tell whether every connection is back."""
    pool: Any = getattr(database.client, "_pool", None)
    if pool is None:
        return not database.client._lock.locked()  # type: ignore[attr-defined]  # noqa: SLF001  # SQLite's only connection
    if hasattr(pool, "get_idle_size"):
        return bool(pool.get_idle_size() == pool.get_size())
    return bool(pool.freesize == pool.size)


async def test_values_come_back_as_they_were(database: Database) -> None:
    async def write() -> None:
        await Group.create(name="größe", models=["a", {"b": None}], created_at=2**62)
        await account("user:1", -(2**62))

    await database.transact(write)

    row = await database.run(lambda: Group.get(name="größe"))
    assert (row.models, row.rate, row.created_at) == (["a", {"b": None}], None, 2**62)
    assert (await database.run(lambda: Account.get(owner="user:1"))).balance == -(2**62)


async def test_texts_differ_by_case_on_every_database(database: Database) -> None:
    async def write() -> None:
        for name in ("gold", "Gold", "göld"):
            await group(name)

    await database.transact(write)

    assert await database.run(lambda: Group.filter(name="GOLD").count()) == 0
    assert await database.run(lambda: Group.all().count()) == 3


async def test_an_update_counts_the_rows_it_found(database: Database) -> None:
    await database.run(lambda: Lease.create(name="x", owner="a", until=1))

    assert await database.run(lambda: Lease.filter(name="x").update(owner="a")) == 1


async def test_a_transaction_is_all_or_nothing(database: Database) -> None:
    before = await revision(database)

    async def fail() -> None:
        await group("lost")
        raise LookupError

    with pytest.raises(LookupError):
        await database.transact(fail)

    assert await names(database) == []
    assert await revision(database) == before


async def test_a_part_can_fail_alone(database: Database) -> None:
    async def part() -> None:
        await group("twice")
        await group("twice")

    async def whole() -> None:
        await group("kept")
        with pytest.raises(IntegrityError):
            await database.transact(part)
        await database.run(adding("also kept"))

    await database.transact(whole)

    assert await names(database) == ["also kept", "kept"]


async def test_each_revising_commit_is_counted_and_told_once(database: Database) -> None:
    told: list[int] = []

    async def listen() -> None:
        told.append(await revision(database))

    database.on_revise(listen)

    async def nested() -> None:
        await database.transact(adding("inner"))
        assert told == []

    await database.transact(nested, revise=False)
    await database.transact(adding("quiet"), revise=False)
    await database.transact(adding("loud"))

    assert told == [1, 2]


async def test_a_listener_that_fails_does_not_undo_the_commit(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail() -> None:
        raise LookupError

    database.on_revise(fail)
    await database.transact(adding("kept"))

    assert await names(database) == ["kept"]
    assert "after a commit: LookupError" in caplog.text


async def test_a_listener_may_query_when_there_is_one_connection(database_url: str) -> None:
    async with Database(database_url, pool=1) as database:
        seen: list[list[str]] = []

        async def listen() -> None:
            seen.append(await names(database))

        async def within_run() -> None:
            await database.transact(adding("a"))

        database.on_revise(listen)
        async with asyncio.timeout(10):
            await database.run(within_run)
        assert seen == [["a"]]


async def test_a_cancelled_caller_leaves_the_work_to_its_end(database: Database) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        await group("first")
        begun.set()
        await go_on.wait()
        await group("second")

    caller = asyncio.create_task(database.transact(slow))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await database.close()
    await database.open()

    assert await names(database) == ["first", "second"]


async def test_work_whose_caller_left_fails_into_the_log(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        begun.set()
        await go_on.wait()
        raise LookupError

    caller = asyncio.create_task(database.run(slow))
    await begun.wait()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    go_on.set()
    await database.close()

    assert "work whose caller had left failed: LookupError" in caplog.text


async def test_a_storm_of_cancellations_breaks_nothing(database: Database) -> None:
    chance = random.Random(7)  # noqa: S311  # no secret
    await database.run(partial(account, "a"))
    done = 0

    async def add() -> None:
        nonlocal done
        row = await Account.select_for_update().get(owner="a")
        row.balance += 1
        await row.save()
        done += 1

    for _ in range(30):
        callers = [asyncio.create_task(database.transact(add, revise=False)) for _ in range(4)]
        callers += [asyncio.create_task(database.run(look)) for _ in range(4)]
        for _ in range(chance.randrange(300)):
            await asyncio.sleep(0)
        for caller in callers:
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)

    async with asyncio.timeout(20):
        # Newer work waits behind what is still running.
        await database.transact(look, revise=False)
        await asyncio.gather(*database._tasks)  # noqa: SLF001  # nobody else knows of them
    row = await database.run(lambda: Account.get(owner="a"))
    assert row.balance == done > 0
    assert pool_is_full(database)


async def test_many_callers_all_get_their_turn(database: Database) -> None:
    async with asyncio.timeout(30):
        await asyncio.gather(*(database.transact(adding(f"{n}")) for n in range(40)))

    assert await revision(database) == 40


# SQLite has one writer at a time, so none waits for another.
@SERVERS
async def test_deadlocked_transactions_are_tried_again(
    databases: DatabasesOf, dialect: Dialect
) -> None:
    with databases(dialect).fresh() as url:
        async with Database(url) as database:
            for owner in ("a", "b"):
                await database.run(partial(account, owner))
            both = asyncio.Barrier(2)
            tries = 0

            def crossing(first: str, second: str) -> Callable[[], Any]:
                async def work() -> None:
                    nonlocal tries
                    tries += 1
                    await Account.filter(owner=first).update(balance=tries)
                    if tries <= 2:
                        await both.wait()
                    await Account.filter(owner=second).update(balance=tries)

                return work

            async with asyncio.timeout(20):
                await asyncio.gather(
                    database.transact(crossing("a", "b")), database.transact(crossing("b", "a"))
                )
            assert tries == 3


async def test_two_dialects_in_one_process_keep_apart(databases: DatabasesOf) -> None:
    with databases("sqlite").fresh() as lite, databases("postgres").fresh() as post:
        async with Database(lite) as first, Database(post) as second:

            async def churn(database: Database, tag: str) -> None:
                for number in range(10):
                    name = f"{tag}{number}"
                    await database.transact(adding(name))
                    await database.run(partial(user, number))
                    # Case-insensitive search and booleans are each database's own affair.
                    found = await database.run(partial(Group.get, name__iexact=name.upper()))
                    assert found.name == name
                    assert (await database.run(partial(User.get, name=f"{number}"))).enabled is True

            await asyncio.gather(churn(first, "lite"), churn(second, "post"))

            async def across() -> list[str]:
                await group("only in the first")
                return await names(second)

            assert await first.transact(across) == [f"post{n}" for n in range(10)]
            assert "only in the first" in await names(first)
        async with Database(post) as second, Database(lite) as first:
            assert len(await names(first)) == 11
            assert len(await names(second)) == 10


async def test_two_databases_of_one_dialect_keep_apart(
    databases: DatabasesOf, dialect: Dialect
) -> None:
    with databases(dialect).fresh() as one, databases(dialect).fresh() as two:
        async with Database(one) as first, Database(two) as second:
            await first.transact(adding("a"))
            await second.transact(adding("b"))

            assert (await names(first), await names(second)) == (["a"], ["b"])


@SERVERS
async def test_a_server_that_drops_idle_connections_costs_no_pool(
    databases: DatabasesOf, dialect: Dialect
) -> None:
    with databases(dialect).fresh() as url:
        async with Database(url, pool=2) as database:
            for round_ in range(5):
                await asyncio.gather(database.ping(), database.ping())
                assert cut(url) >= 1
                # Both dead connections may be met before their ends are heard of.
                for _ in range(2):
                    with suppress(Unavailable):
                        await database.transact(look, revise=False)
                await database.transact(adding(f"{round_}"))
            async with asyncio.timeout(10):
                assert await names(database) == [str(n) for n in range(5)]
                await asyncio.gather(database.ping(), database.ping())
            assert pool_is_full(database)


@SERVERS
async def test_a_connection_that_dies_in_a_transaction_is_an_outage(
    databases: DatabasesOf, dialect: Dialect
) -> None:
    with databases(dialect).fresh() as url:
        async with Database(url) as database:

            async def die() -> None:
                await group("lost")
                cut(url)
                await group("never")

            with pytest.raises(Unavailable) as away:
                await database.transact(die)

            assert away.value.message == "The database is not available; try again."
            assert away.value.__cause__ is away.value.__context__ is None
            assert await names(database) == []
            assert pool_is_full(database)


async def test_a_wrong_query_is_not_an_outage(database: Database) -> None:
    async def fail() -> None:
        raise LookupError

    with pytest.raises(OperationalError):
        await database.run(lambda: database.client.execute_query("SELECT nothing FROM nowhere"))
    with pytest.raises(LookupError):
        await database.run(fail)


async def test_a_closed_database_says_so(database: Database) -> None:
    await database.close()
    await database.close()

    with pytest.raises(Unavailable, match="closed"):
        await database.ping()


async def test_a_task_that_outlives_a_transaction_is_not_in_it(database: Database) -> None:
    over = asyncio.Event()

    async def afterwards() -> list[str]:
        await over.wait()
        await database.transact(adding("after"))
        return await names(database)

    async def whole() -> asyncio.Task[list[str]]:
        await group("within")
        return asyncio.create_task(afterwards())

    later = await database.transact(whole)
    over.set()
    async with asyncio.timeout(10):
        assert await later == ["after", "within"]


async def test_closing_waits_for_no_work_for_ever(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plugway.storage.database._PATIENCE", 0.01)

    async def never() -> None:
        await group("lost")
        await asyncio.Event().wait()

    caller = asyncio.create_task(database.transact(never))
    async with asyncio.timeout(10):
        while not database._tasks:  # noqa: SLF001  # until it has begun
            await asyncio.sleep(0)
        await database.close()
        with pytest.raises(Unavailable, match="closed"):
            await caller
        await database.open()
    assert await names(database) == []
