"""The ledger's own MySQL or MariaDB connection.

READ COMMITTED, not InnoDB's REPEATABLE READ: what is read after the accounts are locked
must be what the batch before has left, not what was there when the transaction began; and
looking for a hold that does not exist yet must not lock the gap where another node inserts
one, which is how two nodes deadlock. Accounts are locked in the order of their ids.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from plugway.errors import ConfigurationError
from plugway.ledger.books import Account, Books, Entry, Hold, Needs
from plugway.ledger.mysql_statements import EXPIRED, OPEN, PRUNE, Statements
from plugway.ledger.operations import Operation
from plugway.ledger.plan import Answer, Plan
from plugway.ledger.store import Clash, Lost, OpenHolds, Pruned, pruned
from plugway.ledger.task_books import Task
from plugway.storage.configure import prepare
from plugway.storage.outages import describe, is_outage
from plugway.storage.url import DatabaseURL

if TYPE_CHECKING:
    import asyncmy

T = TypeVar("T")

#: Seconds that a lock, and that any answer, may take.
_LOCK_PATIENCE, _PATIENCE = 10, 20
#: Errors of a server that does not write for now: disk full, table full, read only.
_NOT_NOW = frozenset({1021, 1114, 1290, 1792, 1836})
#: Characters that one exchange sends: servers limit the size of a packet.
_EXCHANGE = 500_000

_SESSION = (
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    # The second is MariaDB's: a node that vanishes must not keep its locks.
    f"SET SESSION innodb_lock_wait_timeout = {_LOCK_PATIENCE}"
    " /*M! , SESSION idle_transaction_timeout = 30 */",
)
Rows = list[tuple[Any, ...]]


class MySQLStore:
    """Writes batches to MySQL or MariaDB."""

    def __init__(self, url: DatabaseURL) -> None:
        """Name the database.

        Args:
            url: Its dialect is `mysql`.
        """
        self._url = url
        self._connection: asyncmy.Connection | None = None

    async def open(self) -> None:
        """Connect, as `Store` says."""
        prepare(self._url)
        try:
            await self._read("SELECT 1 FROM plugway_entry LIMIT 1")
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
        return [row[0] for row in await self._read(EXPIRED.format(now_us, limit))]

    async def open_holds(self) -> OpenHolds:
        """Count the open holds, as `Store` says."""
        ((count, credits_),) = await self._read(OPEN)
        return OpenHolds(count=count, credits=int(credits_))

    async def prune(self, what: Pruned, before_us: int, limit: int) -> int:
        """Delete old rows, as `Store` says."""
        statement = PRUNE.format(pruned(what, str(before_us)), limit)

        async def work(connection: asyncmy.Connection) -> int:
            async with connection.cursor() as cursor:
                deleted: int = await cursor.execute(statement)
            await connection.commit()
            return deleted

        return await self._guard(work)

    async def close(self) -> None:
        """Disconnect, as `Store` says."""
        # Without a farewell: it could hang, and nothing is left to say.
        self._drop()

    async def _read(self, statement: str) -> Rows:
        async def work(connection: asyncmy.Connection) -> Rows:
            (rows,) = await _exchange(connection, [statement])
            # Ends the transaction that reading has begun.
            await connection.rollback()
            return rows

        return await self._guard(work)

    async def _guard(self, work: Callable[[asyncmy.Connection], Awaitable[T]]) -> T:
        from asyncmy.errors import IntegrityError, MySQLError

        try:
            connection = self._connection
            if connection is None or not connection.connected:
                connection = await self._connect()
            return await work(connection)
        except Lost:
            self._drop()
            raise
        except IntegrityError as error:
            await self._undo()
            raise Clash(describe(error)) from None
        except Exception as error:
            if isinstance(error, MySQLError):
                await self._undo()
            else:
                self._drop()
            number = error.args[0] if error.args else None
            if is_outage(error) or number in _NOT_NOW:
                raise Lost(describe(error)) from None
            raise
        except BaseException:
            self._drop()
            raise

    async def _commit(
        self, connection: asyncmy.Connection, operations: Sequence[Operation]
    ) -> list[Answer]:
        needs = Needs(operations)
        statements = Statements(connection.escape_string)
        accounts = needs.accounts
        if needs.looks_back:
            (rows,) = await _exchange(connection, [statements.accounts_of(needs)])
            accounts = {id_ for row in rows for id_ in row if id_ is not None} | accounts
        load = statements.load(needs, accounts)
        if needs.tasks:
            load += statements.load_tasks(needs)
        locked, holds, entries, usages, *tasks = await _exchange(connection, load)
        books = Books(
            (Account(*row) for row in locked),
            (Hold(*row) for row in holds),
            (Entry(*row) for row in entries),
            (row[0] for row in usages),
            *(((Task(*row) for row in tasks[0]), tasks[1]) if tasks else ()),
        )
        if needs.looks_back and not books.complete():
            # A hold has come between the two reads, so its accounts are not locked.
            await self._undo()
            raise Clash("plugway_hold")
        plan = Plan(books)
        answers = plan.decide(operations)
        await _exchange(connection, statements.write(plan.changes))
        try:
            await connection.commit()
        except Exception as error:  # noqa: BLE001  # whatever it is, the commit's fate is unknown
            raise Lost(describe(error), answers) from None
        return answers

    async def _connect(self) -> asyncmy.Connection:
        import asyncmy

        connection = await asyncmy.connect(
            **self._url.arguments() | {"user": self._url.user},
            autocommit=False,
            read_timeout=_PATIENCE,
            sql_mode="'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
        )
        self._connection = connection
        await _exchange(connection, _SESSION)
        return connection

    async def _undo(self) -> None:
        """End the transaction; a connection that cannot do that is dropped."""
        if self._connection is not None:
            try:
                await self._connection.rollback()
            except Exception:  # noqa: BLE001  # whatever it is, a new connection has no transaction
                self._drop()

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


async def _exchange(connection: asyncmy.Connection, statements: Iterable[str]) -> list[Rows]:
    """Send statements, many at a time, and return the rows of each."""
    results: list[Rows] = []
    waiting: list[str] = []
    size = 0

    async def send() -> None:
        async with connection.cursor() as cursor:
            await cursor.execute(";".join(waiting))
            results.append(list(await cursor.fetchall()))
            while await cursor.nextset():
                results.append(list(await cursor.fetchall()))

    for statement in statements:
        if size and size + len(statement) > _EXCHANGE:
            await send()
            waiting, size = [], 0
        waiting.append(statement)
        size += len(statement)
    if waiting:
        await send()
    return results
