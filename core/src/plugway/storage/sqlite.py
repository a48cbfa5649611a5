"""Tortoise's SQLite engine with transactions that take the write lock when they begin.

A transaction that reads first and writes later fails with "database is locked" when
another process wrote meanwhile, and no busy timeout helps; taking the lock first waits.
Tortoise finds `client_class` here because the connection names this module as its engine.
"""

from __future__ import annotations

import sqlite3

import aiosqlite
from tortoise.backends.base.client import TransactionContext
from tortoise.backends.sqlite.client import (
    SqliteClient,
    SqliteTransactionContext,
    SqliteTransactionWrapper,
)
from tortoise.exceptions import OperationalError


class ImmediateClient(SqliteClient):
    """Connects to the file."""

    async def create_connection(self, with_db: bool) -> None:
        """Open the file once and set the pragmas."""
        if self._connection:
            return
        connection = aiosqlite.connect(self.filename, isolation_level=None)
        # A process that dies before it closes must not wait for this thread for ever.
        connection._thread.daemon = True  # noqa: SLF001  # aiosqlite has no option for it
        await connection
        try:
            connection.row_factory = sqlite3.Row
            for name, value in self.pragmas.items():
                await connection.execute_fetchall(f"PRAGMA {name}={value}")
        except BaseException:
            await connection.close()
            raise
        self._connection = connection
        await self._post_connect()

    def _in_transaction(self) -> TransactionContext:
        return SqliteTransactionContext(_Immediate(self), self._lock)


class _Immediate(SqliteTransactionWrapper):
    async def begin(self) -> None:
        try:
            await self._connection.execute_fetchall("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            raise OperationalError(error) from error

    async def commit(self) -> None:
        try:
            await super().commit()
        except sqlite3.Error as error:
            # A full disk leaves the transaction open, and the next one would be part of it.
            await self._connection.rollback()
            raise OperationalError(error) from error


client_class = ImmediateClient
