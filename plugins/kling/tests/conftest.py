"""A gateway with the plugin, one user, one channel, and the emulator behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from kling_gateway import Kling

import plugway_kling
from plugway.testing import GatewayServer
from plugway_kling.emulator import KlingEmulator


@pytest.fixture
def environ() -> dict[str, str]:
    """Say what the environment sets; tests override it."""
    return {}


@pytest.fixture
def others() -> dict[str, object]:
    """Say which plugins run beside it; tests override it."""
    return {}


@pytest.fixture
async def upstream() -> AsyncIterator[KlingEmulator]:
    """Run an emulator with two accounts, whose tasks take three looks."""
    emulator = KlingEmulator(accounts=["first", "second"])
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def bare(
    tmp_path: Path,
    environ: dict[str, str],
    others: dict[str, object],
    upstream: KlingEmulator,
) -> AsyncIterator[Kling]:
    """Run a gateway with the plugin and no channel."""
    plugins = {"kling": plugway_kling, **others}
    # Each query asks the upstream anew, unless a test says otherwise.
    settings = {"PLUGWAY__TASKS__FRESH_SECONDS": "0.001", **environ}
    async with GatewayServer(tmp_path / "home", plugins=plugins, environ=settings) as server:
        whole = Kling(server, upstream)
        await whole.prepare()
        yield whole
        await whole.close()


@pytest.fixture
async def kling(bare: Kling) -> Kling:
    """Run a gateway with the plugin and a channel to the first account."""
    await bare.channel(bare.emulator.accounts["first"].secret)
    return bare
