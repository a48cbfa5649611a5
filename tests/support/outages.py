"""Databases that refuse for as long as a test says, and then serve again."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from msgspec.structs import replace

from plugway.server.deadlines import running_task
from plugway.storage.url import DatabaseURL, Dialect
from plugway.testing.databases import Databases


class Outage(Protocol):
    """Takes a database away and gives it back.

    Attributes:
        url: Where the gateway is to look for it.
    """

    url: str

    async def begin(self) -> None:
        """Let the database refuse."""

    async def end(self) -> None:
        """Let it serve."""


@asynccontextmanager
async def outage(dialect: Dialect, databases: Databases) -> AsyncIterator[Outage]:
    """Make a database of a dialect that can be taken away.

    Args:
        dialect: Its dialect.
        databases: Makes it.
    """
    with databases.fresh() as url:
        if dialect == "sqlite":
            locked = LockedFile(url)
            yield locked
            locked.close()
            return
        gate = Gate(url)
        await gate.end()
        yield gate
        await gate.begin()


class LockedFile:
    """Is an SQLite file to which another program writes for a long time."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._other = sqlite3.connect(DatabaseURL.parse(url).path, isolation_level=None)

    async def begin(self) -> None:
        """Write; whoever else writes just now goes first."""
        self._other.execute("PRAGMA busy_timeout=5000")
        self._other.execute("BEGIN IMMEDIATE")

    async def end(self) -> None:
        """Stop writing."""
        self._other.execute("ROLLBACK")

    def close(self) -> None:
        """Close the file."""
        self._other.close()


class Gate:
    """Is the way to a database server, which can be cut as a restart of it would."""

    def __init__(self, url: str) -> None:
        self._server = DatabaseURL.parse(url)
        self._listener: asyncio.Server | None = None
        self._port = 0
        self._passing: set[asyncio.Task[None]] = set()
        self.url = ""

    async def begin(self) -> None:
        """Cut every connection, and refuse new ones."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        for task in self._passing:
            task.cancel()
        await asyncio.gather(*self._passing, return_exceptions=True)

    async def end(self) -> None:
        """Let connections through."""
        self._listener = await asyncio.start_server(self._pass, "127.0.0.1", self._port)
        self._port = self._listener.sockets[0].getsockname()[1]
        self.url = replace(self._server, host="127.0.0.1", port=self._port).reveal()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = running_task()
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)
        up: asyncio.StreamWriter | None = None
        try:
            down, up = await asyncio.open_connection(self._server.host, self._server.port)
            async with asyncio.TaskGroup() as group:
                group.create_task(_copy(reader, up))
                group.create_task(_copy(down, writer))
        except* OSError:
            pass  # one side has gone, and so the other goes
        finally:
            for each in (writer, up):
                if each is not None:
                    each.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    # Ends the other direction too.
    raise ConnectionResetError
