"""A gateway with a poet whose models need an account each, and users who queue for them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import aiohttp
from poet import Line, PoetModels, PoetPlugin

from plugway import BearerKey, Departure, PooledChannelSettings, Provider, hookimpl
from plugway.credentials.pool import Claim
from plugway.gateway import Gateway
from plugway.identity.users import UserRecord
from plugway.testing.server import GatewayServer

#: What a poet's price makes of `Hello` in OpenAI's dialect: four tokens and its five letters.
ASKED = 6


class PooledPoetPlugin(PoetPlugin):
    """Serves the poet's models with accounts."""

    def __init__(self, provider: str = "poet", departure: Departure | None = None) -> None:
        super().__init__(provider)
        self._departure = departure or Departure()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [
            Provider(
                name=self.poet.provider,
                title="Poet",
                credential="poet",
                models=("parrot", "poet"),
                more_models=True,
                settings=PooledChannelSettings,
                departure=self._departure,
            )
        ]

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [BearerKey("poet")]


class Said(NamedTuple):
    """Is what a client got."""

    status: int
    body: str
    headers: Mapping[str, str]

    @property
    def json(self) -> Any:
        """Return the body, read as JSON."""
        return json.loads(self.body)


class QueueHouse:
    """Is a running gateway with accounts, and users `ann`, `bob` and so on, each with a key.

    Attributes:
        server: The gateway.
        poet: The models.
        users: By name.
        keys: By the user's name.
    """

    def __init__(self, home: Path, provider: str = "poet", **options: Any) -> None:
        plugin = PooledPoetPlugin(provider, options.pop("departure", None))
        self.poet: PoetModels = plugin.poet
        plugins = {"poet": plugin, **options.pop("plugins", {})}
        self.server = GatewayServer(home, plugins=plugins, **options)
        self.users: dict[str, UserRecord] = {}
        self.keys: dict[str, str] = {}
        self._client: aiohttp.ClientSession

    async def __aenter__(self) -> QueueHouse:
        await self.server.__aenter__()
        self._client = aiohttp.ClientSession(self.server.url)
        for name in ("ann", "bob"):
            await self.user(name)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()
        await self.server.__aexit__(kind, error, trace)

    @property
    def gateway(self) -> Gateway:
        """Return the running gateway."""
        return self.server.gateway

    async def user(self, name: str, **options: Any) -> None:
        """Add a user with a key."""
        self.users[name] = await self.server.user(name, **options)
        self.keys[name] = await self.server.key(self.users[name])

    async def accounts(self, number: int, **settings: Any) -> None:
        """Add the channel with its accounts, which do not rest."""
        await self.server.channel(
            self.poet.provider,
            "http://127.0.0.1:9",
            models=["parrot", "poet"],
            secrets=[f"account-{place}" for place in range(number)],
            settings={"use_cooldown": 0, "wait": 600, **settings},
        )

    def says(self, *lines: Line) -> None:
        """Give the poet its next answer."""
        self.poet.script.append(list(lines))

    async def taken(self) -> Claim:
        """Take an account away from everybody."""
        (channel,) = self.gateway.channels.all()
        claim = await self.gateway.credentials.claim([channel], ("text",), owner="the test")
        assert claim is not None
        return claim

    async def ask(
        self,
        user: str,
        text: str = "Hello",
        *,
        path: str = "/v1/chat/completions",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> Said:
        """Ask in OpenAI's dialect, or post something else."""
        asked = {"model": "poet", "messages": [{"role": "user", "content": text}], **fields}
        sent = {"authorization": f"Bearer {self.keys[user]}", **(headers or {})}
        async with self._client.post(path, json=body or asked, headers=sent) as answer:
            return Said(answer.status, await answer.text(), answer.headers)

    async def opened(self, user: str, text: str = "Hello", **fields: Any) -> aiohttp.ClientResponse:
        """Ask in OpenAI's dialect; return what came once its headers have."""
        asked = {"model": "poet", "messages": [{"role": "user", "content": text}], **fields}
        sent = {"authorization": f"Bearer {self.keys[user]}"}
        return await self._client.post("/v1/chat/completions", json=asked, headers=sent)

    async def asked(self, user: str, text: str = "Hello", **options: Any) -> asyncio.Task[Said]:
        """Ask, and wait until the call is in the queue."""
        before = len(self.gateway.queue)
        task = asyncio.create_task(self.ask(user, text, **options))
        await self.until(lambda: len(self.gateway.queue) > before or task.done())
        return task

    async def get(self, user: str | None, path: str) -> Said:
        """Get something; None: without a key."""
        headers = {} if user is None else {"authorization": f"Bearer {self.keys[user]}"}
        async with self._client.get(path, headers=headers) as answer:
            return Said(answer.status, await answer.text(), answer.headers)

    async def post(self, user: str | None, path: str) -> Said:
        """Post nothing somewhere; None: without a key."""
        headers = {} if user is None else {"authorization": f"Bearer {self.keys[user]}"}
        async with self._client.post(path, headers=headers) as answer:
            return Said(answer.status, await answer.text(), answer.headers)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(60):
            while not condition():
                await asyncio.sleep(0.005)

    async def ended(self) -> list[tuple[int, int, str | None]]:
        """Return status, credits and error of each call, once none runs and nothing is held."""
        await self.until(lambda: not self.gateway.queue and not self.server.app.inflight)
        rows = await self.server.usage()
        for user in self.users.values():
            assert (await self.server.balance(user))[1] == 0
        return [(row.status, row.credits, row.error) for row in rows]
