"""An emulator, and a gateway with the plugin."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

import plugway_aistudio
from plugway.testing import GatewayServer, ManualClock
from plugway_aistudio.emulator import AIStudioEmulator


@pytest.fixture
def clock() -> ManualClock:
    """Return the gateway's time."""
    return ManualClock()


@pytest.fixture
def environ() -> dict[str, str]:
    """Say what the environment sets; tests override it."""
    return {}


@pytest.fixture
async def upstream() -> AsyncIterator[AIStudioEmulator]:
    """Run an emulator with two accounts; browsers have the machine's time, so it has it too."""
    emulator = AIStudioEmulator(accounts=("first", "second"))
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def server(
    tmp_path: Path, environ: dict[str, str], clock: ManualClock
) -> AsyncIterator[GatewayServer]:
    """Run a gateway with the plugin and no channel."""
    settings = {"PLUGWAY__PLUGINS__STRICT": "true", **environ}
    plugins = {"aistudio": plugway_aistudio}
    server = GatewayServer(tmp_path / "home", plugins=plugins, environ=settings, clock=clock)
    async with server:
        yield server
