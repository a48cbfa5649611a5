"""Databases for tests: made from nothing, migrated once, removed at the end.

Servers are found at `PLUGWAY_TEST_POSTGRES` and `PLUGWAY_TEST_MYSQL`, by default the
usual ports of this machine with an administrator who needs no password.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import tempfile
import threading
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from msgspec.structs import replace

from plugway.contract import Tables
from plugway.errors import ConfigurationError
from plugway.storage.configure import prepare
from plugway.storage.database import Database
from plugway.storage.migrate import migrate
from plugway.storage.outages import describe, is_outage
from plugway.storage.url import DatabaseURL, Dialect

T = TypeVar("T")

#: All that plugway runs on.
DIALECTS: tuple[Dialect, ...] = ("sqlite", "postgres", "mysql")


def available(dialect: Dialect) -> str | None:
    """Tell why a test on this database must be skipped.

    Args:
        dialect: One of `DIALECTS`.

    Returns:
        The reason, which names the server; None: it can run.
    """
    if dialect == "sqlite":
        return None
    try:
        prepare(server(dialect))
        execute(server(dialect), "SELECT 1")
    except ConfigurationError as error:
        return error.message
    except Exception as error:
        if not is_outage(error):
            raise
        return f"no {dialect} at {server(dialect)}: {describe(error)}"
    return None


class Databases:
    """Makes databases of one dialect; the tables are made once and then copied.

    Works from plain functions and from coroutines, which it blocks for some milliseconds.

    Example:
        >>> with Databases("sqlite") as databases, databases.fresh() as url:
        ...     url.startswith("sqlite:///")
        True
    """

    def __init__(self, dialect: Dialect, tables: Iterable[Tables] = ()) -> None:
        """Name the kind.

        Args:
            dialect: One of `DIALECTS`.
            tables: Plugins' own tables, to be migrated besides the core's.
        """
        self.dialect = dialect
        self._tables = tuple(tables)
        self._template: DatabaseURL | None = None
        self._cleanup = ExitStack()

    def __enter__(self) -> Databases:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._template = None
        self._cleanup.close()

    @contextmanager
    def fresh(self, *, migrated: bool = True) -> Iterator[str]:
        """Make a database and remove it at the end, whoever is still connected.

        Args:
            migrated: With tables; else with nothing in it.

        Returns:
            Its URL.
        """
        with ExitStack() as stack:
            url = _new(self.dialect, stack)
            stack.callback(_remove, url)
            _create(url, self._migrated() if migrated else None)
            yield url.reveal()

    def _migrated(self) -> DatabaseURL:
        if self._template is None:
            url = _new(self.dialect, self._cleanup)
            self._cleanup.callback(_remove, url)
            _create(url, None)

            async def prepare_tables() -> None:
                async with Database(url, self._tables) as database:
                    await migrate(database)

            _apart(prepare_tables)
            self._template = url
        return self._template


@contextmanager
def fresh_database(
    dialect: Dialect = "sqlite", *, migrated: bool = True, tables: Iterable[Tables] = ()
) -> Iterator[str]:
    """Make one database and remove it at the end; for several, `Databases` is quicker.

    Args:
        dialect: One of `DIALECTS`.
        migrated: With tables; else with nothing in it.
        tables: Plugins' own tables, to be migrated besides the core's.

    Returns:
        Its URL.
    """
    with Databases(dialect, tables) as databases, databases.fresh(migrated=migrated) as url:
        yield url


def furnish(url: DatabaseURL, tables: Iterable[Tables] = ()) -> None:
    """Put a migrated SQLite database where there is none: to migrate takes most of a start.

    Args:
        url: The database; one on a server, one that is there, and one whose folder is not
            there are left alone.
        tables: Plugins' own tables.
    """
    path = Path(url.path)
    if url.dialect != "sqlite" or path.exists() or not os.access(path.parent, os.W_OK):
        return
    content = _migrated_file(tuple(tables))
    with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(content)


def server(dialect: Dialect) -> DatabaseURL:
    """Return where databases are made: an administrator's login.

    Args:
        dialect: `postgres` or `mysql`.
    """
    default = {
        "postgres": "postgres://postgres@127.0.0.1:5432/postgres",
        "mysql": "mysql://root@127.0.0.1:3306/mysql",
    }[dialect]
    return DatabaseURL.parse(os.environ.get(f"PLUGWAY_TEST_{dialect.upper()}", default))


def execute(url: DatabaseURL, *statements: str) -> list[tuple[Any, ...]]:
    """Run statements on a server, past plugway, on a connection of their own; block meanwhile.

    Args:
        url: A database on the server.
        statements: SQL.

    Returns:
        The last statement's rows.
    """
    return _apart(lambda: _execute(url, statements))


def cut(url: str) -> int:
    """End every connection to a database, as a restart of its server would.

    Args:
        url: A database on a server.

    Returns:
        How many there were.
    """
    parsed = DatabaseURL.parse(url)
    if parsed.dialect == "postgres":
        which = f"SELECT pid FROM pg_stat_activity WHERE datname = '{parsed.database}'"  # noqa: S608  # own name
        kill = "SELECT pg_terminate_backend({})"
    else:
        which = f"SELECT id FROM information_schema.processlist WHERE db = '{parsed.database}'"  # noqa: S608  # own name
        kill = "KILL {}"
    numbers = [number for (number,) in execute(server(parsed.dialect), which)]
    execute(server(parsed.dialect), *(kill.format(number) for number in numbers))
    return len(numbers)


@cache
def _migrated_file(tables: tuple[Tables, ...]) -> bytes:
    """Return what an SQLite database with these tables is, which is made once a process."""
    with fresh_database(tables=tables) as url:
        return Path(DatabaseURL.parse(url).path).read_bytes()


def _new(dialect: Dialect, stack: ExitStack) -> DatabaseURL:
    name = f"plugway_test_{secrets.token_hex(6)}"
    if dialect == "sqlite":
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix=name))
        return DatabaseURL(dialect=dialect, path=str(Path(folder, "plugway.db")))
    return replace(server(dialect), database=name)


def _create(url: DatabaseURL, template: DatabaseURL | None) -> None:
    if url.dialect == "sqlite":
        if template is not None:
            shutil.copy(template.path, url.path)
        return
    statements = [f"CREATE DATABASE {url.database}"]
    if template is not None and url.dialect == "postgres":
        statements = [f"{statements[0]} TEMPLATE {template.database}"]
    elif template is not None:
        rows = execute(template, "SHOW TABLES")
        for (table,) in rows:
            old, new = f"{template.database}.{table}", f"{url.database}.{table}"
            statements.append(f"CREATE TABLE {new} LIKE {old}")
            statements.append(f"INSERT INTO {new} SELECT * FROM {old}")  # noqa: S608  # own names
    execute(server(url.dialect), *statements)


def _remove(url: DatabaseURL) -> None:
    if url.dialect == "sqlite":
        return
    force = " WITH (FORCE)" if url.dialect == "postgres" else ""
    execute(server(url.dialect), f"DROP DATABASE IF EXISTS {url.database}{force}")


async def _execute(url: DatabaseURL, statements: Iterable[str]) -> list[tuple[Any, ...]]:
    rows: Iterable[Any] = ()
    if url.dialect == "postgres":
        import asyncpg  # type: ignore[import-untyped]  # it ships no types

        connection = await asyncpg.connect(**url.arguments())
        try:
            for statement in statements:
                rows = await connection.fetch(statement)
        finally:
            await connection.close(timeout=5)
        return [tuple(row) for row in rows]
    import asyncmy

    connection = await asyncmy.connect(**url.arguments(), autocommit=True)
    try:
        async with connection.cursor() as cursor:
            for statement in statements:
                await cursor.execute(statement)
                rows = await cursor.fetchall()
    finally:
        connection.close()
    return list(rows)


def _apart(work: Callable[[], Awaitable[T]]) -> T:
    """Run a coroutine on a loop of its own, which a coroutine could not do in its thread."""
    results: list[T] = []
    errors: list[BaseException] = []

    async def whole() -> None:
        results.append(await work())

    def thread() -> None:
        try:
            asyncio.run(whole())
        except BaseException as error:  # noqa: BLE001  # raised again in the caller's thread
            errors.append(error)

    runner = threading.Thread(target=thread)
    runner.start()
    runner.join()
    if errors:
        raise errors[0]
    return results[0]
