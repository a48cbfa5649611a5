"""A running gateway with a small plugin, one user, one channel, and a scripted upstream."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import aiohttp
import yarl

from plugway import (
    BearerKey,
    CallSettled,
    Channel,
    ChannelSettings,
    CredentialExpired,
    Departure,
    Grant,
    Mount,
    Provider,
    Request,
    Secret,
    TariffRow,
    Upstream,
    Usage,
    hookimpl,
)
from plugway.calls.call import Call
from plugway.gateway import Gateway
from plugway.testing.scripted import ScriptedUpstream
from plugway.testing.server import GatewayServer

#: What a call to `/small/…` costs, and what the user has to begin with.
PRICE = 100
CREDITS = 1000


class MintedKey(BearerKey):
    """Is a bearer key whose minting fails for the secret `unmintable`."""

    async def mint(self, secret: Secret, channel: Channel, upstream: Upstream) -> Grant:
        """Return the header, or say that the secret has expired."""
        if secret.reveal() == "unmintable":
            raise CredentialExpired("the session has ended")
        return await super().mint(secret, channel, upstream)


class SmallPlugin:
    """Relays `/small/…` at a fixed price, and `/free/…` at none."""

    def __init__(self, departure: Departure) -> None:
        self.departure = departure
        self.settled: list[CallSettled] = []
        self.calls: list[Call] = []

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return the provider."""
        return [
            Provider(
                name="small",
                title="Small",
                credential="small",
                models=("one", "two"),
                settings=ChannelSettings,
                departure=self.departure,
            )
        ]

    @hookimpl
    def register_credentials(self) -> Iterable[BearerKey]:
        """Return the kind of secret."""
        return [MintedKey("small")]

    @hookimpl
    def register_tariffs(self) -> Iterable[TariffRow]:
        """Return the prices."""
        return [TariffRow(key="one", credits=str(PRICE)), TariffRow(key="free", credits="0")]

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the routes."""

        def relaying(key: str, model: str) -> Callable[[Request], Awaitable[Any]]:
            async def endpoint(request: Request) -> Any:
                async with gateway.calls.open(
                    request, provider="small", model=model, usage=Usage(key=key)
                ) as call:
                    self.calls.append(call)
                    return await call.relay(await call.forward(request))

            return endpoint

        return [
            Mount(path="/small", endpoint=relaying("one", "one"), prefix=True),
            Mount(path="/free", endpoint=relaying("free", "one"), prefix=True),
            Mount(path="/unpriced", endpoint=relaying("nothing", "one"), prefix=True),
            Mount(path="/unserved", endpoint=relaying("one", "two"), prefix=True),
        ]

    @hookimpl
    async def call_settled(self, event: CallSettled) -> None:
        """Keep what was told."""
        self.settled.append(event)


class SmallGateway:
    """Is a running gateway with one user, one channel, and the upstream behind it."""

    def __init__(
        self, server: GatewayServer, upstream: ScriptedUpstream, plugin: SmallPlugin
    ) -> None:
        self.server = server
        self.upstream = upstream
        self.plugin = plugin

    async def prepare(self, **channel: Any) -> None:
        """Add the user, the key and the channel."""
        base_url = await self.upstream.start()
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        options = {"models": ["one"], "secrets": ["upstream-secret"], **channel}
        await self.server.channel("small", base_url, **options)
        self.client = aiohttp.ClientSession(
            self.server.url, headers={"authorization": f"Bearer {self.key}"}
        )

    async def close(self) -> None:
        """Close the client and the upstream."""
        await self.client.close()
        await self.upstream.stop()

    async def call(
        self, path: str = "/small/x", method: str = "POST", **options: Any
    ) -> tuple[int, bytes, Any]:
        """Make a call; return status, body and headers."""
        url = yarl.URL(self.server.url + path, encoded=True)
        async with self.client.request(method, url, **options) as response:
            return response.status, await response.read(), response.headers

    async def departed(self, count: int = 1) -> None:
        """Wait until the gateway has noticed that clients left."""
        async with asyncio.timeout(10):
            while sum(call.departed for call in self.plugin.calls) < count:
                await asyncio.sleep(0.005)

    async def charged(self) -> tuple[int, int]:
        """Return what was charged and what is held, after the ledger has caught up."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        return CREDITS - balance, held

    async def until_charged(self, credits_: int, rows: int = 1) -> None:
        """Wait until the calls have ended, then check what they cost."""
        async with asyncio.timeout(10):
            while len(await self.server.usage()) < rows:
                await asyncio.sleep(0.01)
        assert await self.charged() == (credits_, 0)
        report = await self.server.verify()
        assert report.ok, report.problems
