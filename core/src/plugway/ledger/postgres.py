"""The ledger's own PostgreSQL connection.

A batch is five exchanges: begin, lock, read, write, commit; tasks need some more. Accounts
are locked in the order of their ids, then tasks in theirs, and everything else is read after
that, so in READ COMMITTED each batch sees what the one before it has left.
"""

# the text is made of this package's names; values are bound or escaped

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import repeat
from typing import Any, TypeVar

import msgspec

from plugway.errors import ConfigurationError
from plugway.ledger.books import Account, Books, Entry, Hold, Needs
from plugway.ledger.changes import Changes
from plugway.ledger.operations import Operation
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.postgres_statements import (
    EXPIRED,
    LOAD,
    LOCK,
    LOCK_HELD,
    LOCK_TASKS,
    NAMED,
    OPEN,
    WRITE,
    WRITE_NEW,
    WRITE_TASKS,
    prune,
)
from plugway.ledger.rows import (
    ACCOUNT_CHANGE,
    ENTRY,
    HOLD,
    HOLD_CHANGE,
    USAGE,
    account_changes,
    hold_changes,
    hold_rows,
)
from plugway.ledger.store import Clash, Lost, OpenHolds, Pruned
from plugway.ledger.task_books import Task
from plugway.ledger.task_rows import CALLBACK, TASK, TASK_CHANGE, task_changes, task_rows
from plugway.storage.configure import prepare
from plugway.storage.outages import describe, is_outage
from plugway.storage.url import DatabaseURL

#: asyncpg's; it has no types.
Connection = Any

T = TypeVar("T")

#: Seconds that one statement may take, locks of other nodes included.
_PATIENCE = 15.0
#: A node that vanishes must not keep its locks. Plans are made once, by index: by the
#: statistics of tables that were empty lately they would be made by scan.
_SESSION = """
SET idle_in_transaction_session_timeout = '30s';
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
SET jit = off
"""
#: The server is a standby now and stays up as one: only a new connection finds the primary.
_READ_ONLY = "25006"


class PostgresStore:
    """Writes batches to PostgreSQL."""

    def __init__(self, url: DatabaseURL) -> None:
        """Name the database.

        Args:
            url: Its dialect is `postgres`.
        """
        self._url = url
        self._connection: Connection | None = None
        self._holds = msgspec.json.Decoder(list[Hold])
        self._entries = msgspec.json.Decoder(list[Entry])
        self._usages = msgspec.json.Decoder(list[str])

    async def open(self) -> None:
        """Connect, as `Store` says."""
        prepare(self._url)
        try:
            await self._guard(lambda c: c.execute("SELECT 1 FROM plugway_entry LIMIT 1"))
        except Exception as error:  # noqa: BLE001  # the operator is told, whatever it is
            reason = str(error) if isinstance(error, Lost) else describe(error)
            raise ConfigurationError(
                f"the ledger cannot use database {self._url}: {reason}"
            ) from None

    async def commit(self, operations: Sequence[Operation]) -> list[Answer]:
        """Write a batch, as `Store` says."""
        return await self._guard(lambda connection: self._commit(connection, operations))

    async def expired(self, now_us: int, limit: int) -> list[str]:
        """List expired holds, as `Store` says."""
        rows = await self._guard(lambda connection: connection.fetch(EXPIRED, now_us, limit))
        return [row[0] for row in rows]

    async def open_holds(self) -> OpenHolds:
        """Count the open holds, as `Store` says."""
        count, credits_ = await self._guard(lambda connection: connection.fetchrow(OPEN))
        return OpenHolds(count=count, credits=credits_)

    async def prune(self, what: Pruned, before_us: int, limit: int) -> int:
        """Delete old rows, as `Store` says."""
        statement = prune(what)
        return await self._guard(lambda c: c.fetchval(statement, before_us, limit))

    async def close(self) -> None:
        """Disconnect, as `Store` says."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_closed():
            await connection.close(timeout=2)

    async def _guard(self, work: Callable[[Connection], Awaitable[T]]) -> T:
        from asyncpg import (  # type: ignore[import-untyped]  # it has no types
            PostgresError,
            UniqueViolationError,
        )

        try:
            connection = self._connection
            if connection is None or connection.is_closed():
                connection = await self._connect()
            return await work(connection)
        except Lost:
            self._drop()
            raise
        except UniqueViolationError as error:
            await self._undo()
            raise Clash(str(error.constraint_name)) from None
        except Exception as error:
            state = getattr(error, "sqlstate", "")
            if isinstance(error, PostgresError) and state != _READ_ONLY:
                await self._undo()
            else:
                self._drop()
            if is_outage(error) or state in {_READ_ONLY, "55P03"}:
                raise Lost(describe(error)) from None
            raise
        except BaseException:
            self._drop()
            raise

    async def _commit(
        self, connection: Connection, operations: Sequence[Operation]
    ) -> list[Answer]:
        needs = Needs(operations)
        accounts = list(needs.accounts)
        await connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
        if needs.looks_back:
            locked = await connection.fetch(LOCK_HELD, accounts, needs.calls)
        else:
            locked = await connection.fetch(LOCK, accounts)
        row = await connection.fetchrow(LOAD, needs.calls, needs.entries, needs.usages)
        tasks, names = [], []
        if needs.tasks:
            tasks = await connection.fetch(LOCK_TASKS, needs.tasks)
        if needs.names:
            names = await connection.fetch(
                NAMED, list(needs.upstream_ids), list(needs.external_ids), list(needs.users)
            )
        books = Books(
            (Account(*account) for account in locked),
            self._holds.decode(row[0]),
            self._entries.decode(row[1]),
            self._usages.decode(row[2]),
            (Task(*task) for task in tasks),
            names,
        )
        if needs.looks_back and not books.complete():
            # A hold has come between the two reads, so its accounts are not locked.
            await self._undo()
            raise Clash("plugway_hold")
        plan = Plan(books)
        answers = plan.decide(operations)
        await self._write(connection, plan.changes)
        try:
            await connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # whatever it is, the commit's fate is unknown
            raise Lost(describe(error), answers) from None
        return answers

    async def _write(self, connection: Connection, changes: Changes) -> None:
        await connection.execute(
            WRITE,
            *_arrays(2, changes.corrections.items()),
            *_arrays(len(ACCOUNT_CHANGE), account_changes(changes.touched.values())),
            *_arrays(len(HOLD_CHANGE), hold_changes(changes.resolved.values())),
            *_arrays(len(HOLD), hold_rows(changes.opened.values())),
            *_arrays(len(ENTRY), changes.entries),
            *_arrays(len(USAGE), changes.usages.values()),
        )
        if changes.tasks:
            rows = task_changes(changes.tasks.values())
            await connection.execute(WRITE_TASKS, *_arrays(len(TASK_CHANGE), rows))
        if changes.new_tasks or changes.callbacks:
            await connection.execute(
                WRITE_NEW,
                *_arrays(len(TASK), task_rows(changes.new_tasks.values())),
                *_arrays(len(CALLBACK), changes.callbacks),
            )

    async def _connect(self) -> Connection:
        import asyncpg

        connection = await asyncpg.connect(**self._url.arguments(), command_timeout=_PATIENCE)
        self._connection = connection
        await connection.execute(_SESSION)
        return connection

    async def _undo(self) -> None:
        """End the transaction; a connection that cannot do that is dropped."""
        connection = self._connection
        if connection is not None and connection.is_in_transaction():
            try:
                await connection.execute("ROLLBACK")
            except Exception:  # noqa: BLE001  # whatever it is, a new connection has no transaction
                self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()


def _arrays(width: int, rows: Collection[Sequence[object]]) -> Iterable[Sequence[object]]:
    """Turn rows into an array for each column."""
    return zip(*rows, strict=True) if rows else repeat((), width)
