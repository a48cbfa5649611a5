"""Databases that are locked, cut off or killed in the middle of it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from msgspec.structs import replace

from plugway.clock import SystemClock
from plugway.errors import ConfigurationError, LedgerUnavailable
from plugway.ledger import mysql, postgres, sqlite
from plugway.ledger.ledger import Ledger
from plugway.ledger.mysql import MySQLStore
from plugway.ledger.operations import Operation, Outcome
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.postgres import PostgresStore
from plugway.ledger.sqlite import SQLiteStore
from plugway.ledger.store import Lost, OpenHolds, Store
from plugway.storage import configure
from plugway.storage.url import DatabaseURL

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench, Make

pytestmark = pytest.mark.anyio

MODULES = {"sqlite": sqlite, "postgres": postgres, "mysql": mysql}
STORES: dict[str, Callable[[DatabaseURL], Store]] = {
    "sqlite": SQLiteStore,
    "postgres": PostgresStore,
    "mysql": MySQLStore,
}


@pytest.fixture(params=["postgres", "mysql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Repeat what needs a server on each server."""
    return str(request.param)


class Forgetful:
    """Is a store whose connection breaks after each of its first commits."""

    def __init__(self, store: Store, times: int) -> None:
        self._store = store
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def commit(self, operations: Sequence[Operation]) -> list[Answer]:
        answers = await self._store.commit(operations)
        if self._times:
            self._times -= 1
            raise Lost("the connection broke", answers)
        return answers


@asynccontextmanager
async def server(url: DatabaseURL) -> AsyncIterator[Callable[[str], Awaitable[Any]]]:
    """Connect beside the ledger."""
    if url.dialect == "postgres":
        import asyncpg  # type: ignore[import-untyped]  # it ships no types

        connection = await asyncpg.connect(**url.arguments())
        try:
            yield connection.fetch
        finally:
            await connection.close()
        return
    import asyncmy

    own = await asyncmy.connect(**url.arguments() | {"user": url.user})

    async def fetch(statement: str) -> Any:
        async with own.cursor() as cursor:
            await cursor.execute(statement)
            return await cursor.fetchall()

    try:
        yield fetch
    finally:
        own.close()


async def kill(url: DatabaseURL) -> None:
    """Kill every other connection to the database."""
    async with server(url) as fetch:
        if url.dialect == "postgres":
            await fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            return
        rows = await fetch(
            "SELECT id FROM information_schema.processlist"
            " WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        )
        for (number,) in rows:
            await fetch(f"KILL {number}")


class TestDemoted:
    """The server turns into a standby that keeps connections open."""

    @pytest.fixture
    def dialect(self) -> str:
        """Only PostgreSQL says so by refusing to write."""
        return "postgres"

    async def test_another_connection_is_made(self, bench: Bench, make: Make) -> None:
        await bench.accounts(1000)
        store = PostgresStore(bench.url)
        async with bench.ledger(store) as ledger:
            old = store._connection  # noqa: SLF001  # a fail-over cannot be had from one server
            assert old is not None
            await old.execute("SET default_transaction_read_only = on")
            reserve = make.reserve(10)
            async with asyncio.timeout(10):
                assert (await ledger.reserve(reserve, wait=9)).state == "open"
            assert store._connection is not old  # noqa: SLF001  # as above


async def test_a_connection_killed_inside_a_batch(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bench.accounts(1000)
    kills = iter([True, True])

    class Killed(Plan):
        """Loses its connection between reading and writing."""

        __slots__ = ()

        def decide(self, operations: Any) -> list[Answer]:
            if next(kills, False):
                thread = threading.Thread(target=lambda: asyncio.run(kill(bench.url)))
                thread.start()
                thread.join()
            return super().decide(operations)

    async with bench.ledger() as ledger:
        monkeypatch.setattr(MODULES[bench.url.dialect], "Plan", Killed)
        reserves = [bench.make.reserve(100) for _ in range(11)]
        results = await asyncio.gather(*map(ledger.submit, reserves), return_exceptions=True)
        assert sum(isinstance(each, Outcome) for each in results) == 10
        assert next(kills, None) is None
        settles = [bench.make.settle(each.call_id, 90) for each in reserves[:10]]
        assert all(not each.repeated for each in await asyncio.gather(*map(ledger.submit, settles)))
    assert await bench.account() == (100, 0)
    await bench.whole()


async def test_a_connection_killed_while_idle(bench: Bench) -> None:
    await bench.accounts(1000)
    async with bench.ledger() as ledger:
        for amount in (1, 2, 3):
            await kill(bench.url)
            assert (await ledger.reserve(bench.make.reserve(amount), wait=10)).state == "open"
        await kill(bench.url)
        assert await ledger.open_holds() == OpenHolds(count=3, credits=6)
    await bench.whole()


async def test_a_deadlock_with_another_transaction_is_tried_again(bench: Bench) -> None:
    await bench.accounts(1000, 1000)
    lock = "SELECT id FROM plugway_account WHERE id = {} FOR UPDATE"
    async with bench.ledger() as ledger, server(bench.url) as fetch:
        await fetch("BEGIN")
        await fetch(lock.format(2))
        reserve = asyncio.gather(
            ledger.submit(bench.make.reserve(10, account=1)),
            ledger.submit(bench.make.reserve(10, account=2)),
        )
        async with asyncio.timeout(20):
            while not await waiting(bench):
                await asyncio.sleep(0.01)
            try:
                await fetch(lock.format(1))
            except Exception as error:  # noqa: BLE001  # each driver has its own
                # The server chose the other one to give way.
                assert "deadlock" in str(error).lower()  # noqa: PT017  # either may give way
            await fetch("ROLLBACK")
            assert [each.state for each in await reserve] == ["open", "open"]
    await bench.whole()


async def waiting(bench: Bench) -> bool:
    """Tell whether the ledger waits for a lock."""
    if bench.url.dialect == "postgres":
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    else:
        query = "SELECT count(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'"
    ((count,),) = await bench.rows(query)
    return bool(count)


class Wire:
    """Passes bytes on to a server until it is cut."""

    def __init__(self, url: DatabaseURL) -> None:
        self._target = (url.host, url.port)
        self._ends: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, url: DatabaseURL) -> DatabaseURL:
        """Listen, and return the URL that leads through here."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1")
        return replace(url, host="127.0.0.1", port=self._server.sockets[0].getsockname()[1])

    def cut(self) -> None:
        """Break every connection, with what is on its way."""
        for end in self._ends:
            end.transport.abort()

    async def close(self) -> None:
        """Stop."""
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._ends |= {writer, far_writer}
        for source, sink in ((reader, far_writer), (far_reader, writer)):
            task = asyncio.create_task(self._pass(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65_536):
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            self._ends.discard(sink)
            sink.transport.abort()


class Tries:
    """Counts what was tried again."""

    lost = 0

    def ledger_retry(self) -> None:
        self.lost += 1

    def ledger_batch(self, operations: int) -> None:
        """Count nothing."""


@pytest.mark.parametrize("seed", [1, 2])
async def test_a_wire_that_is_cut_at_random_moments(bench: Bench, seed: int) -> None:
    await bench.accounts(100_000, 100_000)
    dice = random.Random(seed)  # noqa: S311  # a test's own
    wire = Wire(bench.url)
    url = await wire.open(bench.url)
    tries = Tries()
    ledger = Ledger(url, SystemClock(), metrics=tries)  # type: ignore[arg-type]  # what is used of it
    await ledger.open()
    charged: list[int] = []

    async def call(number: int) -> None:
        reserve = bench.make.reserve(50, key_account_id=2)
        assert not (await ledger.reserve(reserve, wait=30)).repeated
        if number % 3:
            outcome = await ledger.submit(bench.make.settle(reserve.call_id, number))
            charged.append(outcome.charged)
        else:
            outcome = await ledger.submit(bench.make.release(reserve.call_id))
        # Cut or not, to its caller each was done once.
        assert not outcome.repeated

    async def many() -> None:
        for start in range(0, 160, 4):
            await asyncio.gather(*(call(number) for number in range(start, start + 4)))

    try:
        async with asyncio.timeout(60):
            work = asyncio.create_task(many())
            for _ in range(15):
                await asyncio.wait((work,), timeout=dice.uniform(0.001, 0.06))
                wire.cut()
            await work
    finally:
        await ledger.close()
        await wire.close()
    assert tries.lost
    spent = sum(number for number in range(160) if number % 3)
    assert sum(charged) == spent
    assert await bench.account(1) == (100_000 - spent, 0)
    assert await bench.account(2) == (100_000 - spent, 0)
    await bench.whole()


@pytest.mark.parametrize("dialect", STORES, indirect=True)
async def test_commits_whose_answers_were_lost(bench: Bench) -> None:
    await bench.accounts(1000)
    make = bench.make
    store = Forgetful(STORES[bench.url.dialect](bench.url), times=4)
    async with bench.ledger(store) as ledger:
        reserve = make.reserve(100)
        released = make.reserve(100)
        assert await ledger.reserve(reserve, wait=10) == Outcome(state="open", balance=1000)
        outcomes = await asyncio.gather(
            ledger.submit(make.settle(reserve.call_id, 120)),
            ledger.submit(released),
            ledger.submit(make.release(released.call_id)),
            ledger.submit(make.refund(reserve.call_id, 20)),
            ledger.submit(make.credit(7)),
            ledger.submit(make.record("free")),
        )
        assert not any(outcome.repeated for outcome in outcomes)
        assert [outcome.balance for outcome in outcomes[:5]] == [880, 880, 880, 900, 907]
    assert await bench.account() == (907, 0)
    await bench.whole()


async def test_a_file_locked_for_a_moment(
    sqlite_bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = sqlite_bench
    await bench.accounts(1000)
    monkeypatch.setattr(sqlite, "_PATIENCE", 0.02)
    other = sqlite3.connect(bench.url.path, isolation_level=None)
    async with bench.ledger() as ledger:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerUnavailable):
            await ledger.reserve(bench.make.reserve(1000), wait=0.1)
        held = asyncio.create_task(ledger.reserve(bench.make.reserve(1000), wait=10))
        done, _ = await asyncio.wait((held,), timeout=0.1)
        assert not done
        other.execute("ROLLBACK")
        # What timed out before has been undone, or there would not be enough.
        assert (await held).state == "open"
    other.close()
    await bench.whole()


async def test_a_server_that_refuses_connections(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    await bench.accounts(1000)
    wire = Wire(bench.url)
    url = await wire.open(bench.url)
    ledger = Ledger(url, SystemClock())
    await ledger.open()
    await wire.close()
    with pytest.raises(LedgerUnavailable):
        await ledger.reserve(bench.make.reserve(10), wait=0.3)
    settle = ledger.submit(bench.make.settle("abc", 1))
    await ledger.close(0.1)
    with pytest.raises(LedgerUnavailable):
        await settle
    again = Ledger(replace(url, password="hunter2-canary"), SystemClock())
    with pytest.raises(ConfigurationError) as refused:
        await again.open()
    await again.close()
    assert "hunter2" not in f"{caplog.text}{refused.value}{refused.value.__cause__}"
    await bench.whole()


@pytest.mark.parametrize(
    ("text", "extra"), [("postgres://h/d", "postgres"), ("mysql://h/d", "mysql")]
)
async def test_a_missing_driver_names_its_extra(
    text: str, extra: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(configure, "find_spec", lambda name: None)
    ledger = Ledger(DatabaseURL.parse(text), SystemClock())
    with pytest.raises(ConfigurationError, match=rf"pip install 'plugway\[{extra}\]'"):
        await ledger.open()


def test_the_stores_are_imported_without_their_drivers() -> None:
    code = "import sys, plugway.ledger.ledger; print({'asyncpg', 'asyncmy'} & set(sys.modules))"
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own code
    assert result.stdout == "set()\n"
