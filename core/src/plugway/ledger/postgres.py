"""The ledger's own PostgreSQL connection.

A batch is five exchanges: begin, lock, read, write, commit. Accounts are locked in the
order of their ids and everything else is read after that, so in READ COMMITTED each batch
sees what the one before it on the same accounts has left.
"""

# ruff: noqa: S608  # the text is made of this package's names; values are bound or escaped

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from itertools import repeat
from typing import Any, TypeVar

import msgspec

from plugway.errors import ConfigurationError
from plugway.ledger.books import Account, Books, Entry, Hold, Needs
from plugway.ledger.operations import Operation
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.rows import (
    ACCOUNT_CHANGE,
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
_TEXTS = frozenset(
    (
        "call_id",
        "state",
        "quote",
        "kind",
        "idempotency_key",
        "actor",
        "reason",
        "request_id",
        "provider",
        "model",
        "error",
        "ip",
    )
)

_HELD = "FROM plugway_hold WHERE call_id = ANY($2::text[])"
_LOCK = """
SELECT id, balance, held, overdraft FROM plugway_account WHERE id = ANY($1::bigint[])
ORDER BY id FOR UPDATE
"""
_LOCK_HELD = f"""
SELECT id, balance, held, overdraft FROM plugway_account WHERE id IN (
  SELECT unnest($1::bigint[]) UNION SELECT account_id {_HELD} UNION SELECT key_account_id {_HELD})
ORDER BY id FOR UPDATE
"""


def _json(columns: Sequence[str], table: str, place: str) -> str:
    rows = f"json_agg(json_build_array({', '.join(columns)}))"
    found = f"{table} WHERE {columns[0]} = ANY({place}::text[])"
    return f"(SELECT coalesce({rows}, '[]')::text FROM {found})"


_LOAD = f"""
SELECT
  {_json(HOLD_STATE, "plugway_hold", "$1")},
  {_json(ENTRY_STATE, "plugway_entry", "$2")},
  (SELECT coalesce(json_agg(call_id), '[]')::text FROM plugway_usage
     WHERE call_id = ANY($3::text[]))
"""


def _write() -> str:
    """Build the one statement that writes a batch; its parts see none of each other."""
    place = 0

    def rows(columns: Sequence[str]) -> str:
        nonlocal place
        arrays = []
        for name in columns:
            place += 1
            kind = "text" if name in _TEXTS else "bool" if name == "estimated" else "bigint"
            arrays.append(f"${place}::{kind}[]")
        return f"unnest({', '.join(arrays)}) AS v({', '.join(columns)})"

    def update(table: str, columns: Sequence[str]) -> str:
        key, *changed = columns
        changes = ", ".join(f"{name} = v.{name}" for name in changed)
        return f"UPDATE {table} t SET {changes} FROM {rows(columns)} WHERE t.{key} = v.{key}"

    def insert(table: str, columns: Sequence[str]) -> str:
        names = ", ".join(columns)
        return f"INSERT INTO {table}({names}) SELECT {names} FROM {rows(columns)}"

    correct = (
        "UPDATE plugway_usage t SET credits = t.credits + v.credits"
        f" FROM {rows(('call_id', 'credits'))} WHERE t.call_id = v.call_id"
    )
    parts = (
        correct,
        update("plugway_account", ACCOUNT_CHANGE),
        update("plugway_hold", HOLD_CHANGE),
        insert("plugway_hold", HOLD),
        insert("plugway_entry", ENTRY),
        insert("plugway_usage", USAGE),
    )
    return f"WITH {', '.join(f'p{i} AS ({part})' for i, part in enumerate(parts))} SELECT 1"


_WRITE = _write()
_EXPIRED = """
SELECT call_id FROM plugway_hold
WHERE state = 'open' AND expires_at <= $1 AND task_id IS NULL ORDER BY expires_at LIMIT $2
"""
_OPEN = """
SELECT count(*), coalesce(sum(amount), 0)::bigint FROM plugway_hold WHERE state = 'open'
"""
_PRUNE = """
WITH gone AS (
  DELETE FROM plugway_usage WHERE id IN (
    SELECT id FROM plugway_usage WHERE created_at < $1 ORDER BY created_at, id LIMIT $2
    FOR UPDATE SKIP LOCKED)
  RETURNING 1)
SELECT count(*) FROM gone
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
        rows = await self._guard(lambda connection: connection.fetch(_EXPIRED, now_us, limit))
        return [row[0] for row in rows]

    async def open_holds(self) -> OpenHolds:
        """Count the open holds, as `Store` says."""
        count, credits_ = await self._guard(lambda connection: connection.fetchrow(_OPEN))
        return OpenHolds(count=count, credits=credits_)

    async def prune(self, before_us: int, limit: int) -> int:
        """Delete old usage rows, as `Store` says."""
        return await self._guard(lambda connection: connection.fetchval(_PRUNE, before_us, limit))

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
            locked = await connection.fetch(_LOCK_HELD, accounts, needs.calls)
        else:
            locked = await connection.fetch(_LOCK, accounts)
        row = await connection.fetchrow(_LOAD, needs.calls, needs.entries, needs.usages)
        books = Books(
            (Account(*account) for account in locked),
            self._holds.decode(row[0]),
            self._entries.decode(row[1]),
            self._usages.decode(row[2]),
        )
        if needs.looks_back and not books.complete():
            # A hold has come between the two reads, so its accounts are not locked.
            await self._undo()
            raise Clash("plugway_hold")
        plan = Plan(books)
        answers = plan.decide(operations)
        await connection.execute(
            _WRITE,
            *_arrays(2, plan.corrections.items()),
            *_arrays(len(ACCOUNT_CHANGE), account_changes(plan.touched.values())),
            *_arrays(len(HOLD_CHANGE), hold_changes(plan.resolved.values())),
            *_arrays(len(HOLD), hold_rows(plan.opened.values())),
            *_arrays(len(ENTRY), plan.entries),
            *_arrays(len(USAGE), plan.usages.values()),
        )
        try:
            await connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  # whatever it is, the commit's fate is unknown
            raise Lost(describe(error), answers) from None
        return answers

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
