"""A pool of Gemini Business accounts behind a gateway, and what really happened to them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from business_gateway import CREDITS, MODEL, Answer, Business

import plugway_gemini_business
from plugway.testing import GatewayServer, ManualClock
from plugway_gemini_business.emulator import GeminiBusinessEmulator

#: No browser opens by itself.
ENVIRON = {
    "PLUGWAY__PLUGINS__ALLOW": "gemini_business",
    "PLUGWAY__PLUGINS__GEMINI_BUSINESS__RENEWAL": "off",
}

#: Seconds that two processes may differ in when something was.
SLACK = 0.005


class Pool(Business):
    """Is a gateway with a caller, who may have a key from an earlier run.

    Attributes:
        key: The caller's.
    """

    def __init__(
        self,
        server: GatewayServer,
        emulator: GeminiBusinessEmulator,
        clock: ManualClock,
        key: str = "",
    ) -> None:
        super().__init__(server, emulator, clock)
        self.key = key

    async def __aenter__(self) -> Pool:
        if not self.key:
            self.user = await self.server.user(credits_=CREDITS)
            self.key = await self.server.key(self.user)
        connector = aiohttp.TCPConnector(limit=0)
        self.client = aiohttp.ClientSession(
            self.server.url,
            connector=connector,
            headers={"Authorization": f"Bearer {self.key}"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def crowd(self, clients: int) -> list[Answer]:
        """Let many ask for a whole answer at once."""
        body = {"model": MODEL, "messages": [{"role": "user", "content": "Hello"}]}

        async def together() -> list[Answer]:
            return list(await asyncio.gather(*(self._ask(body) for _ in range(clients))))

        return await self.meanwhile(together())


@asynccontextmanager
async def upstream(clock: ManualClock, *accounts: str) -> AsyncIterator[GeminiBusinessEmulator]:
    """Run an emulator with a gateway's time.

    Args:
        clock: The time.
        accounts: Names.
    """
    emulator = GeminiBusinessEmulator(
        accounts=accounts,
        now=lambda: clock.now() / 1_000_000,
        # Commands are processes of their own, with a time that goes on.
        skew_seconds=3_600,
    )
    await emulator.start()
    yield emulator
    await emulator.stop()


@asynccontextmanager
async def gateway(
    home: Path,
    emulator: GeminiBusinessEmulator,
    clock: ManualClock,
    *,
    key: str = "",
    environ: Mapping[str, str] | None = None,
) -> AsyncIterator[Pool]:
    """Run a gateway in a home, which may have served before.

    Args:
        home: The directory.
        emulator: The upstream; it runs.
        clock: The time.
        key: A caller's from an earlier run; empty: a new caller.
        environ: Settings, as environment variables.
    """
    server = GatewayServer(
        home,
        plugins={"gemini_business": plugway_gemini_business},
        environ={**ENVIRON, **(environ or {})},
        clock=clock,
    )
    async with server, Pool(server, emulator, clock, key) as pool:
        yield pool


def present() -> ManualClock:
    """Return a clock that stands at this moment, so that other processes agree with it."""
    return ManualClock(start_us=time.time_ns() // 1000)


def broken_rests(emulator: GeminiBusinessEmulator, cooldown: float) -> list[str]:
    """Tell which accounts were used twice at once, or again before they had rested.

    Args:
        emulator: Knows.
        cooldown: Seconds of rest between two answers.
    """
    found = []
    for account in emulator.accounts:
        most = emulator.truth.most(account.name)
        if most > 1:
            found.append(f"{account.name} answered {most} questions at once")
        gaps = emulator.truth.gaps(account.name)
        found += [f"{account.name} rested {gap:.3f} s" for gap in gaps if gap < cooldown - SLACK]
    return found


def asks(emulator: GeminiBusinessEmulator) -> list[str]:
    """Return whose questions came, in their order, whatever became of them."""
    return [use.account for use in emulator.truth.uses if use.call == "ask"]


def told(row: Any) -> tuple[str, str, int]:
    """Return what a row holds against its credential."""
    return row.state, row.reason, row.failures
