"""A gateway with the poet, for tests of the Gemini dialect."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from google import genai
from google.genai import types
from poet import Line, PoetModels

from plugway.identity.users import UserRecord
from plugway.testing.server import GatewayServer

#: Google's client derives from a class of aiohttp that does not want that.
ITS_OWN_WARNING = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession:DeprecationWarning"
)

#: A request that any model takes.
HELLO: dict[str, Any] = {"contents": [{"parts": [{"text": "hello you"}]}]}


class GeminiFront:
    """Is a gateway, its poet, a user with a key, and Google's own client.

    Attributes:
        server: The gateway.
        poet: Says what its script tells.
        http: For requests that Google's client would not make.
        user: Has credits.
        key: The user's.
        google: Google's client with that key.
    """

    user: UserRecord
    key: str
    google: genai.Client

    def __init__(
        self, server: GatewayServer, poet: PoetModels, http: aiohttp.ClientSession
    ) -> None:
        self.server = server
        self.poet = poet
        self.http = http
        self._clients: list[genai.Client] = []

    async def prepare(self) -> None:
        """Make the user, the key, the channel and the client."""
        self.user = await self.server.user()
        self.key = await self.server.key(self.user)
        await self.server.channel(
            "poet", "http://127.0.0.1:1", models=["parrot", "poet", "poet-image"]
        )
        self.google = self.client(self.key)

    async def close(self) -> None:
        """Close all clients."""
        for client in self._clients:
            await client.aio.aclose()
            client.close()

    def client(self, key: str, version: str | None = None) -> genai.Client:
        """Return Google's client with another key, and another version than its own choice."""
        options = types.HttpOptions(base_url=self.server.url, api_version=version)
        client = genai.Client(api_key=key, http_options=options)
        self._clients.append(client)
        return client

    def says(self, *lines: Line) -> None:
        """Add an answer to the script."""
        self.poet.script.append([*lines])

    def post(
        self, method: str, body: Any = None, *, model: str = "poet", base: str = "/v1beta"
    ) -> Any:
        """Post to a method, such as `streamGenerateContent?alt=sse`."""
        return self.http.post(
            f"{self.server.url}{base}/models/{model}:{method}",
            json=HELLO if body is None else body,
            headers={"x-goog-api-key": self.key},
        )

    async def told(self, method: str, body: Any = None, **options: Any) -> tuple[int, Any]:
        """Post, and return status and JSON of the answer."""
        async with self.post(method, body, **options) as answer:
            return answer.status, await answer.json()

    async def untouched(self) -> bool:
        """Say whether nothing was held, charged or noted."""
        balance = await self.server.balance(self.user)
        return balance == (1_000_000, 0) and not await self.server.usage()
