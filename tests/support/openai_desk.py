"""A gateway with the poet, one user and one key, asked by the official `openai` package."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
import openai
from poet import Line, PoetModels, PoetPlugin

from plugway.identity.users import UserRecord
from plugway.testing.server import GatewayServer

CREDITS = 1_000_000

#: A picture and a video, as short as their beginnings.
PNG = b"\x89PNG\r\n\x1a\n"
MP4 = b"\0\0\0\x18ftypmp42"


def user_says(text: str) -> list[Any]:
    """Return a conversation of one message."""
    return [{"role": "user", "content": text}]


class OpenAIDesk:
    """Asks the poet in OpenAI's dialect.

    Attributes:
        server: The gateway.
        poet: The models.
        user: Who pays.
        key: The user's.
        client: The official package; only the address and the key are told to it.
        raw: For what the package does not show.
    """

    user: UserRecord
    key: str
    client: openai.AsyncOpenAI

    def __init__(self, home: Path, **options: Any) -> None:
        plugin = PoetPlugin()
        self.poet: PoetModels = plugin.poet
        plugins = {"poet": plugin, **options.pop("plugins", {})}
        self.server = GatewayServer(home, plugins=plugins, **options)

    async def __aenter__(self) -> OpenAIDesk:
        await self.server.__aenter__()
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        await self.server.channel("poet", "http://127.0.0.1:9", models=["parrot", "poet"])
        self.client = self.with_key(self.key)
        self.raw = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.client.close()
        await self.raw.close()
        await self.server.__aexit__(kind, error, trace)

    def with_key(self, key: str) -> openai.AsyncOpenAI:
        """Return the official package with a key."""
        return openai.AsyncOpenAI(base_url=f"{self.server.url}/v1", api_key=key, max_retries=0)

    def says(self, *lines: Line) -> None:
        """Give the poet its next answer."""
        self.poet.script.append(list(lines))

    async def post(self, body: Any, path: str = "/v1/chat/completions") -> tuple[int, Any]:
        """Post bytes or JSON; return status and what came."""
        data = {"data": body} if isinstance(body, bytes) else {"json": body}
        headers = {"authorization": f"Bearer {self.key}"}
        async with self.raw.post(self.server.url + path, headers=headers, **data) as answer:
            return answer.status, await answer.json()

    async def chunks(self, **body: Any) -> list[bytes]:
        """Return the events of a stream, byte for byte."""
        headers = {"authorization": f"Bearer {self.key}"}
        asked = {"model": "poet", "messages": user_says("Hi"), "stream": True, **body}
        url = f"{self.server.url}/v1/chat/completions"
        async with self.raw.post(url, headers=headers, json=asked) as answer:
            assert answer.status == 200, await answer.text()
            assert answer.content_type == "text/event-stream"
            events = (await answer.read()).split(b"\n\n")
        assert events.pop() == b""
        return events

    async def calls(self, number: int) -> list[tuple[int, int, str | None]]:
        """Wait for so many calls to end; return status, credits and error of each."""
        async with asyncio.timeout(10):
            while len(rows := await self.server.usage()) < number:
                await asyncio.sleep(0.01)
        return [(row.status, row.credits, row.error) for row in rows]

    async def spent(self) -> int:
        """Return the credits that were charged; none may still be held."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        assert held == 0
        return CREDITS - balance
