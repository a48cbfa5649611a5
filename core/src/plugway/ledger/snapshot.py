"""One moment of the database, read while the gateway goes on writing."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from plugway.errors import ConfigurationError
from plugway.storage.configure import prepare
from plugway.storage.outages import describe
from plugway.storage.url import DatabaseURL

T = TypeVar("T")

#: Runs a query of the moment and returns its rows.
Fetch = Callable[[str], Awaitable[list[tuple[Any, ...]]]]


@asynccontextmanager
async def snapshot(url: DatabaseURL) -> AsyncIterator[Fetch]:
    """Open a read-only transaction in which all queries see the same moment.

    Args:
        url: The database.

    Returns:
        What runs a query; a query that fails is a `ConfigurationError` too.

    Raises:
        ConfigurationError: The database cannot be reached.
    """
    prepare(url)
    opened = {"sqlite": _sqlite, "postgres": _postgres, "mysql": _mysql}[url.dialect](url)

    async def told(work: Awaitable[T]) -> T:
        try:
            return await work
        except Exception as error:  # noqa: BLE001  # the operator is told, whatever it is
            reason = describe(error)
        raise ConfigurationError(f"cannot read the ledger in database {url}: {reason}")

    fetch = await told(opened.__aenter__())
    try:
        yield lambda statement: told(fetch(statement))
    finally:
        await opened.__aexit__(None, None, None)


@asynccontextmanager
async def _sqlite(url: DatabaseURL) -> AsyncIterator[Fetch]:
    def connect() -> sqlite3.Connection:
        path = f"{Path(url.path).as_uri()}?mode=rw"
        connection = sqlite3.connect(
            path, uri=True, isolation_level=None, check_same_thread=False, timeout=5
        )
        connection.execute("PRAGMA query_only = ON")
        connection.execute("BEGIN")
        return connection

    connection = await asyncio.to_thread(connect)

    async def fetch(statement: str) -> list[tuple[Any, ...]]:
        return await asyncio.to_thread(lambda: connection.execute(statement).fetchall())

    try:
        yield fetch
    finally:
        connection.close()


@asynccontextmanager
async def _postgres(url: DatabaseURL) -> AsyncIterator[Fetch]:
    import asyncpg  # type: ignore[import-untyped]  # it has no types

    connection = await asyncpg.connect(**url.arguments())

    async def fetch(statement: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await connection.fetch(statement)]

    try:
        await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield fetch
    finally:
        await connection.close(timeout=2)


@asynccontextmanager
async def _mysql(url: DatabaseURL) -> AsyncIterator[Fetch]:
    import asyncmy

    connection = await asyncmy.connect(**url.arguments() | {"user": url.user})

    async def fetch(statement: str) -> list[tuple[Any, ...]]:
        async with connection.cursor() as cursor:
            await cursor.execute(statement)
            return list(await cursor.fetchall())

    try:
        await fetch("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        await fetch("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        yield fetch
    finally:
        connection.close()
