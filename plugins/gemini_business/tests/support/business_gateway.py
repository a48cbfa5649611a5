"""A gateway with the plugin, a user, and the emulator behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import aiohttp
import msgspec

from plugway.storage.models import CredentialRow
from plugway.testing import GatewayServer, ManualClock
from plugway_gemini_business.emulator import GeminiBusinessEmulator
from plugway_gemini_business.models import BUILTIN

T = TypeVar("T")

CREDITS = 10**12
MODEL = "gemini-2.5-flash"
CHATS = "/v1/chat/completions"

#: Settings of channels in tests: nobody waits between two calls, and nobody waits for long.
SETTINGS = {"use_cooldown": 0, "wait": 1}


class Answer:
    """Is a whole answer to a client."""

    def __init__(self, status: int, headers: Any, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self) -> Any:
        """Return it from JSON."""
        return msgspec.json.decode(self.body)

    @property
    def text(self) -> str:
        """Return what the assistant says."""
        assert self.status == 200, self.body[:500]
        content: str | None = self.json["choices"][0]["message"]["content"]
        return content or ""

    @property
    def error(self) -> str:
        """Return the message of an error."""
        message: str = self.json["error"]["message"]
        return message


class Business:
    """Is the running whole."""

    def __init__(
        self, server: GatewayServer, emulator: GeminiBusinessEmulator, clock: ManualClock
    ) -> None:
        self.server = server
        self.emulator = emulator
        self.clock = clock
        self.client: aiohttp.ClientSession

    async def __aenter__(self) -> Business:
        self.user = await self.server.user(credits_=CREDITS)
        key = await self.server.key(self.user)
        self.client = aiohttp.ClientSession(
            self.server.url,
            headers={"Authorization": f"Bearer {key}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()

    async def channel(self, *accounts: str, name: str = "main", **settings: Any) -> int:
        """Add a channel with accounts of the emulator's."""
        return await self.server.channel(
            "gemini_business",
            self.emulator.url,
            name=name,
            secrets=[self.emulator.account_file(one) for one in accounts],
            settings={**SETTINGS, **settings},
            models=sorted(BUILTIN),
        )

    async def ask(
        self, said: str | Sequence[Any] = "Hello", model: str = MODEL, **fields: Any
    ) -> Answer:
        """Ask for a whole answer, and let time pass until it is there."""
        messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
        body = {"model": model, "messages": messages, **fields}
        return await self.meanwhile(self._ask(body))

    async def meanwhile(self, work: Coroutine[Any, Any, T]) -> T:
        """Let time pass, a little at a time, until something is done."""
        task = asyncio.create_task(work)
        async with asyncio.timeout(20):
            while not task.done():
                await asyncio.sleep(0.002)
                self.clock.advance(0.02)
        return task.result()

    @asynccontextmanager
    async def stream(
        self, said: str | Sequence[Any] = "Hello", model: str = MODEL, **fields: Any
    ) -> AsyncIterator[AsyncIterator[Any]]:
        """Ask for a stream, and hand out its events."""
        messages = [{"role": "user", "content": said}] if isinstance(said, str) else said
        body = {"model": model, "messages": messages, "stream": True, **fields}
        async with self.client.post(CHATS, json=body) as response:
            assert response.status == 200, await response.text()
            yield self._events(response)

    async def row(self, account: str) -> CredentialRow:
        """Return an account's row, as it is in the database."""
        email = self.emulator.accounts[account].email
        gateway = self.server.gateway
        async with asyncio.timeout(5):
            # States are written beside the requests.
            while gateway.background._jobs:  # noqa: SLF001  # nobody is told when they are done
                await asyncio.sleep(0.002)
        return await gateway.database.run(lambda: CredentialRow.get(label=email))

    async def states(self) -> dict[str, str]:
        """Return the state of each account, as it is in the database."""
        return {one.name: (await self.row(one.name)).state for one in self.emulator.accounts}

    async def charged(self) -> int:
        """Return what was charged; nothing may be held, and the books balance."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        assert held == 0
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance

    async def _ask(self, body: dict[str, Any]) -> Answer:
        async with self.client.post(CHATS, json=body) as response:
            return Answer(response.status, response.headers, await response.read())

    @staticmethod
    async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[Any]:
        async for line in response.content:
            data = line.removeprefix(b"data: ").strip()
            if data and data != b"[DONE]" and not data.startswith(b":"):
                yield msgspec.json.decode(data)
