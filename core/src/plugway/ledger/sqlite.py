"""The ledger's own SQLite connection, in a thread of its own.

A batch crosses to the thread once. There the interpreter's lock is handed over at every
step of a statement, and a busy event loop is slow to hand it back; so what concerns many
rows is one step: it is read as one row of JSON and written by multi-row statements.
"""

# ruff: noqa: S608  # the text is made of this package's names; values are bound or escaped

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, product
from pathlib import Path
from typing import TypeVar

import msgspec

from plugway.errors import ConfigurationError
from plugway.ledger.books import Account, Books, Entry, Hold, Needs
from plugway.ledger.operations import Operation
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.rows import (
    ACCOUNT_CHANGE,
    ACCOUNT_STATE,
    ENTRY,
    ENTRY_STATE,
    HOLD,
    HOLD_CHANGE,
    HOLD_STATE,
    USAGE,
    account_changes,
    hold_changes,
    hold_rows,
)
from plugway.ledger.store import Clash, Lost, OpenHolds
from plugway.storage.configure import prepare
from plugway.storage.outages import describe, is_outage
from plugway.storage.url import DatabaseURL

T = TypeVar("T")

#: Seconds that a batch waits for another process's transaction before it is lost.
_PATIENCE = 1.0
#: Rows a statement writes: a batch is cut into these, so that few statements differ.
_SIZES = (128, 32, 8, 4, 2, 1)


class Statement:
    """Writes rows, many at a step.

    Example:
        >>> statement = Statement("INSERT INTO t VALUES ", 2)
        >>> list(statement.cut([(1, 2), (3, 4), (5, 6)]))[0]
        ('INSERT INTO t VALUES (?,?),(?,?)', [1, 2, 3, 4])
    """

    def __init__(self, head: str, width: int, tail: str = "") -> None:
        """Write the statement once for each number of rows.

        Args:
            head: Up to the rows.
            width: Values in a row.
            tail: After the rows.
        """
        row = f"({','.join('?' * width)})"
        self._texts = [(size, f"{head}{','.join([row] * size)}{tail}") for size in _SIZES]

    def cut(self, rows: Sequence[Sequence[object]]) -> Iterator[tuple[str, list[object]]]:
        """Cut rows into statements with their values.

        Args:
            rows: Any number.
        """
        at, count = 0, len(rows)
        for size, text in self._texts:
            while count - at >= size:
                yield text, list(chain.from_iterable(rows[at : at + size]))
                at += size


def _insert(table: str, columns: Sequence[str]) -> Statement:
    return Statement(f"INSERT INTO {table}({','.join(columns)}) VALUES ", len(columns))


def _update(table: str, columns: Sequence[str]) -> Statement:
    key, *changed = columns
    names = (f"{name} = v.column{place}" for place, name in enumerate(changed, 2))
    head = f"UPDATE {table} SET {', '.join(names)} FROM (VALUES "
    return Statement(head, len(columns), f") AS v WHERE {key} = v.column1")


_ACCOUNTS = _update("plugway_account", ACCOUNT_CHANGE)
_RESOLVED = _update("plugway_hold", HOLD_CHANGE)
_OPENED = _insert("plugway_hold", HOLD)
_ENTRIES = _insert("plugway_entry", ENTRY)
_USAGES = _insert("plugway_usage", USAGE)
_CORRECT = "UPDATE plugway_usage SET credits = credits + ?2 WHERE call_id = ?1"


def _json(columns: Sequence[str]) -> str:
    return f"json_group_array(json_array({', '.join(columns)}))"


def _load(*, looks_back: bool, entries: bool, usages: bool) -> str:
    """Build what reads for a batch; what it does not need is its own empty parameter."""
    named = "SELECT value FROM json_each({})"
    held = f"FROM plugway_hold WHERE call_id IN ({named.format('?1')})"
    accounts = named.format("?2")
    if looks_back:
        accounts += f" UNION ALL SELECT account_id {held} UNION ALL SELECT key_account_id {held}"
    parts = [
        f"(SELECT {_json(ACCOUNT_STATE)} FROM plugway_account WHERE id IN ({accounts}))",
        f"(SELECT {_json(HOLD_STATE)} {held})",
        "?3",
        "?4",
    ]
    if entries:
        used = f"plugway_entry WHERE idempotency_key IN ({named.format('?3')})"
        parts[2] = f"(SELECT {_json(ENTRY_STATE)} FROM {used})"
    if usages:
        used = f"plugway_usage WHERE call_id IN ({named.format('?4')})"
        parts[3] = f"(SELECT json_group_array(call_id) FROM {used})"
    return f"SELECT {', '.join(parts)}"


_LOADS = {
    key: _load(looks_back=key[0], entries=key[1], usages=key[2])
    for key in product((False, True), repeat=3)
}
_EXPIRED = """
SELECT call_id FROM plugway_hold
WHERE state = 'open' AND expires_at <= ? AND task_id IS NULL ORDER BY expires_at LIMIT ?
"""
_OPEN = "SELECT count(*), coalesce(sum(amount), 0) FROM plugway_hold WHERE state = 'open'"
_PRUNE = """
DELETE FROM plugway_usage WHERE id IN (
  SELECT id FROM plugway_usage WHERE created_at < ? ORDER BY created_at, id LIMIT ?)
"""


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
        self._holds = msgspec.json.Decoder(list[Hold])
        self._entries = msgspec.json.Decoder(list[Entry])
        self._usages = msgspec.json.Decoder(list[str])
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
        rows = await self._cross(lambda c: c.execute(_EXPIRED, (now_us, limit)).fetchall())
        return [call_id for (call_id,) in rows]

    async def open_holds(self) -> OpenHolds:
        """Count the open holds, as `Store` says."""
        count, credits_ = await self._cross(lambda c: c.execute(_OPEN).fetchone())
        return OpenHolds(count=count, credits=credits_)

    async def prune(self, before_us: int, limit: int) -> int:
        """Delete old usage rows, as `Store` says."""
        return await self._cross(lambda c: c.execute(_PRUNE, (before_us, limit)).rowcount)

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
            _LOADS[needs.looks_back, bool(needs.entries), bool(needs.usages)],
            (
                encode(needs.calls).decode(),
                encode(needs.accounts).decode(),
                encode(needs.entries).decode(),
                encode(needs.usages).decode(),
            ),
        ).fetchone()
        books = Books(
            self._accounts.decode(accounts),
            self._holds.decode(holds),
            self._entries.decode(entries),
            self._usages.decode(usages),
        )
        if needs.looks_back and not books.complete():
            raise sqlite3.DatabaseError("a hold names an account that does not exist")
        plan = Plan(books)
        answers = plan.decide(operations)
        self._write(connection, plan)
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

    def _write(self, connection: sqlite3.Connection, plan: Plan) -> None:
        # First: a correction is of a row that an earlier batch wrote.
        connection.executemany(_CORRECT, plan.corrections.items())
        for statement, rows in (
            (_ACCOUNTS, account_changes(plan.touched.values())),
            (_RESOLVED, hold_changes(plan.resolved.values())),
            (_OPENED, hold_rows(plan.opened.values())),
            (_ENTRIES, plan.entries),
            (_USAGES, list(plan.usages.values())),
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
