"""Serving processes of their own, set up and furnished as an operator does it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
from back_office import Caller
from msgspec.structs import replace

from plugway.storage.url import DatabaseURL, Dialect
from plugway.testing.databases import execute, fresh_database, server
from plugway.testing.process import GatewayProcess

#: Seconds after which what is waited for will not come any more.
PATIENCE = 20.0


class Node:
    """Is one serving process.

    Attributes:
        process: Drives it.
        log: Its stderr.
        admin: Asks as its administrator.
    """

    admin: Caller

    def __init__(self, home: Path, environ: Mapping[str, str] | None = None) -> None:
        self.log = home.with_suffix(".log")
        self.process = GatewayProcess(home, environ, log=self.log)
        self._client: aiohttp.ClientSession | None = None

    def init(self) -> str:
        """Run `plugway init` and return the administrator's key; empty: there was one."""
        made: dict[str, str | None] = self.process.json("init")
        return made["key"] or ""

    async def start(self, client: aiohttp.ClientSession, key: str, *options: str) -> None:
        """Serve."""
        await asyncio.to_thread(self.process.start, *options)
        self._client = client
        self.admin = self.caller(key)

    def caller(self, key: str | None) -> Caller:
        """Return a caller with a key."""
        assert self._client is not None, "it has not been started"
        return Caller(self._client, self.process.url, key)

    async def stop(self) -> int:
        """Ask it to end, and return its exit code."""
        return await asyncio.to_thread(self.process.stop)

    def close(self) -> None:
        """Kill it if it still runs, as after a test that failed."""
        if self._client is not None and self.process.process.poll() is None:
            self.process.kill()

    def said(self) -> str:
        """Return its log."""
        return self.log.read_text() if self.log.exists() else ""

    async def furnish(self, base_url: str, *, credits_: int, **channel: Any) -> Caller:
        """Add a channel for Runway and the user `alice`, and return her."""
        for path, body in (
            ("/channels", {"provider": "bltcy", "name": "main", "base_url": base_url, **channel}),
            ("/users", {"name": "alice"}),
            ("/users/alice/credit", {"credits": credits_, "reason": "test"}),
            ("/keys", {"user": "alice", "name": "main"}),
        ):
            if path == "/channels":
                body = {"secrets": ["upstream-secret"], "models": ["runway"], **body}
            answer = await self.admin.post(path, body)
            assert answer.status in (200, 201), answer.text
        return self.caller(answer.json["key"])


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    """Give a client that keeps no cookies and as many connections as it is asked for."""
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        yield session


async def until(holds: Callable[[], Awaitable[Any]], seconds: float = PATIENCE) -> Any:
    """Look until something holds, and return what was found.

    Args:
        holds: Looks.
        seconds: At the most.
    """
    async with asyncio.timeout(seconds):
        while not (found := await holds()):
            await asyncio.sleep(0.02)
    return found


@contextmanager
def own_login(dialect: Dialect, user: str, password: str) -> Iterator[str]:
    """Make an empty database on a server, and a login of its own for it; remove both.

    Args:
        dialect: `postgres` or `mysql`.
        user: A new one.
        password: Its password.

    Returns:
        The URL, with the password.
    """
    where = server(dialect)
    if dialect == "postgres":
        make = [f"CREATE ROLE {user} LOGIN PASSWORD '{password}'"]
        give = "ALTER DATABASE {} OWNER TO {}"
        drop = f"DROP ROLE {user}"
    else:
        make = [f"CREATE USER {user} IDENTIFIED BY '{password}'"]
        give = "GRANT ALL ON {}.* TO {}"
        drop = f"DROP USER {user}"
    execute(where, *make)
    try:
        with fresh_database(dialect, migrated=False) as url:
            parsed = DatabaseURL.parse(url)
            execute(where, give.format(parsed.database, user))
            yield replace(parsed, user=user, password=password).reveal()
    finally:
        execute(where, drop)
