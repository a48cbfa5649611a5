"""A gateway with a canary in everything that is secret, and all that it said."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import plugway_shop
import yarl
from leaks import Leaks

from plugway.testing import GatewayServer
from plugway.testing.scripted import ScriptedUpstream, Seen, answer
from plugway_bltcy.emulator import BltcyEmulator


class Whole:
    """Is a gateway that knows a canary of every kind, and all that it said.

    Attributes:
        leaks: The canaries.
        said: Error bodies, headers, lists.
    """

    def __init__(self, server: GatewayServer, leaks: Leaks) -> None:
        self.server = server
        self.leaks = leaks
        self.said: list[str] = []
        self.emulator = BltcyEmulator()
        self.shop = plugway_shop.ShopEmulator()
        self.proxy = ScriptedUpstream()
        self.client = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())

    async def prepare(self) -> None:
        """Add users, keys of every kind, and channels that work or fail each in its way."""
        server, leaks = self.server, self.leaks
        self.emulator.secret = leaks.new("credential", "sk-")
        url = await self.emulator.start()
        shop = await self.shop.start()
        self.proxy.scripts = [_refuse_and_repeat]
        proxy = (await self.proxy.start()).removeprefix("http://")

        alice = await server.user("alice", credits_=1_000_000)
        self.key = leaks.add("client key", await server.key(alice))
        poor = await server.user("poor", credits_=1)
        self.poor = leaks.add("poor key", await server.key(poor))
        narrow = await server.key(alice, "narrow", quota=1, models=["runway"])
        self.narrow = leaks.add("narrow key", narrow)
        leaks.add("secret key of a pair", await server.key(alice, "pair", pair=True))
        root = await server.user("root", credits_=0, role="admin")
        self.admin = leaks.add("admin key", await server.key(root))

        login = leaks.new("proxy password")
        dead = "http://127.0.0.1:1"
        for model, base_url, settings in (
            ("runway", url, {}),
            ("kling", dead, {}),
            ("pika", url.replace("http:", "https:"), {}),
            ("jimeng", url, {"proxy": f"http://me:{login}@{proxy}"}),
            ("suno", url, {"proxy": f"socks5://me:{login}@127.0.0.1:1"}),
            ("luma", "http://upstream.example", {}),
            ("udio", "https://upstream.example", {"proxy": f"http://me:{login}@{proxy}"}),
        ):
            await server.channel(
                "bltcy",
                base_url,
                name=model,
                models=[model],
                secrets=[self.emulator.secret],
                settings={"connect_timeout": 5, **settings},
            )
        pin = leaks.new("channel setting")
        refused = leaks.new("refused credential")
        await server.channel("shop", shop, name="shop", secrets=[refused], settings={"pin": pin})
        self.unusable = leaks.new("unusable credential")
        await server.channel("leaky", url, name="leaky", secrets=[self.unusable])

    async def close(self) -> None:
        """Stop all."""
        await self.client.close()
        await self.emulator.stop()
        await self.shop.stop()
        await self.proxy.stop()

    async def call(self, path: str, expect: int, key: str | None = None, **options: Any) -> None:
        """Make a call with canaries in it; keep what the gateway itself said."""
        leaks = self.leaks
        query, cookie, body = map(leaks.new, ("query", "cookie", "body"))
        headers = {
            "authorization": f"Bearer {key or self.key}",
            "cookie": f"session={cookie}",
            **options.pop("headers", {}),
        }
        url = yarl.URL(f"{self.server.url}{path}?api_key={query}&token={query}", encoded=True)
        async with self.client.post(
            url, headers=headers, data=f'{{"prompt":"{body}"}}', **options
        ) as response:
            try:
                text = await response.text()
            except aiohttp.ClientPayloadError:
                text = "cut"
            assert response.status == expect, text
            # What the upstream said goes to the client as it is, and is not the gateway's.
            upstreams = "x-plugway-overhead-ms" in response.headers
            self.said += [str(response.headers), "" if upstreams else text]

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask as the administrator, and keep the answer."""
        async with self.client.request(
            method,
            self.server.url + path,
            headers={"authorization": f"Bearer {self.admin}"},
            json=body,
        ) as response:
            text = await response.text()
            self.said += [str(response.headers), text]
            kind = response.content_type
            return response.status, json.loads(text) if kind == "application/json" else text


async def _refuse_and_repeat(
    seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Refuse as a proxy does that tells whom it did not let through."""
    login = seen.header("proxy-authorization") or ""
    refusal = answer("407 Proxy Authentication Required", login.encode(), f"x-login: {login}")
    await refusal(seen, reader, writer)
