"""A gateway with Flow behind it, and the official packages of those who call it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

import aiohttp
from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from openai import AsyncOpenAI

import plugway_flow
from plugway.identity.users import UserRecord
from plugway.storage.models import CredentialRow
from plugway.testing import GatewayServer
from plugway_flow.emulated.pictures import png
from plugway_flow.emulator import FlowEmulator
from plugway_flow.models import families

CREDITS = 10**12

IMAGE = "gemini-3.0-pro-image"
VIDEO = "veo_3_1_t2v_fast"
FRAMES = "veo_3_1_i2v_s_fast_fl"
LONGER = "veo_3_1_extend"

#: What PRICES.md says of them: for an image, and for a second of video.
PRICES = {
    IMAGE: Decimal("0.134"),
    VIDEO: Decimal("0.15"),
    FRAMES: Decimal("0.15"),
    LONGER: Decimal("0.40"),
}

#: Of one currency unit; the default of the settings.
CREDITS_PER_UNIT = 500_000

PICTURE = png("a ship", 24, 16)

#: Of channels: videos are asked for as soon as they can be.
SETTINGS = {"poll_first": 0.02, "poll_seconds": 0.02, "wait": 10}

#: Seconds after which what is waited for will not come any more.
PATIENCE = 20.0


class FlowSystem:
    """Asks the gateway with the official packages.

    Attributes:
        server: The gateway.
        emulator: Stands in for the upstream, and says what has arrived.
        user: Pays.
        key: The user's.
        openai: The official `openai`; only the base URL and the key are told to it.
        anthropic: The official `anthropic`, the same.
        google: The official `google-genai`, the same.
        raw: Asks without a key.
    """

    user: UserRecord
    key: str
    openai: AsyncOpenAI
    anthropic: AsyncAnthropic
    google: genai.Client
    raw: aiohttp.ClientSession

    def __init__(self, home: Path, emulator: FlowEmulator, **options: Any) -> None:
        """Prepare.

        Args:
            home: The gateway's.
            emulator: Not started yet.
            options: As `GatewayServer` takes.
        """
        environ = {"PLUGWAY__PLUGINS__STRICT": "true", **options.pop("environ", {})}
        plugins = {"flow": plugway_flow}
        self.server = GatewayServer(home, plugins=plugins, environ=environ, **options)
        self.emulator = emulator
        self._closing: list[Callable[[], Any]] = []
        self._pulse: asyncio.Task[None] | None = None

    async def __aenter__(self) -> FlowSystem:
        await self.emulator.start()
        await self.server.__aenter__()
        self.raw = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self._closing.append(self.raw.close)
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        self.openai = self.as_openai(self.key)
        self.anthropic = AsyncAnthropic(base_url=self.server.url, api_key=self.key, max_retries=0)
        self._closing.append(self.anthropic.close)
        options = types.HttpOptions(base_url=self.server.url)
        self.google = genai.Client(api_key=self.key, http_options=options)
        self._closing += [self.google.aio.aclose, self._closed]
        self._pulse = asyncio.create_task(self._hurry())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.emulator.release()
        if self._pulse is not None:
            self._pulse.cancel()
        for close in self._closing:
            await close()
        await self.server.__aexit__(kind, error, trace)
        await self.emulator.stop()

    def as_openai(self, key: str) -> AsyncOpenAI:
        """Return `openai` with a key."""
        client = AsyncOpenAI(base_url=f"{self.server.url}/v1", api_key=key, max_retries=0)
        self._closing.append(client.close)
        return client

    async def other(self, name: str, credits_: int = CREDITS) -> AsyncOpenAI:
        """Return `openai` with the key of another user."""
        user = await self.server.user(name, credits_=credits_)
        return self.as_openai(await self.server.key(user))

    async def channel(self, **settings: Any) -> int:
        """Add a channel with all accounts, in their order.

        Args:
            settings: More of the channel's.
        """
        return await self.server.channel(
            "flow",
            self.emulator.url,
            secrets=self.emulator.secrets,
            settings={**SETTINGS, **settings},
            models=sorted(families()),
        )

    async def fetch(self, url: str) -> tuple[str, bytes]:
        """Fetch a URL of ours without a key; return type and bytes."""
        assert url.startswith(f"{self.server.url}/")
        async with self.raw.get(url) as answer:
            assert answer.status == 200, await answer.text()
            return answer.content_type, await answer.read()

    async def spent(self) -> tuple[int, int]:
        """Return what was charged, and what is held; the books are right."""
        await self.server.gateway.ledger.flush()
        balance, held = await self.server.balance(self.user)
        report = await self.server.verify()
        assert report.ok, report.problems
        return CREDITS - balance, held

    async def rows(self) -> list[CredentialRow]:
        """Return the accounts' rows, when nothing is left to be written."""
        background = self.server.gateway.background
        await self.until(lambda: not background._jobs)  # noqa: SLF001  # nobody tells
        return await self.server.gateway.database.run(lambda: CredentialRow.all().order_by("id"))

    def submits(self) -> int:
        """Return how many videos the upstream was asked for."""
        return len(self.emulator.truth.of("submit"))

    async def until(self, holds: Callable[[], object], seconds: float = PATIENCE) -> None:
        """Wait until something holds."""
        async with asyncio.timeout(seconds):
            while not holds():
                await asyncio.sleep(0.005)

    async def _hurry(self) -> None:
        """Have tasks looked at often: a second each is long where there are many tests."""
        while True:
            self.server.gateway.tasks.polling.wake()
            await asyncio.sleep(0.05)

    async def _closed(self) -> None:
        self.google.close()


def price(model: str, count: int) -> int:
    """Return what images cost, or the seconds of a video, reckoned from the published prices."""
    return int(PRICES[model] * count * CREDITS_PER_UNIT)
