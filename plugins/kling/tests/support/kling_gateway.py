"""A gateway with the plugin, users, and the emulator behind it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec

from plugway.testing import GatewayServer
from plugway_kling.emulator import KlingEmulator
from plugway_kling.tariff import models

CREDITS = 10**12

#: Every model that a channel can list: Kling's own, and the names that stand for endpoints.
MODELS = sorted({*models(), *KlingEmulator.models})

TEXT2VIDEO = "/kling/v1/videos/text2video"
IMAGES = "/kling/v1/images/generations"
PROMPT = {"model_name": "kling-v1", "prompt": "a lighthouse", "mode": "std", "duration": "5"}

#: Credits of that video, and of one image of kling-v1.
PRICE = 2_500_000


class Client:
    """Is one user of the gateway."""

    def __init__(self, url: str, key: str) -> None:
        self.key = key
        self.session = aiohttp.ClientSession(
            url,
            headers={"Authorization": f"Bearer {key}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Make a call and return its status and its body from JSON."""
        async with self.session.request(method, path, **options) as response:
            return response.status, await response.json(content_type=None)

    async def get(self, path: str, **options: Any) -> tuple[int, Any]:
        """Ask."""
        return await self.call("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> tuple[int, Any]:
        """Send JSON."""
        return await self.call("POST", path, json=json, **options)

    async def raw(self, path: str, json: Any) -> bytes:
        """Send JSON and return the answer's bytes."""
        async with self.session.post(path, json=json) as response:
            return await response.read()

    async def make(self, path: str = TEXT2VIDEO, **fields: Any) -> dict[str, Any]:
        """Make a task, of the usual video unless other fields are given; return its data."""
        status, body = await self.post(path, {**PROMPT, **fields})
        assert (status, body["code"]) == (200, 0), body
        data: dict[str, Any] = body["data"]
        return data

    async def ended(self, path: str, seconds: float = 10.0) -> dict[str, Any]:
        """Ask for a task until it has ended, and return its data."""
        async with asyncio.timeout(seconds):
            while True:
                status, body = await self.get(path)
                assert (status, body["code"]) == (200, 0), body
                data: dict[str, Any] = body["data"]
                if data["task_status"] in ("succeed", "failed"):
                    return data
                await asyncio.sleep(0.01)


class Kling:
    """Is the running whole."""

    def __init__(self, server: GatewayServer, emulator: KlingEmulator) -> None:
        self.server = server
        self.emulator = emulator
        self._clients: list[Client] = []

    async def prepare(self) -> None:
        """Add the first user."""
        self.user = await self.server.user(credits_=CREDITS)
        self.alice = await self.client(self.user)

    async def client(self, user: Any, **options: Any) -> Client:
        """Add a key and open a client with it."""
        name = f"key{len(self._clients)}"
        client = Client(self.server.url, await self.server.key(user, name, **options))
        self._clients.append(client)
        return client

    async def second(self) -> Client:
        """Add another user, and open a client."""
        return await self.client(await self.server.user("bob", credits_=CREDITS))

    async def channel(self, *secrets: str, name: str = "main", **options: Any) -> int:
        """Add a channel to the emulator."""
        given = {"models": MODELS, **options}
        return await self.server.channel(
            "kling", self.emulator.url, name=name, secrets=secrets, **given
        )

    def public(self) -> None:
        """Tell the gateway its own address, so that the upstream can reach it."""
        path = self.server.home / "plugway.toml"
        path.write_text(f'[server]\npublic_url = "{self.server.url}"\n')
        path.chmod(0o600)
        self.server.gateway.live.check()
        assert self.server.gateway.current().server.public_url == self.server.url

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients:
            await client.session.close()

    async def charged(self) -> int:
        """Return what was charged to the first user; nothing may be held, the books balance."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        assert held == 0
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance

    async def held(self) -> int:
        """Return what is held of the first user."""
        await self.server.gateway.ledger.flush()
        return (await self.server.balance(self.user))[1]

    def sent(self, path: str = "", method: str = "POST") -> list[Mapping[str, Any]]:
        """Return the bodies that the upstream got, oldest first."""
        return [
            msgspec.json.decode(seen.body or b"{}")
            for seen in self.emulator.seen
            if seen.method == method and seen.target.startswith(path)
        ]
