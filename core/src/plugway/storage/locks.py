"""One process at a time: a lock beside the database, not in it."""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from plugway.errors import ConfigurationError
from plugway.storage.url import DatabaseURL

#: Seconds between looks at a lock file that another process holds.
_LOOK = 0.05
#: "plugway" as a number: PostgreSQL's advisory locks have no names.
_ADVISORY = int.from_bytes(b"plugway", "big")


@asynccontextmanager
async def migration_lock(url: DatabaseURL, wait: float = 600.0) -> AsyncIterator[None]:
    """Hold the lock that whoever migrates this database takes.

    Servers hold it for a connection of its own, so it goes when the process dies. It is
    not in a table, because the tables are what is being made.

    Args:
        url: The database.
        wait: Seconds to wait for another process.

    Raises:
        ConfigurationError: Another process still holds it.
    """
    holder = {"sqlite": _sqlite, "postgres": _postgres, "mysql": _mysql}[url.dialect]
    held = holder(url, wait)
    try:
        await held.__aenter__()
    except TimeoutError:
        raise ConfigurationError(
            f"database {url}: another process has been migrating it for {wait:g} s"
        ) from None
    try:
        yield
    finally:
        await held.__aexit__(None, None, None)


@asynccontextmanager
async def _sqlite(url: DatabaseURL, wait: float) -> AsyncIterator[None]:
    # The file stays: whoever removed it would let two others lock different files.
    descriptor = os.open(f"{url.path}.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        async with asyncio.timeout(wait):
            while True:
                with suppress(BlockingIOError):
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                await asyncio.sleep(_LOOK)
        yield
    finally:
        os.close(descriptor)


@asynccontextmanager
async def _postgres(url: DatabaseURL, wait: float) -> AsyncIterator[None]:
    import asyncpg  # type: ignore[import-untyped]  # it ships no types

    connection = await asyncpg.connect(**url.arguments())
    try:
        await connection.execute(f"SET lock_timeout = '{wait:g}s'")
        try:
            await connection.execute(f"SELECT pg_advisory_lock({_ADVISORY})")
        except asyncpg.LockNotAvailableError:
            raise TimeoutError from None
        yield
    finally:
        await connection.close(timeout=5)


@asynccontextmanager
async def _mysql(url: DatabaseURL, wait: float) -> AsyncIterator[None]:
    import asyncmy

    # These names are the whole server's and at most 64 characters long.
    name = f"plugway-{hashlib.sha256(url.database.encode()).hexdigest()[:32]}"
    connection = await asyncmy.connect(**url.arguments())
    try:
        async with connection.cursor() as cursor:
            await cursor.execute("SELECT GET_LOCK(%s, %s)", (name, wait))
            (locked,) = await cursor.fetchone()
        if locked != 1:
            raise TimeoutError
        yield
    finally:
        connection.close()
