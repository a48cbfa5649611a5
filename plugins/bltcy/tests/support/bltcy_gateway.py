"""A gateway with the plugin, one user, and the emulator behind it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp

from plugway.testing import GatewayServer
from plugway_bltcy.emulator import BltcyEmulator

CREDITS = 100_000


class PassThrough:
    """Is the running whole."""

    def __init__(self, server: GatewayServer, emulator: BltcyEmulator) -> None:
        self.server = server
        self.emulator = emulator

    async def prepare(self) -> None:
        """Add the user and the key, and open a client."""
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        self.client = aiohttp.ClientSession(
            self.server.url,
            headers={"Authorization": f"Bearer {self.key}"},
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
        )

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Make a call and return its status and its body from JSON."""
        async with self.client.request(method, path, **options) as response:
            return response.status, await response.json(content_type=None)

    async def charged(self, calls: int) -> int:
        """Return what was charged, once so many calls have ended; nothing may be held."""
        async with asyncio.timeout(10):
            while len(await self.server.usage()) < calls:
                await asyncio.sleep(0.01)
        balance, held = await self.server.balance(self.user)
        assert held == 0
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance
