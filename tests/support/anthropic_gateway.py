"""A running gateway with the poet, and the official package of Anthropic that talks to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import aiohttp
from anthropic import AsyncAnthropic
from anthropic.types import Message
from poet import Line, PoetModels, PoetPlugin

from plugway.identity.users import UserRecord
from plugway.testing.server import GatewayServer

CREDITS = 1_000_000

#: A question that every model can answer.
ASKED: Mapping[str, Any] = {
    "model": "poet",
    "max_tokens": 1000,
    "messages": [{"role": "user", "content": "Hello there"}],
}


class AnthropicGateway:
    """Is a gateway with one user, and the official client with the user's key."""

    user: UserRecord
    key: str
    client: AsyncAnthropic

    def __init__(self, server: GatewayServer, plugin: PoetPlugin) -> None:
        self.server = server
        self.poet: PoetModels = plugin.poet
        self._clients: list[AsyncAnthropic] = []

    async def prepare(self, *, channel: bool = True) -> None:
        """Add the user, the key and the channel, if there is to be one."""
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        if channel:
            await self.server.channel("poet", "http://127.0.0.1:1", models=["parrot", "poet"])
        self.client = self.made(api_key=self.key)

    def made(self, **options: Any) -> AsyncAnthropic:
        """Make the official client; only what every user of it sets is set."""
        client = AsyncAnthropic(base_url=self.server.url, max_retries=0, **options)
        self._clients.append(client)
        return client

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            await client.close()

    def says(self, *lines: Line) -> None:
        """Make the model answer so."""
        self.poet.script.append(list(lines))

    async def ask(self, **options: Any) -> Message:
        """Ask for a whole answer; options replace those of the question."""
        body: dict[str, Any] = {**ASKED, **options}
        message: Message = await self.client.messages.create(**body)
        return message

    async def post(
        self, body: Any, path: str = "/v1/messages", headers: Mapping[str, str] | None = None
    ) -> tuple[int, Any]:
        """Send a body as it is; return status and JSON."""
        async with (
            aiohttp.ClientSession(headers={"x-api-key": self.key, **(headers or {})}) as session,
            session.post(self.server.url + path, json=body) as response,
        ):
            return response.status, await response.json()

    async def bytes_of(self, body: Any) -> bytes:
        """Send a body; return the bytes of the stream."""
        async with (
            aiohttp.ClientSession(headers={"x-api-key": self.key}) as session,
            session.post(self.server.url + "/v1/messages", json=body) as response,
        ):
            assert response.status == 200
            assert response.content_type == "text/event-stream"
            return await response.read()

    async def charged(self) -> int:
        """Return what was charged; nothing is held, and the books are right."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        assert held == 0
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance
