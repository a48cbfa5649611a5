"""A gateway with the plugin, one user, one channel, and the emulator behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bltcy_gateway import PassThrough

import plugway_bltcy
from plugway.testing import GatewayServer
from plugway_bltcy.emulator import BltcyEmulator


@pytest.fixture
def environ() -> dict[str, str]:
    """Say what the environment sets; tests override it."""
    return {}


@pytest.fixture
def others() -> dict[str, object]:
    """Say which plugins run beside it; tests override it."""
    return {}


@pytest.fixture
async def emulator() -> AsyncIterator[BltcyEmulator]:
    """Run the emulator."""
    emulator = BltcyEmulator(prefixes=["luma"])
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def bare(
    tmp_path: Path,
    environ: dict[str, str],
    others: dict[str, object],
    emulator: BltcyEmulator,
) -> AsyncIterator[PassThrough]:
    """Run a gateway with the plugin and no channel."""
    plugins = {"bltcy": plugway_bltcy, **others}
    async with GatewayServer(tmp_path / "home", plugins=plugins, environ=environ) as server:
        whole = PassThrough(server, emulator)
        await whole.prepare()
        yield whole
        await whole.client.close()


@pytest.fixture
async def gateway(bare: PassThrough) -> PassThrough:
    """Run a gateway with the plugin and a channel to the emulator."""
    secret = bare.emulator.secret or ""
    await bare.server.channel("bltcy", bare.emulator.url, secrets=[secret])
    return bare
