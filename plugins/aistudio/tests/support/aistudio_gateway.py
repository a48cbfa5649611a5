"""A gateway with the plugin, a user, and the emulator behind it in a real browser."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
import pytest

import plugway_aistudio
from plugway import Browser
from plugway.identity.users import UserRecord
from plugway.storage.models import CredentialRow
from plugway.testing import GatewayServer
from plugway_aistudio.driver import Driver
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.studio import Studio

CREDITS = 10**12
MODEL = "gemini-flash-latest"
CHATS = "/v1/chat/completions"

#: The machine's browser, for gateways of tests.
PROGRAM = os.environ.get("PLUGWAY_TEST_CHROMIUM", "")


def environ(program: str = PROGRAM, **settings: object) -> dict[str, str]:
    """Return the environment of a gateway whose plugin has some settings."""
    found = {
        f"PLUGWAY__PLUGINS__AISTUDIO__{name.upper()}": str(value)
        for name, value in settings.items()
    }
    return {"PLUGWAY__BROWSER__PATH": program, **found} if program else found


def need_browser() -> None:
    """Leave the test out where there is no browser."""
    if not Browser(PROGRAM).available:
        pytest.skip("no browser: install the package chromium, or set PLUGWAY_TEST_CHROMIUM")


class Answer:
    """Is a whole answer to a client."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        """Return it from JSON."""
        return msgspec.json.decode(self.body)

    @property
    def message(self) -> Any:
        """Return what the assistant says."""
        assert self.status == 200, self.body[:1000]
        return self.json["choices"][0]["message"]

    @property
    def error(self) -> Any:
        """Return the error."""
        return self.json["error"]


class AIStudioGateway:
    """Is the running whole.

    Attributes:
        server: The gateway.
        emulator: The upstream.
        client: Speaks with the user's key.
        user: The user.
        key: Its key.
    """

    client: aiohttp.ClientSession
    user: UserRecord
    key: str

    def __init__(self, server: GatewayServer, emulator: AIStudioEmulator) -> None:
        self.server = server
        self.emulator = emulator

    @classmethod
    @asynccontextmanager
    async def running(
        cls, home: Path, emulator: AIStudioEmulator, *profiles: str, **settings: Any
    ) -> AsyncIterator[AIStudioGateway]:
        """Run one with a channel that has the profiles of some accounts, all by default.

        Args:
            home: The gateway's.
            emulator: Not started yet.
            profiles: Names of accounts.
            settings: Of the plugin; `channel`: those of the channel; `core`: variables that set
                the core.
        """
        need_browser()
        channel, core = settings.pop("channel", {}), settings.pop("core", {})
        await emulator.start()
        try:
            plugins = {"aistudio": plugway_aistudio}
            whole = {**environ(**settings), **core}
            async with GatewayServer(home, plugins=plugins, environ=whole) as server:
                names = profiles or tuple(one.name for one in emulator.accounts)
                await server.channel(
                    "aistudio",
                    emulator.url,
                    secrets=[named(emulator, name) for name in names],
                    settings=channel,
                )
                found = cls(server, emulator)
                found.user = await server.user(credits_=CREDITS)
                found.key = await server.key(found.user)
                async with found.caller(found.key) as found.client:
                    yield found
        finally:
            await emulator.stop()

    @property
    def studio(self) -> Studio:
        """Return what the plugin keeps with the gateway."""
        return self.server.gateway.part(Studio)

    @property
    def driver(self) -> Driver:
        """Return the driver of the one page that is open."""
        (held,) = self.studio.pages._held.values()  # noqa: SLF001  # pages are lent, not shown
        return held.driver

    def caller(self, key: str) -> aiohttp.ClientSession:
        """Return a client with a key."""
        return aiohttp.ClientSession(
            self.server.url,
            headers={"Authorization": f"Bearer {key}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def ask(
        self, said: str | Sequence[Any] = "Hello", model: str = MODEL, **fields: Any
    ) -> Answer:
        """Ask for a whole answer."""
        async with self.client.post(CHATS, json=body(said, model, **fields)) as response:
            return Answer(response.status, response.headers, await response.read())

    @asynccontextmanager
    async def stream(
        self, said: str | Sequence[Any] = "Hello", model: str = MODEL, **fields: Any
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """Ask for a stream, and hand out its events."""
        asked = body(said, model, stream=True, **fields)
        async with self.client.post(CHATS, json=asked) as response:
            assert response.status == 200, await response.text()
            yield events(response)

    async def rows(self) -> list[CredentialRow]:
        """Return the profiles as they are in the database."""
        gateway = self.server.gateway
        async with asyncio.timeout(20):
            # States are written beside the requests.
            while gateway.background._jobs:  # noqa: SLF001  # nobody is told when they are done
                await asyncio.sleep(0.005)
        return await gateway.database.run(lambda: CredentialRow.all().order_by("id"))

    async def charged(self) -> int:
        """Return what was charged; nothing may be held, and the books balance."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        assert held == 0
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance


def named(emulator: AIStudioEmulator, name: str) -> str:
    """Return an account's profile, called as the account is."""
    state = msgspec.json.decode(emulator.profile(name))
    return msgspec.json.encode({"name": name, **state}).decode()


def body(said: str | Sequence[Any], model: str = MODEL, **fields: Any) -> dict[str, Any]:
    """Return a request in OpenAI's dialect."""
    messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
    return {"model": model, "messages": messages, **fields}


async def events(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
    """Give the events of a stream."""
    async for line in response.content:
        data = line.removeprefix(b"data: ").strip()
        if data and data != b"[DONE]" and not data.startswith(b":"):
            yield msgspec.json.decode(data)
