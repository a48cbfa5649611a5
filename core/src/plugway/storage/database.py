"""The connection to the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from contextvars import ContextVar
from types import TracebackType
from typing import Any, TypeVar

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.expressions import F

from plugway.contract import Tables
from plugway.errors import Unavailable
from plugway.storage.connection import Connection
from plugway.storage.models import Revision
from plugway.storage.outages import describe, is_deadlock, is_outage
from plugway.storage.transactions import transaction
from plugway.storage.url import DatabaseURL

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Tries of a transaction that the database rolls back to end a deadlock.
_TRIES = 3
#: Seconds that running work gets to end when the database is closed.
_PATIENCE = 5.0
_CLOSED = "The database is closed."


class _Work:
    """Is what the current task does on a database."""

    def __init__(self, database: Database) -> None:
        self.database = database
        #: A task that was made during it may outlive it.
        self.over = False
        self.in_transaction = False
        #: The transaction is to bump the revision.
        self.revise = False
        #: A transaction that did so is committed.
        self.revised = False


_current: ContextVar[_Work | None] = ContextVar("plugway_database_work", default=None)


class Database:
    """Runs work on the tables; every query of plugway goes through `run` or `transact`.

    Example:
        >>> import asyncio, tempfile
        >>> from plugway.storage.migrate import migrate
        >>> from plugway.storage.models import Group
        >>> async def count(url: str) -> int:
        ...     async with Database(url) as database:
        ...         await migrate(database)
        ...         return await database.run(lambda: Group.all().count())
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     asyncio.run(count(f"sqlite://{folder}/plugway.db"))
        0
    """

    def __init__(
        self, url: str | DatabaseURL, tables: Iterable[Tables] = (), pool: int = 5
    ) -> None:
        """Name the database; nothing is connected before `open`.

        Args:
            url: Where it is.
            tables: Plugins' own tables.
            pool: Connections at the most, 1 or more; SQLite has one.

        Raises:
            ConfigurationError: A URL that is none, or two plugins with one label.
        """
        self.url = DatabaseURL.parse(url) if isinstance(url, str) else url
        self._connection = Connection(self.url, tables, pool)
        # Pools let newcomers overtake; in this queue nobody starves.
        self._slots = asyncio.Semaphore(pool)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._on_revise: list[Callable[[], Awaitable[object]]] = []
        self._accepting = False

    async def open(self) -> None:
        """Connect.

        Raises:
            ConfigurationError: The database cannot be reached or opened, its driver is not
                installed, or a plugin's models cannot be loaded.
        """
        self._accepting = True
        try:
            await self._apart(self._connection.open)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Finish what runs and disconnect, in bounded time."""
        self._accepting = False
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_PATIENCE)
            for task in late:
                task.cancel()
        await self._connection.close()

    async def __aenter__(self) -> Database:
        await self.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def apps(self) -> dict[str, dict[str, Any]]:
        """Tortoise's list of models and migrations."""
        return self._connection.apps

    @property
    def client(self) -> BaseDBAsyncClient:
        """Tortoise's connection for raw SQL; only inside `run` and `transact`."""
        return self._connection.client

    async def ping(self) -> None:
        """Ask the database for an answer.

        Raises:
            Unavailable: None came.
        """
        await self.run(lambda: self.client.execute_query("SELECT 1"))

    def on_revise(self, callback: Callable[[], Awaitable[object]]) -> None:
        """Have something awaited after each commit that revises, before `transact` returns.

        Args:
            callback: What to await. When it fails, that is logged and the commit stands.
        """
        self._on_revise.append(callback)

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Run queries that need no transaction.

        A caller that is cancelled leaves and the work runs to its end: a query that is
        cancelled at the wrong moment takes its connection with it.

        Args:
            work: Does the queries, all in the task it is called in.

        Returns:
            What the work returned.

        Raises:
            Unavailable: The database is away.
            tortoise.exceptions.BaseORMException: The query is at fault, such as `IntegrityError`.
        """
        if self._inside() is not None:
            return await work()
        return await self._answered(lambda: self._whole(work))

    async def transact(self, work: Callable[[], Awaitable[T]], *, revise: bool = True) -> T:
        """Run queries in one transaction; within another one, as a part that can fail alone.

        SQLite takes its write lock at the beginning, so reading first is safe.

        Args:
            work: Does the queries, all in the task it is called in, and nothing else: after
                a deadlock it is called again.
            revise: Tell every process to load its snapshots again.

        Returns:
            What the work returned.

        Raises:
            Unavailable: The database is away. Whether a commit that was under way has been
                done is not known.
            tortoise.exceptions.BaseORMException: The query is at fault, such as `IntegrityError`.
        """
        inside = self._inside()
        if inside is None:
            return await self._answered(lambda: self._whole(lambda: self._committed(work, revise)))
        if not inside.in_transaction:
            return await self._committed(work, revise)
        async with transaction(self.client):
            result = await work()
        inside.revise = inside.revise or revise
        return result

    def _inside(self) -> _Work | None:
        """Return the work on this database that the current task is in."""
        current = _current.get()
        if current is None or current.database is not self or current.over:
            return None
        return current

    async def _answered(self, work: Callable[[], Awaitable[T]]) -> T:
        """Translate what says that the database is away."""
        try:
            return await self._apart(work)
        except Exception as error:
            if not is_outage(error):
                raise
            reason = describe(error)
        # Raised here so that the driver's error, which names host and user, is not its context.
        unavailable = Unavailable("The database is not available; try again.")
        unavailable.add_note(reason)
        raise unavailable

    async def _apart(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do the work in a task of its own, which the caller's cancellation does not reach."""
        if not self._accepting:
            raise Unavailable(_CLOSED)
        task = asyncio.ensure_future(work())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait((task,))
        except asyncio.CancelledError:
            task.add_done_callback(_log_abandoned)
            raise
        if task.cancelled():
            raise Unavailable(_CLOSED)
        return task.result()

    async def _whole(self, work: Callable[[], Awaitable[T]]) -> T:
        current = _Work(self)
        _current.set(current)
        try:
            async with self._slots:
                with self._connection.active():
                    return await work()
        finally:
            current.over = True
            if current.revised:
                await self._announce()

    async def _committed(self, work: Callable[[], Awaitable[T]], revise: bool) -> T:
        current = self._inside()
        assert current is not None  # noqa: S101  # _whole has set it
        tries = 0
        while True:
            tries += 1
            current.in_transaction, current.revise = True, revise
            try:
                async with transaction(self.client):
                    result = await work()
                    if current.revise:
                        await Revision.filter(id=1).update(number=F("number") + 1)
                current.revised = current.revised or current.revise
                return result
            except Exception as error:
                if tries == _TRIES or not is_deadlock(error):
                    raise
            finally:
                current.in_transaction = False

    async def _announce(self) -> None:
        for callback in self._on_revise:
            try:
                await callback()
            except Exception as error:  # noqa: BLE001  # the commit stands whatever listeners do
                _log.warning("after a commit: %s", describe(error))


def _log_abandoned(task: asyncio.Task[Any]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.warning("work whose caller had left failed: %s", describe(error))
