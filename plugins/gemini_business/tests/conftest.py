"""A gateway with the plugin, one user, one channel with two accounts, and the emulator."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from business_gateway import Business

import plugway_gemini_business
from plugway.testing import GatewayServer, ManualClock
from plugway_gemini_business.emulator import GeminiBusinessEmulator


@pytest.fixture
def environ() -> dict[str, str]:
    """Say what the environment sets; tests override it."""
    return {}


@pytest.fixture
def clock() -> ManualClock:
    """Return the time of the gateway and of the upstream."""
    return ManualClock()


@pytest.fixture
async def upstream(clock: ManualClock) -> AsyncIterator[GeminiBusinessEmulator]:
    """Run an emulator with two accounts."""
    emulator = GeminiBusinessEmulator(
        accounts=["first", "second"], now=lambda: clock.now() / 1_000_000
    )
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def bare(
    tmp_path: Path,
    environ: dict[str, str],
    clock: ManualClock,
    upstream: GeminiBusinessEmulator,
) -> AsyncIterator[Business]:
    """Run a gateway with the plugin and no channel."""
    plugins = {"gemini_business": plugway_gemini_business}
    settings = {
        "PLUGWAY__PLUGINS__STRICT": "true",
        # No browser opens by itself; tests of renewals say otherwise.
        "PLUGWAY__PLUGINS__GEMINI_BUSINESS__RENEWAL": "off",
        **environ,
    }
    server = GatewayServer(tmp_path / "home", plugins=plugins, environ=settings, clock=clock)
    async with server, Business(server, upstream, clock) as whole:
        yield whole


@pytest.fixture
async def business(bare: Business) -> Business:
    """Run a gateway with the plugin and a channel with both accounts."""
    await bare.channel("first", "second")
    return bare
