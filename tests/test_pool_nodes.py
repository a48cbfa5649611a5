"""Nodes share accounts: each serves one call at a time, rests, and survives a node's death.

Rounds and seed come from the environment, so that a failure can be repeated, and a long run
made: `PLUGWAY_POOL_CALLS`, `PLUGWAY_POOL_SEED`.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import nodes
import pool_business
import pytest
from nodes import Node
from pool_business import Pool
from pool_pair import Pair, pair

from plugway.storage.models import Hold
from plugway.testing.databases import DIALECTS, available, fresh_database
from plugway_gemini_business.emulator import GeminiBusinessEmulator

pytestmark = pytest.mark.anyio

CALLS = int(os.environ.get("PLUGWAY_POOL_CALLS", "4"))
SEED = int(os.environ.get("PLUGWAY_POOL_SEED", "20"))
CLIENTS = 6

#: Seconds; more than until a node looks again at what another one has.
COOLDOWN = 1.2

#: Seconds of a claim: the channel's `total_timeout`, and the pool's margin.
TOTAL_TIMEOUT = 5
LEASE = TOTAL_TIMEOUT + 30

#: Seconds after which claims and holds of a dead node are over, by the settings' defaults.
LATER = LEASE + 7_200


@pytest.fixture(params=DIALECTS)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give an empty database of each kind."""
    if reason := available(request.param):
        pytest.skip(reason)
    with fresh_database(request.param, migrated=False) as url:
        yield url


@pytest.fixture
async def emulator() -> AsyncIterator[GeminiBusinessEmulator]:
    """Run an upstream with few accounts, which takes a while for its answers."""
    running = GeminiBusinessEmulator(accounts=["first", "second", "third"], pause=0.01)
    await running.start()
    yield running
    await running.stop()


def seeded() -> random.Random:
    """Return what decides in a test that can be repeated."""
    print(f"seed {SEED}, {CALLS} calls a client")  # noqa: T201  # shown when the test fails
    return random.Random(SEED)  # noqa: S311  # see above


async def test_no_account_is_used_twice_at_once_nor_before_it_has_rested(
    tmp_path: Path, database_url: str, emulator: GeminiBusinessEmulator
) -> None:
    chance = seeded()
    async with pair(tmp_path, database_url, emulator) as (both, session):
        await both.furnish(use_cooldown=COOLDOWN, wait=2)
        await asyncio.gather(
            *(
                both.client(session, node, chance, calls=CALLS, leaves=0.2)
                for node in both.nodes
                for _ in range(CLIENTS)
            )
        )
        assert not both.wrong
        assert not both.marks("lost")
        assert pool_business.broken_rests(emulator, COOLDOWN) == []
        assert {*pool_business.asks(emulator)} == {"first", "second", "third"}
        assert len(both.marks(200)) > CLIENTS
        for node in both.nodes:
            await nodes.until(partial(_none_claimed, both, node))
            assert await node.stop() == 0
        process = both.nodes[0].process
        verified = await asyncio.to_thread(process.plugway, "ledger", "verify", check=False)
        assert verified.returncode == 0, verified.stdout + verified.stderr
        (alice,) = [one for one in process.json("users", "list") if one["name"] == "alice"]
        assert alice["held"] == 0
        rows = process.json("usage", "--limit", "100000")
        paid = {row["request_id"] for row in rows if row["credits"]}
        assert both.marks(200) <= paid <= both.marks(200, "left")


async def test_a_node_that_is_killed_gives_its_accounts_back_when_their_lease_ends(
    tmp_path: Path, database_url: str, emulator: GeminiBusinessEmulator
) -> None:
    chance = seeded()
    settings = {"use_cooldown": COOLDOWN, "wait": 2, "total_timeout": TOTAL_TIMEOUT}
    # Two accounts are in the hands of the node that will be killed, and give nothing.
    emulator.mishap("silent", account="first", after=0)
    emulator.mishap("silent", account="second", after=0)
    async with pair(tmp_path, database_url, emulator) as (both, session):
        dying, surviving = both.nodes
        await both.furnish(**settings)
        silent = [
            asyncio.create_task(both.client(session, dying, chance, calls=1)) for _ in range(2)
        ]
        await nodes.until(lambda: _busy(emulator, "first", "second"))
        marks = {one.words.removeprefix("Mark ") for one in emulator.truth.asked}
        load = [
            asyncio.create_task(both.client(session, node, chance, calls=CALLS))
            for node in both.nodes
            for _ in range(CLIENTS)
        ]
        await asyncio.sleep(chance.uniform(0.1, 0.6))
        await asyncio.to_thread(dying.process.kill)
        await asyncio.gather(*silent, *load)
        assert not both.wrong
        assert pool_business.broken_rests(emulator, COOLDOWN) == []
        # Nobody has touched what the dead node has claimed.
        assert [emulator.truth.counts(name)["ask"] for name in ("first", "second")] == [1, 1]
        used = {row["label"] for row in await both.credentials(surviving) if _in_use(row)}
        assert {"first@business.example", "second@business.example"} <= used
        assert await surviving.stop() == 0
        vault_key = (tmp_path / "one" / "vault.key").read_text().strip()
        # The time goes on for everybody: the leases end, and so do the holds.
        clock = pool_business.present()
        clock.advance(LATER)
        emulator.moment.advance(LATER)
        async with pool_business.gateway(
            tmp_path / "later",
            emulator,
            clock,
            key=both.key,
            environ={"SQL_DSN": database_url, "PLUGWAY_VAULT_KEY": vault_key},
        ) as later:
            emulator.truth.clear()
            for _ in range(3):
                answer = await later.ask()
                assert answer.status == 200, answer.body
                clock.advance(COOLDOWN)
            assert sorted(pool_business.asks(emulator)) == ["first", "second", "third"]
            usage = await later.server.usage()
            report = await later.server.verify()
            assert report.ok, report.problems
            assert await _held(later) == 0
        paid = {row.request_id for row in usage if row.credits}
        assert both.marks(200) <= paid, "a whole answer was not charged"
        assert not marks & paid, "a call that gave nothing was charged"
        assert not both.marks(429, 503) & paid, "a call that was refused was charged"


def _in_use(row: dict[str, Any]) -> bool:
    return bool(row["state"] == "in_use")


async def _none_claimed(both: Pair, node: Node) -> bool:
    return not any(map(_in_use, await both.credentials(node)))


async def _busy(emulator: GeminiBusinessEmulator, *accounts: str) -> bool:
    return all(emulator.truth.busy(account) for account in accounts)


async def _held(pool: Pool) -> int:
    """Return what is held of everybody's credits."""
    found = await pool.server.gateway.database.run(lambda: Hold.filter(state="open").count())
    return int(found)
