"""Callers of every role at a gateway with the plugin, and its key file."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import aiohttp
import msgspec

import plugway_aistudio
from plugway.testing import GatewayServer, ManualClock
from plugway_aistudio.keys.syncing import SECONDS

#: Whose keys those of the file are.
USER = "clients"

#: Looks that are waited for.
_LOOKS = 600


@asynccontextmanager
async def serving(
    home: Path, environ: Mapping[str, str], *, others: Mapping[str, object] | None = None
) -> AsyncIterator[Front]:
    """Run a gateway with the plugin in a home, which may have served before.

    Args:
        home: The home.
        environ: Settings.
        others: More plugins, by name.
    """
    clock = ManualClock()
    server = GatewayServer(
        home,
        plugins={"aistudio": plugway_aistudio, **(others or {})},
        environ={"PLUGWAY__PLUGINS__STRICT": "true", **environ},
        clock=clock,
    )
    async with server, Front(server, clock) as front:
        yield front


class Answer(NamedTuple):
    """Is an answer of the gateway."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Return the body, read as JSON."""
        return msgspec.json.decode(self.body)


class Front:
    """Is a gateway, with keys of every role, and the file of keys that clients had before.

    Attributes:
        server: The gateway.
        clock: Its time.
        path: The key file.
        keys: A key of each role.
    """

    def __init__(self, server: GatewayServer, clock: ManualClock) -> None:
        self.server = server
        self.clock = clock
        self.path: Path = server.home / "key.txt"
        self.keys: dict[str, str] = {}
        self._client: aiohttp.ClientSession

    async def __aenter__(self) -> Front:
        self._client = aiohttp.ClientSession()
        return self

    async def prepare(self) -> None:
        """Make the users and their keys."""
        for role in ("admin", "operator", "user"):
            user = await self.server.user(f"a {role}", role=role)
            self.keys[role] = await self.server.key(user)
        await self.server.user(USER)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def call(
        self,
        place: str,
        body: Any = None,
        *,
        role: str = "admin",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask.

        Args:
            place: Method and path.
            body: JSON.
            role: Whose key; empty: none.
            content: The body's bytes instead.
            headers: More headers.
        """
        method, _, path = place.partition(" ")
        sent = dict(headers or {})
        if role:
            sent["Authorization"] = f"Bearer {self.keys[role]}"
        if body is not None or content is not None:
            sent["Content-Type"] = "application/json"
        data = msgspec.json.encode(body) if content is None and body is not None else content
        async with self._client.request(
            method, self.server.url + path, data=data, headers=sent
        ) as response:
            return Answer(response.status, response.headers, await response.read())

    async def enters(self, key: str, header: str = "Authorization") -> bool:
        """Say whether a key lets its user call."""
        value = f"Bearer {key}" if header == "Authorization" else key
        answer = await self.call("GET /v1/models", role="", headers={header: value})
        assert answer.status in (200, 401), answer.body
        return answer.status == 200

    async def until(self, key: str, *, enters: bool) -> None:
        """Let time pass until a key lets its user in, or no more."""
        for _ in range(_LOOKS):
            if await self.enters(key) == enters:
                return
            self.clock.advance(SECONDS)
            await asyncio.sleep(0.01)
        raise AssertionError(f"after all that time the key still has {enters=} wrong")

    async def looks(self, number: int = 4) -> None:
        """Let the gateway look at the file some times."""
        for _ in range(number):
            self.clock.advance(SECONDS)
            for _ in range(20):
                await asyncio.sleep(0.002)

    def write(self, text: str) -> None:
        """Write the file as an operator does."""
        self.path.write_text(text)
