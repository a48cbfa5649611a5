"""A gateway with a pooled plugin: accounts that answer chats, and an upstream behind them."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import aiohttp

from plugway import (
    BearerKey,
    ChatEvent,
    ChatModel,
    ChatModels,
    ChatRequest,
    CredentialChanged,
    Finish,
    Message,
    Mount,
    PooledChannelSettings,
    Provider,
    Request,
    TariffRow,
    Text,
    TextDelta,
    Turn,
    hookimpl,
)
from plugway.clock import Clock
from plugway.gateway import Gateway
from plugway.storage.models import CredentialRow
from plugway.testing.scripted import Script, ScriptedUpstream, Seen, answer
from plugway.testing.server import GatewayServer

SINGER = ChatModel(id="singer")
PAINTER = ChatModel(id="singer-image", base="singer", quotas=("text", "images"))


class Choir(ChatModels):
    """Answers with what the upstream says."""

    provider = "choir"

    def list(self) -> Iterable[ChatModel]:
        """Return the models."""
        return [SINGER, PAINTER]

    async def answer(
        self, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        """Ask the upstream, and give its words."""
        got = await turn.send("POST", "/sing", content=request.messages[-1].text.encode())
        if got.status >= 400:
            raise turn.refusal(got)
        yield TextDelta((await got.read(1 << 16)).decode())
        yield Finish()


class ChoirPlugin:
    """Serves `singer` and `singer-image` at `/sing`.

    Attributes:
        changes: What was told of credentials.
    """

    def __init__(self) -> None:
        self.changes: list[CredentialChanged] = []

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [
            Provider(
                name="choir",
                title="Choir",
                credential="choir",
                models=("singer",),
                settings=PooledChannelSettings,
            )
        ]

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [BearerKey("choir")]

    @hookimpl
    def register_models(self) -> Iterable[ChatModels]:
        """Return the models."""
        return [Choir()]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the prices: a credit a token."""
        yield TariffRow(key="singer", unit="input_token", credits="1")
        yield TariffRow(key="singer", unit="output_token", credits="1")

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the route."""

        async def sing(request: Request) -> Any:
            from starlette.responses import JSONResponse

            model = json.loads(await request.body())["model"]
            asked = ChatRequest(model=model, messages=(Message("user", (Text("la"),)),))
            done = await gateway.chat.complete(request, asked)
            return JSONResponse({"text": done.text})

        return [Mount(path="/sing", endpoint=sing)]

    @hookimpl
    async def credential_changed(self, event: CredentialChanged) -> None:
        """Keep what was told."""
        self.changes.append(event)


class ChoirHouse:
    """Is a running gateway with accounts `singer-0`, `singer-1`, … and their upstream.

    Attributes:
        voices: What the upstream says to an account, by secret; to others it says `la`.
        asked: How often each account was used.
        busy: Accounts that are in use at this moment, and how often at most at once.
    """

    def __init__(self, home: Path, clock: Clock | None = None) -> None:
        self.plugin = ChoirPlugin()
        self.server = GatewayServer(home, plugins={"choir": self.plugin}, clock=clock)
        self.upstream = ScriptedUpstream()
        self.voices: dict[str, Script] = {}
        self.asked: Counter[str] = Counter()
        self.client: aiohttp.ClientSession

    async def open(self, accounts: int, **settings: Any) -> None:
        """Start everything.

        Args:
            accounts: How many there are.
            settings: The channel's.
        """
        await self.server.__aenter__()
        self.upstream.scripts = [self._sing]
        base_url = await self.upstream.start()
        user = await self.server.user()
        key = await self.server.key(user)
        secrets = [f"singer-{place}" for place in range(accounts)]
        await self.server.channel(
            "choir", base_url, models=["singer"], secrets=secrets, settings=settings
        )
        self.client = aiohttp.ClientSession(
            self.server.url, headers={"authorization": f"Bearer {key}"}
        )

    async def close(self) -> None:
        """Stop everything."""
        await self.client.close()
        await self.server.__aexit__(None, None, None)
        await self.upstream.stop()

    async def sing(self, model: str = "singer") -> tuple[int, str, Mapping[str, str]]:
        """Make a call; return status, body and headers."""
        async with self.client.post("/sing", json={"model": model}) as response:
            return response.status, await response.text(), response.headers

    async def rows(
        self, until: Callable[[CredentialRow], bool] | None = None
    ) -> list[CredentialRow]:
        """Return the accounts' rows, once nothing is claimed and all are as they should be.

        Args:
            until: What must be so of each; None: nothing.
        """
        gateway = self.server.gateway
        async with asyncio.timeout(10):
            while True:
                found = await gateway.database.run(lambda: CredentialRow.all().order_by("id"))
                if all(row.claim is None and (until is None or until(row)) for row in found):
                    return list(found)
                await asyncio.sleep(0.01)

    async def _sing(
        self, seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        secret = (seen.header("authorization") or "").removeprefix("Bearer ")
        self.asked[secret] += 1
        script = self.voices.get(secret) or self.voices.get("all") or answer("200 OK", b"la")
        await script(seen, reader, writer)
