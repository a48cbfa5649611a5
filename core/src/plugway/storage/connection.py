"""How one database is connected to, and let go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from contextlib import AbstractContextManager

from tortoise.backends.base.client import BaseDBAsyncClient

from plugway.contract import Tables
from plugway.errors import ConfigurationError, Unavailable
from plugway.storage.configure import apps, configuration, prepare
from plugway.storage.context import Context
from plugway.storage.outages import describe
from plugway.storage.url import DatabaseURL

_log = logging.getLogger(__name__)

#: Seconds that connections get to close: asyncmy's pool can hang.
_PATIENCE = 5.0


class Connection:
    """Holds Tortoise's connection, which is a pool where there is a server."""

    def __init__(self, url: DatabaseURL, tables: Iterable[Tables], pool: int) -> None:
        """Name the database; nothing is connected before `open`.

        Args:
            url: Where it is.
            tables: Plugins' own tables.
            pool: Connections at the most, 1 or more; SQLite has one.

        Raises:
            ConfigurationError: Two plugins with one label.
        """
        self.url = url
        # Tortoise caches SQL by connection name in the whole process: one name a dialect.
        self._name = f"plugway_{url.dialect}"
        self.apps = apps(tables, self._name)
        self._pool = pool
        self._context: Context | None = None

    async def open(self) -> None:
        """Connect.

        Raises:
            ConfigurationError: The database cannot be reached or opened, its driver is not
                installed, or a plugin's models cannot be loaded.
        """
        prepare(self.url)
        self._context = context = Context()
        try:
            await context.load(configuration(self.url, self._name, self.apps, self._pool))
        except Exception as error:
            inner = error.__cause__ or error.__context__
            because = f" ({inner})" if inner else ""
            raise ConfigurationError(f"tables cannot be loaded: {error}{because}") from error
        try:
            with context.active():
                await context.db().execute_query("SELECT 1")
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, there is no database to use
            reason = describe(error)
        await self.close()
        # Raised here so that the driver's error, which names host and user, is not its context.
        raise ConfigurationError(f"database {self.url} cannot be opened: {reason}")

    async def close(self) -> None:
        """Disconnect, in bounded time."""
        context, self._context = self._context, None
        if context is None or not context.inited:
            return
        with context.active():
            pool = getattr(context.db(), "_pool", None)
            closing = asyncio.create_task(context.close_connections())
        _, late = await asyncio.wait((closing,), timeout=_PATIENCE)
        if late:
            closing.cancel()
            if pool is not None:
                pool.terminate()
            _log.warning("the database's connections were cut: they did not close in time")
        elif (error := closing.exception()) is not None:
            _log.warning("the database's connections did not close well: %s", describe(error))

    @property
    def client(self) -> BaseDBAsyncClient:
        """Tortoise's connection: the transaction's, within one."""
        return self._opened().db()

    def active(self) -> AbstractContextManager[None]:
        """Make the current task's queries go here."""
        return self._opened().active()

    def _opened(self) -> Context:
        if self._context is None:
            raise Unavailable("The database is closed.")
        return self._context
