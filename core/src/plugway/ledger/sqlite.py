"""The ledger's own SQLite connection, in a thread of its own.

A batch crosses to the thread once. There the interpreter's lock is handed over at every
step of a statement, and a busy event loop is slow to hand it back; so what concerns many
rows is one step: it is read as one row of JSON and written by multi-row statements.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import msgspec

from plugway.errors import ConfigurationError
from plugway.ledger.books import Account, Books, Entry, Hold, Needs
from plugway.ledger.changes import Changes
from plugway.ledger.operations import Operation
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.rows import account_changes, hold_changes, hold_rows
from plugway.ledger.sqlite_statements import (
    ACCOUNTS,
    CALLBACKS,
    CORRECT,
    ENTRIES,
    EXPIRED,
    LOAD_TASKS,
    LOADS,
    NEW_TASKS,
    OPEN,
    OPENED,
    PRUNE,
    RESOLVED,
    TASKS,
    USAGES,
)
from plugway.ledger.store import Clash, Lost, OpenHolds, Pruned, pruned
from plugway.ledger.task_books import Named, Task
from plugway.ledger.task_rows import task_changes, task_rows
from plugway.storage.configure import prepare
from plugway.storage.outages import describe, is_outage
from plugway.storage.url import DatabaseURL

T = TypeVar("T")

#: Seconds that a batch waits for another process's transaction before it is lost.
_PATIENCE = 1.0


class SQLiteStore:
    """Writes batches to an SQLite file."""

    def __init__(self, url: DatabaseURL) -> None:
        """Name the file.

        Args:
            url: Its dialect is `sqlite`.
        """
        self._url = url
        self._connection: sqlite3.Connection | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="plugway-ledger")
        self._accounts = msgspec.json.Decoder(list[Account])
        # SQLite has no truth values, only 0 and 1.
        self._holds = msgspec.json.Decoder(list[Hold], strict=False)
        self._entries = msgspec.json.Decoder(list[Entry])
        self._usages = msgspec.json.Decoder(list[str])
        self._tasks = msgspec.json.Decoder(list[Task])
        self._names = msgspec.json.Decoder(list[Named])
        self._encode = msgspec.json.Encoder().encode

    async def open(self) -> None:
        """Open the file, as `Store` says."""
        prepare(self._url)
        try:
            await self._cross(lambda connection: connection.execute("SELECT 1 FROM plugway_entry"))
        except (Lost, sqlite3.Error) as error:
            await self.close()
            raise ConfigurationError(
                f"the ledger cannot use database {self._url}: {error}"
            ) from None

    async def commit(self, operations: Sequence[Operation]) -> list[Answer]:
        """Write a batch, as `Store` says."""
        return await self._cross(lambda connection: self._commit(connection, operations))

    async def expired(self, now_us: int, limit: int) -> list[str]:
        """List expired holds, as `Store` says."""
        rows = await self._cross(lambda c: c.execute(EXPIRED, (now_us, limit)).fetchall())
        return [call_id for (call_id,) in rows]

    async def open_holds(self) -> OpenHolds:
        """Count the open holds, as `Store` says."""
        count, credits_ = await self._cross(lambda c: c.execute(OPEN).fetchone())
        return OpenHolds(count=count, credits=credits_)

    async def prune(self, what: Pruned, before_us: int, limit: int) -> int:
        """Delete old rows, as `Store` says."""
        statement = PRUNE.format(what, pruned(what, "?"))

        def work(connection: sqlite3.Connection) -> int:
            # Another connection may be writing: only `_begin` waits for it.
            self._begin(connection)
            deleted = connection.execute(statement, (before_us, limit)).rowcount
            connection.execute("COMMIT")
            return deleted

        return await self._cross(work)

    async def close(self) -> None:
        """Close the file, as `Store` says."""
        if self._connection is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._disconnect)
        self._thread.shutdown(wait=False)

    async def _cross(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do the work in the thread, on the connection."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._guard, work)

    def _guard(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._connection or self._connect())
        except Lost:
            raise
        except sqlite3.IntegrityError as error:
            self._undo()
            raise Clash(str(error)) from None
        except sqlite3.Error as error:
            self._undo()
            if not is_outage(error):
                raise
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                self._disconnect()
            raise Lost(describe(error)) from None
        except BaseException:
            self._undo()
            raise

    def _commit(
        self, connection: sqlite3.Connection, operations: Sequence[Operation]
    ) -> list[Answer]:
        needs = Needs(operations)
        encode = self._encode
        self._begin(connection)
        (accounts, holds, entries, usages) = connection.execute(
            LOADS[needs.looks_back, bool(needs.entries), bool(needs.usages)],
            (
                encode(needs.calls).decode(),
                encode(needs.accounts).decode(),
                encode(needs.entries).decode(),
                encode(needs.usages).decode(),
            ),
        ).fetchone()
        tasks: tuple[list[Task], list[Named]] = ([], [])
        if needs.tasks:
            tasks = self._load_tasks(connection, needs)
        books = Books(
            self._accounts.decode(accounts),
            self._holds.decode(holds),
            self._entries.decode(entries),
            self._usages.decode(usages),
            *tasks,
        )
        if needs.looks_back and not books.complete():
            raise sqlite3.DatabaseError("a hold names an account that does not exist")
        plan = Plan(books)
        answers = plan.decide(operations)
        self._write(connection, plan.changes)
        try:
            connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._undo()
            raise Lost(describe(error), answers) from None
        return answers

    def _begin(self, connection: sqlite3.Connection) -> None:
        # SQLite's own waiting looks ever more rarely, so a busy process would starve others.
        give_up = time.monotonic() + _PATIENCE
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() > give_up:
                    raise
            time.sleep(random.uniform(0.0002, 0.002))  # noqa: S311  # spreads processes, no secret

    def _load_tasks(
        self, connection: sqlite3.Connection, needs: Needs
    ) -> tuple[list[Task], list[Named]]:
        wanted = (needs.tasks, needs.upstream_ids, needs.external_ids, needs.users)
        tasks, names = connection.execute(
            LOAD_TASKS, [self._encode(each).decode() for each in wanted]
        ).fetchone()
        return self._tasks.decode(tasks), self._names.decode(names)

    def _write(self, connection: sqlite3.Connection, changes: Changes) -> None:
        # First: a correction is of a row that an earlier batch wrote.
        connection.executemany(CORRECT, changes.corrections.items())
        for statement, rows in (
            (ACCOUNTS, account_changes(changes.touched.values())),
            (RESOLVED, hold_changes(changes.resolved.values())),
            (OPENED, hold_rows(changes.opened.values())),
            (ENTRIES, changes.entries),
            (USAGES, list(changes.usages.values())),
            (TASKS, task_changes(changes.tasks.values())),
            (NEW_TASKS, task_rows(changes.new_tasks.values())),
            (CALLBACKS, changes.callbacks),
        ):
            for text, values in statement.cut(rows):
                connection.execute(text, values)

    def _connect(self) -> sqlite3.Connection:
        pragmas = self._url.pragmas()
        connection = sqlite3.connect(
            f"{Path(self._url.path).as_uri()}?mode=rw",
            uri=True,
            isolation_level=None,
            timeout=int(pragmas["busy_timeout"]) / 1000,
            cached_statements=256,
        )
        try:
            for name, value in pragmas.items():
                connection.execute(f"PRAGMA {name}={value}")
            # From here on `_begin` waits.
            connection.execute("PRAGMA busy_timeout=0")
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection

    def _undo(self) -> None:
        connection = self._connection
        if connection is not None and connection.in_transaction:
            try:
                connection.execute("ROLLBACK")
            except sqlite3.Error:
                self._disconnect()

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
