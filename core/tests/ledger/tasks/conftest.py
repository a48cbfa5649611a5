"""Operations on tasks that their tests share."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from plugway.clock import SystemClock
from plugway.ids import new_id
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import Advance, Finish, NewCallback, NewTask, Reserve
from plugway.ledger.snapshot import snapshot
from plugway.ledger.verify import verify
from plugway.storage.database import Database
from plugway.storage.models import Account
from plugway.storage.url import DatabaseURL
from plugway.testing.databases import Databases

if TYPE_CHECKING:
    from core.tests.ledger.conftest import Bench, Make, MemoryStore

#: Credits of the one account of a world.
BALANCE = 200
#: Tasks and holds by call id, the account's balance and what is held, messages to clients.
Image = tuple[list[Any], list[Any], tuple[int, int], list[str]]

#: A moment, as in the other tests of the ledger.
NOW = 1_800_000_000_000_000
SECOND = 1_000_000
HOUR = 3600 * SECOND


class Jobs:
    """Makes operations on tasks; what a test does not care about has a default."""

    def __init__(self, make: Make) -> None:
        self._make = make

    def start(self, amount: int = 100, account: int = 1, call: str = "", **other: Any) -> Reserve:
        """Make a reserve with a task; what is given goes to the one that has such a field."""
        given: dict[str, Any] = {
            "provider": "kling",
            "kind": "text2video",
            "model": "kling-v1",
            "user_id": 1,
            "request_id": "req-1",
            "ip": "127.0.0.1",
            "external_id": None,
            "callback_url": None,
            "request": '{"prompt":"a cat"}',
            "facts": "{}",
            "price": amount,
            "next_poll_at": NOW + 60 * SECOND,
            "deadline": NOW + 24 * HOUR,
        }
        task = NewTask(**given | {name: other.pop(name) for name in given.keys() & other.keys()})
        return self._make.reserve(amount, account, call or new_id(), task=task, **other)

    def advance(self, call: str, state: Any = None, after: int = 1, **other: Any) -> Advance:
        """Make a change of a task that goes on, some seconds after its start."""
        return Advance(call_id=call, state=state, at=NOW + after * SECOND, **other)

    def finish(self, call: str, state: Any = "succeed", after: int = 9, **other: Any) -> Finish:
        """Make the end of a task, some seconds after its start, with its usage row."""
        usage = self._make.usage(call, provider="kling", model="kling-v1", videos=1)
        given: dict[str, Any] = {"usage": usage}
        return Finish(call_id=call, state=state, at=NOW + after * SECOND, **given | other)

    def callback(self, body: str = "{}") -> NewCallback:
        """Make a message to a client."""
        return NewCallback(user_id=1, url="https://client.test/hook", body=body)


class Desk:
    """Looks at the tasks of a bench."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    async def task(self, call: str, *columns: str) -> Any:
        """Read some of a task's columns: a tuple, or one value of one column."""
        query = f"SELECT {', '.join(columns)} FROM plugway_task WHERE call_id = '{call}'"  # noqa: S608  # a test's own names
        ((*values,),) = await self._bench.rows(query)
        return tuple(values) if len(columns) > 1 else values[0]

    async def messages(self) -> list[str]:
        """Read the bodies of the messages owed to clients, in order."""
        rows = await self._bench.rows("SELECT body FROM plugway_callback ORDER BY id")
        return [body for (body,) in rows]


class World:
    """Is a ledger, a loop to run it in, and the other nodes that claim."""

    def __init__(
        self,
        ledger: Ledger,
        runner: asyncio.Runner,
        look: Callable[[Sequence[str]], Image],
        claim: Callable[[str, str | None, int], None],
    ) -> None:
        self.ledger = ledger
        self.runner = runner
        self.look = look
        self.claim = claim


@contextmanager
def on_sqlite(databases: Databases) -> Iterator[World]:
    """Make a world on a real file."""
    with databases.fresh() as text, asyncio.Runner() as runner:
        url = DatabaseURL.parse(text)

        async def account() -> None:
            async with Database(url) as database:
                row = Account(id=1, owner="user:1", balance=BALANCE, held=0, overdraft=0)
                await database.transact(row.save)
                entry = (
                    "INSERT INTO plugway_entry(account_id, kind, delta_balance, delta_held,"  # noqa: S608  # a number
                    " idempotency_key, actor, reason, created_at)"
                    f" VALUES (1, 'credit', {BALANCE}, 0, 'opening', 'a', 'r', 1)"
                )
                await database.run(lambda: database.client.execute_script(entry))

        async def look(columns: Sequence[str]) -> Image:
            assert (await verify(url)).problems == ()
            async with snapshot(url) as fetch:
                tasks = await fetch(
                    f"SELECT {', '.join(columns)} FROM plugway_task ORDER BY call_id"  # noqa: S608  # names
                )
                holds = await fetch(
                    "SELECT call_id, state, settled_amount, shortfall, refunded"
                    " FROM plugway_hold ORDER BY call_id"
                )
                ((balance, held),) = await fetch("SELECT balance, held FROM plugway_account")
                told = await fetch("SELECT body FROM plugway_callback ORDER BY id")
            return tasks, holds, (balance, held), [body for (body,) in told]

        def claim(call: str, lease: str | None, until: int) -> None:
            with closing(sqlite3.connect(url.path)) as connection, connection:
                connection.execute(
                    "UPDATE plugway_task SET lease = coalesce(?, lease), next_poll_at = ?"
                    " WHERE call_id = ? AND next_poll_at IS NOT NULL",
                    (lease, until, call),
                )

        runner.run(account())
        ledger = Ledger(url, SystemClock())
        runner.run(ledger.open())
        try:
            yield World(ledger, runner, lambda columns: runner.run(look(columns)), claim)
        finally:
            runner.run(ledger.close())


@contextmanager
def in_memory(store: MemoryStore) -> Iterator[World]:
    """Make a world without a database."""
    store.account(1, BALANCE)

    def look(columns: Sequence[str]) -> Image:
        account = store.accounts[1]
        return (
            [tuple(store.tasks[call][name] for name in columns) for call in sorted(store.tasks)],
            [
                (call, store.holds[call][6], *store.holds[call][7:10])
                for call in sorted(store.holds)
            ],
            (account.balance, account.held),
            [row[3] for row in store.callbacks],
        )

    def claim(call: str, lease: str | None, until: int) -> None:
        task = store.tasks.get(call)
        if task is not None and task["next_poll_at"] is not None:
            task |= {"lease": lease or task["lease"], "next_poll_at": until}

    with asyncio.Runner() as runner:
        ledger = Ledger(DatabaseURL(dialect="sqlite"), SystemClock(), store=store)
        runner.run(ledger.open())
        try:
            yield World(ledger, runner, look, claim)
        finally:
            runner.run(ledger.close())


#: Makes worlds.
Worlds = Callable[[], AbstractContextManager[World]]


@pytest.fixture
def jobs(make: Make) -> Jobs:
    """Give a maker of operations on tasks."""
    return Jobs(make)


@pytest.fixture
def desk(bench: Bench) -> Desk:
    """Give a look at the tasks of each database."""
    return Desk(bench)


@pytest.fixture
def memory_world(memory: Callable[[], MemoryStore]) -> Worlds:
    """Give a maker of worlds without a database."""
    return lambda: in_memory(memory())


@pytest.fixture
def sqlite_world(databases: Callable[[str], Databases]) -> Worlds:
    """Give a maker of worlds on files."""
    return lambda: on_sqlite(databases("sqlite"))
