"""A gateway with the small plugin, for every test of calls."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from small import SmallGateway, SmallPlugin

from plugway import Departure
from plugway.testing.scripted import ScriptedUpstream
from plugway.testing.server import GatewayServer


@pytest.fixture
def departure() -> Departure:
    """Say what becomes of calls whose client leaves; tests override it."""
    return Departure(seconds=5)


@pytest.fixture
async def small(tmp_path: Path, departure: Departure) -> AsyncIterator[SmallGateway]:
    """Run a gateway with the small plugin and a scripted upstream."""
    plugin = SmallPlugin(departure)
    async with GatewayServer(tmp_path / "home", plugins={"small": plugin}) as server:
        small = SmallGateway(server, ScriptedUpstream(), plugin)
        await small.prepare()
        yield small
        await small.close()
