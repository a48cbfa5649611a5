"""One transaction, entered so that a failure to begin gives back what it took."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.exceptions import TransactionManagementError


@asynccontextmanager
async def transaction(client: BaseDBAsyncClient) -> AsyncIterator[None]:
    """Begin, then commit or roll back; within a transaction, a savepoint.

    Tortoise's own context manager keeps the connection, or SQLite's lock, for ever when
    BEGIN fails: the server closed an idle connection, or another process holds the file.

    Args:
        client: Tortoise's connection of the current task.
    """
    context = client._in_transaction()  # noqa: SLF001  # what Tortoise's in_transaction calls
    try:
        await context.__aenter__()
    except BaseException:
        if hasattr(context, "token"):
            # This kind of error makes it release without a rollback.
            await context.__aexit__(TransactionManagementError, None, None)
        raise
    try:
        yield
    except BaseException as error:
        await context.__aexit__(type(error), error, error.__traceback__)
        raise
    await context.__aexit__(None, None, None)
