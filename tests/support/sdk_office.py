"""A gateway with Gemini Business behind it, and the official packages of those who call it."""

from __future__ import annotations

import asyncio
import base64
import re
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from types import TracebackType
from typing import Any

from anthropic import AsyncAnthropic
from google import genai
from google.genai import types
from openai import AsyncOpenAI

import plugway_gemini_business
from plugway.identity.users import UserRecord
from plugway.testing import GatewayServer
from plugway_gemini_business.emulated.accounts import account
from plugway_gemini_business.emulated.media import png
from plugway_gemini_business.emulator import GeminiBusinessEmulator
from plugway_gemini_business.models import BUILTIN

CREDITS = 10**12
#: Of one currency unit; the default of the settings.
CREDITS_PER_UNIT = 500_000

MODEL = "gemini-2.5-flash"
#: What PRICES.md says of it: of a million tokens asked and answered, an image, a video.
PRICES = (Decimal("0.30"), Decimal("2.50"), Decimal("0.067"), Decimal("0.64"))

PICTURE = png(5, 3)
PICTURE_URL = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"

#: What answers show of media in dialects that have no block for them.
SHOWN = re.compile(r"!?\[(image|video)\]\(data:([a-z]+/[a-z0-9]+);base64,([A-Za-z0-9+/=]+)\)")


class Office:
    """Asks the gateway with the official packages.

    Attributes:
        server: The gateway.
        emulator: Stands in for the upstream, and says what has arrived.
        user: Pays.
        key: The user's.
        openai: The official `openai`; only the base URL and the key are told to it.
        anthropic: The official `anthropic`, the same.
        google: The official `google-genai`, the same.
    """

    user: UserRecord
    key: str
    openai: AsyncOpenAI
    anthropic: AsyncAnthropic
    google: genai.Client

    def __init__(
        self, home: Path, *, accounts: Sequence[str] = ("first", "second"), **options: Any
    ):
        """Prepare.

        Args:
            home: The gateway's.
            accounts: The emulator's.
            options: As `GatewayServer` takes.
        """
        environ = {
            # No browser opens by itself.
            "PLUGWAY__PLUGINS__GEMINI_BUSINESS__RENEWAL": "off",
            **options.pop("environ", {}),
        }
        plugins = {"gemini_business": plugway_gemini_business}
        self.server = GatewayServer(home, plugins=plugins, environ=environ, **options)
        self.emulator = GeminiBusinessEmulator(accounts=[account(name) for name in accounts])
        self._closing: list[Callable[[], Any]] = []

    async def __aenter__(self) -> Office:
        await self.emulator.start()
        await self.server.__aenter__()
        self.user = await self.server.user(credits_=CREDITS)
        self.key = await self.server.key(self.user)
        self.openai = self.as_openai(self.key)
        self.anthropic = self.as_anthropic(self.key)
        self.google = self.as_google(self.key)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.emulator.release()
        for close in self._closing:
            await close()
        await self.server.__aexit__(kind, error, trace)
        await self.emulator.stop()

    def as_openai(self, key: str) -> AsyncOpenAI:
        """Return `openai` with a key."""
        client = AsyncOpenAI(base_url=f"{self.server.url}/v1", api_key=key, max_retries=0)
        self._closing.append(client.close)
        return client

    def as_anthropic(self, key: str) -> AsyncAnthropic:
        """Return `anthropic` with a key."""
        client = AsyncAnthropic(base_url=self.server.url, api_key=key, max_retries=0)
        self._closing.append(client.close)
        return client

    def as_google(self, key: str) -> genai.Client:
        """Return `google-genai` with a key."""
        options = types.HttpOptions(base_url=self.server.url)
        client = genai.Client(api_key=key, http_options=options)

        async def close() -> None:
            await client.aio.aclose()
            client.close()

        self._closing.append(close)
        return client

    async def channel(self, *, secrets: Sequence[str] | None = None, **settings: Any) -> int:
        """Add a channel; no account of it rests between two calls.

        Args:
            secrets: Account files; None: those of all accounts of the emulator.
            settings: More of the channel's.
        """
        return await self.server.channel(
            "gemini_business",
            self.emulator.url,
            secrets=self.emulator.secrets if secrets is None else secrets,
            settings={"use_cooldown": 0, "wait": 1, **settings},
            models=sorted(BUILTIN),
        )

    async def charged(self) -> int:
        """Return what was charged; nothing is held, the books balance, no account is in use."""
        server = self.server
        await server.gateway.ledger.flush()
        balance, held = await server.balance(self.user)
        assert held == 0
        report = await server.verify()
        assert report.ok, report.problems
        assert self.in_use() == 0
        return CREDITS - balance

    def in_use(self) -> int:
        """Return how many accounts are in use."""
        gateway = self.server.gateway
        found = [gateway.credentials.conditions(one) for one in gateway.channels.all()]
        return sum(one["in_use"] for one in found)

    def busy(self) -> int:
        """Return how many questions the upstream is answering now."""
        return sum(self.emulator.truth.busy(one.name) for one in self.emulator.accounts)

    def asks(self) -> int:
        """Return how many questions the upstream got."""
        return sum(one.call == "ask" for one in self.emulator.truth.uses)

    async def until_asked(self) -> None:
        """Wait until the upstream has a question to answer."""
        async with asyncio.timeout(10):
            while not self.emulator.truth.asked:
                await asyncio.sleep(0.002)

    async def until_free(self) -> None:
        """Wait until no account is in use, and the calls that used one are noted."""
        async with asyncio.timeout(10):
            while self.in_use() or not await self.server.usage():
                await asyncio.sleep(0.002)

    async def until_left(self) -> None:
        """Wait until the upstream has nobody to answer any more, and one at least has left."""
        truth = self.emulator.truth
        async with asyncio.timeout(10):
            while self.busy():
                await asyncio.sleep(0.002)
        assert any(use.left for use in truth.uses if use.call == "ask")

    @asynccontextmanager
    async def held(self, after: int = 3) -> AsyncIterator[None]:
        """Have the next answer stop amid its way; at the end of the block it goes on."""
        self.emulator.mishap("silent", after=after)
        try:
            yield
        finally:
            self.emulator.release()


def price(asked: int, answered: int, images: int = 0, videos: int = 0) -> int:
    """Return what `MODEL` costs, reckoned from the published prices."""
    per_asked, per_answered, image, video = PRICES
    tokens = (asked * per_asked + answered * per_answered) / 1_000_000
    units = tokens + images * image + videos * video
    return int((units * CREDITS_PER_UNIT).quantize(Decimal(1), ROUND_HALF_UP))


def shown(text: str, kind: str) -> list[bytes]:
    """Return the media of a kind that a text shows."""
    return [base64.b64decode(found[3]) for found in SHOWN.finditer(text) if found[1] == kind]
