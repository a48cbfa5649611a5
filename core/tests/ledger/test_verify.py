"""Every way in which a ledger can be wrong is found and named."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest

from plugway.errors import ConfigurationError
from plugway.ledger.operations import Adjust, Expire
from plugway.ledger.verify import Report, verify
from plugway.storage.url import DatabaseURL

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench

pytestmark = pytest.mark.anyio

#: What is done to a whole ledger behind its back, and what must be said of it.
CORRUPTIONS = {
    "a balance is edited": (
        "UPDATE plugway_account SET balance = balance + 1 WHERE id = 1",
        ["account 1: the balance is 1001, its entries sum to 1000"],
    ),
    "held is edited": (
        "UPDATE plugway_account SET held = held + 1 WHERE id = 1",
        [
            "account 1: 201 credits are held, its entries sum to 200",
            "account 1: 201 credits are held, its open holds sum to 200",
        ],
    ),
    "held of a quota is edited": (
        "UPDATE plugway_account SET held = held + 1 WHERE id = 2",
        [
            "account 2: 101 credits are held, its entries sum to 100",
            "account 2: 101 credits are held, its open holds sum to 100",
        ],
    ),
    "more is held than there is": (
        "UPDATE plugway_account SET balance = 199 WHERE id = 1;"
        "UPDATE plugway_entry SET delta_balance = -151 WHERE kind = 'settle' AND account_id = 1",
        ["account 1: 200 credits are held of a balance of 199 and an overdraft of 0"],
    ),
    "an overdraft is exceeded": (
        "UPDATE plugway_account SET overdraft = -900 WHERE id = 1",
        ["account 1: 200 credits are held of a balance of 1000 and an overdraft of -900"],
    ),
    "a credit is lost": (
        "DELETE FROM plugway_entry WHERE kind = 'credit' AND account_id = 1",
        ["account 1: the balance is 1000, its entries sum to -35"],
    ),
    "a reserve entry is lost": (
        "DELETE FROM plugway_entry WHERE idempotency_key = 'reserve:open1'",
        ["call open1: its hold on account 1 is open and has 0 reserve entries, not 1"],
    ),
    "a reserve entry of a quota is lost": (
        "DELETE FROM plugway_entry WHERE idempotency_key = 'reserve.key:open1'",
        ["call open1: its hold on account 2 is open and has 0 reserve entries, not 1"],
    ),
    "a settle entry is lost": (
        "DELETE FROM plugway_entry WHERE idempotency_key = 'settle:settled'",
        ["call settled: its hold on account 1 is settled and has 0 settle entries, not 1"],
    ),
    "a settle entry says something else": (
        "UPDATE plugway_entry SET delta_balance = -51 WHERE idempotency_key = 'settle:settled'",
        ["call settled: its hold on account 1 is settled and has 51 credits charged, not 50"],
    ),
    "a settle entry of a quota says something else": (
        "UPDATE plugway_entry SET delta_held = -99 WHERE idempotency_key = 'settle.key:settled'",
        ["call settled: its hold on account 2 is settled and has 99 credits returned, not 100"],
    ),
    "a call is settled twice": (
        "INSERT INTO plugway_entry(account_id, call_id, kind, delta_balance, delta_held,"
        " idempotency_key, actor, reason, created_at)"
        " VALUES (1, 'settled', 'settle', -50, -100, 'again', '', '', 1)",
        ["call settled: its hold on account 1 is settled and has 2 settle entries, not 1"],
    ),
    "a release entry is lost": (
        "DELETE FROM plugway_entry WHERE idempotency_key = 'release:released'",
        ["call released: its hold on account 1 is released and has 0 release entries, not 1"],
    ),
    "a hold is settled and released": (
        "INSERT INTO plugway_entry(account_id, call_id, kind, delta_balance, delta_held,"
        " idempotency_key, actor, reason, created_at)"
        " VALUES (1, 'settled', 'release', 0, -100, 'also', '', '', 1)",
        ["call settled: its hold on account 1 is settled and has 1 release entries, not 0"],
    ),
    "a hold is opened again": (
        "UPDATE plugway_hold SET state = 'open' WHERE call_id = 'settled'",
        [
            "account 1: 200 credits are held, its open holds sum to 300",
            "call settled: a hold cannot be open of 100 with 50 settled",
        ],
    ),
    "a hold is in no state": (
        "UPDATE plugway_hold SET state = 'lost' WHERE call_id = 'open2'",
        ["call open2: a hold cannot be lost of 100"],
    ),
    "a hold is lost": (
        "DELETE FROM plugway_hold WHERE call_id = 'open2'",
        [
            "account 1: 200 credits are held, its open holds sum to 100",
            "call open2 holds nothing of account 1",
        ],
    ),
    "a hold has another amount": (
        "UPDATE plugway_hold SET amount = 101 WHERE call_id = 'open2'",
        ["call open2: its hold on account 1 is open and has 100 credits reserved, not 101"],
    ),
    "more is refunded than was charged": (
        "UPDATE plugway_hold SET refunded = 51 WHERE call_id = 'settled'",
        [
            "call settled: a hold cannot be settled of 100 with 50 settled, 0 short, 51 refunded",
            "call settled: its hold on account 1 is settled and has 15 credits refunded, not 51",
        ],
    ),
    "a refund is lost": (
        "DELETE FROM plugway_entry WHERE kind = 'refund' AND account_id = 2",
        ["call settled: its hold on account 2 is settled and has 0 credits refunded, not 15"],
    ),
    "a settled hold was never resolved": (
        "UPDATE plugway_hold SET resolved_at = NULL WHERE call_id = 'settled'",
        ["call settled: a hold cannot be settled of 100 with 50 settled, 0 short, 15 refunded"],
    ),
    "an entry belongs to no account": (
        "UPDATE plugway_entry SET account_id = 77 WHERE idempotency_key = 'adjust:a'",
        ["there is no account 77"],
    ),
    "a call's entry is on a foreign account": (
        "UPDATE plugway_entry SET account_id = 3 WHERE idempotency_key = 'reserve:open2'",
        ["call open2 holds nothing of account 3"],
    ),
    "an adjustment holds": (
        "UPDATE plugway_entry SET delta_held = 1 WHERE idempotency_key = 'adjust:a'",
        ["a credit cannot change the balance by 10 and what is held by 1"],
    ),
    "a reserve charges": (
        "UPDATE plugway_entry SET delta_balance = -1 WHERE idempotency_key = 'reserve:open2'",
        ["a reserve cannot change the balance by -1 and what is held by 100"],
    ),
    "usage says something else": (
        "UPDATE plugway_usage SET credits = 36 WHERE call_id = 'settled'",
        ["call settled: the usage row says 36 credits, the hold says 35"],
    ),
    "usage of a free call costs": (
        "UPDATE plugway_usage SET credits = 1 WHERE call_id = 'free'",
        ["call free: the usage row says 1 credits, the hold says 0"],
    ),
}


async def fill(bench: Bench) -> None:
    """Make a ledger in which everything has happened."""
    make = bench.make
    await bench.accounts(1035, 1000, 0)
    async with bench.ledger() as ledger:
        both = {"key_account_id": 2}
        await asyncio.gather(
            ledger.submit(make.reserve(100, call="open1", **both)),
            ledger.submit(make.reserve(100, call="open2")),
            ledger.submit(make.reserve(100, call="settled", **both)),
            ledger.submit(make.reserve(100, call="released", **both)),
            ledger.submit(make.reserve(100, call="expired", expires_at=1)),
            ledger.submit(make.settle("settled", 50)),
            ledger.submit(make.release("released")),
            ledger.submit(make.refund("settled", 15)),
            ledger.submit(make.credit(10, 3, "a")),
            ledger.submit(make.record("free")),
            ledger.submit(Expire(call_id="expired", at=1)),
        )


@pytest.mark.parametrize("corruption", CORRUPTIONS)
async def test_a_corruption_is_found_and_named(sqlite_bench: Bench, corruption: str) -> None:
    bench = sqlite_bench
    await fill(bench)
    assert (await verify(bench.url)).problems == ()
    statement, expected = CORRUPTIONS[corruption]
    await bench.execute(statement)
    report = await verify(bench.url)
    assert not report.ok
    for problem in expected:
        assert any(problem in each for each in report.problems), report.problems


async def test_the_queries_are_understood_by_each_database(bench: Bench) -> None:
    await fill(bench)
    whole = await verify(bench.url)
    assert whole == Report(ok=True, problems=(), accounts=3, holds=5, entries=18, usages=3, tasks=0)
    for statement, _ in CORRUPTIONS.values():
        for part in statement.split(";"):
            await bench.execute(part)
    broken = await verify(bench.url)
    assert len(broken.problems) > 15


async def test_duplicates_are_found_where_no_index_refuses_them(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    await fill(bench)
    with sqlite3.connect(bench.url.path) as connection:
        for table in ("entry", "usage"):
            name = f"plugway_{table}"
            connection.executescript(
                f"CREATE TABLE copy AS SELECT * FROM {name}; DROP TABLE {name};"  # noqa: S608  # tables' names
                f"ALTER TABLE copy RENAME TO {name}; INSERT INTO {name} SELECT * FROM {name}"
            )
    connection.close()
    problems = (await verify(bench.url)).problems
    assert "idempotency key settle:settled: 2 entries have it" in problems
    assert "call settled: it has 2 usage rows" in problems


async def test_a_flood_of_one_kind_is_cut_short(sqlite_bench: Bench) -> None:
    bench = sqlite_bench
    await bench.accounts(*([0] * 150))
    await bench.execute("UPDATE plugway_account SET balance = 1")
    problems = (await verify(bench.url)).problems
    assert len(problems) == 101
    assert problems[-1] == "and there is more of this kind"


async def test_it_sees_one_moment_while_the_gateway_runs(bench: Bench) -> None:
    await bench.accounts(10**9, 10**9)
    make = bench.make
    done = asyncio.Event()
    async with bench.ledger() as ledger:

        async def call() -> None:
            while not done.is_set():
                reserve = make.reserve(10, key_account_id=2)
                await ledger.reserve(reserve, wait=20)
                await ledger.submit(make.settle(reserve.call_id, 7))

        load = [asyncio.create_task(call()) for _ in range(8)]
        try:
            async with asyncio.timeout(30):
                while (report := await verify(bench.url)).holds < 100:
                    assert report.problems == ()
        finally:
            done.set()
            await asyncio.gather(*load)
    await bench.whole()


async def test_a_database_that_is_away_is_a_configuration_error() -> None:
    for text in ("sqlite:///nowhere/at/all.db", "postgres://u:canary@127.0.0.1:1/d"):
        with pytest.raises(ConfigurationError) as refused:
            await verify(DatabaseURL.parse(text))
        assert "canary" not in str(refused.value)


async def test_a_database_without_tables_is_a_configuration_error(empty_database_url: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot read the ledger"):
        await verify(DatabaseURL.parse(empty_database_url))


async def test_amounts_beyond_a_float_add_up(bench: Bench) -> None:
    await bench.accounts(0)
    async with bench.ledger() as ledger:
        operations: list[Adjust] = [bench.make.credit(2**53 - 1) for _ in range(100)]
        await asyncio.gather(*map(ledger.submit, operations))
    assert (await bench.account())[0] == 100 * (2**53 - 1)
    await bench.whole()
