"""A gateway with the press, whose time stands still until a test moves it; and one with a pool."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pool_kiln import KilnHouse
from press import PressGateway, PressPlugin

from plugway.testing import ManualClock
from plugway.testing.server import GatewayServer


@pytest.fixture
def clock() -> ManualClock:
    """Return the time of the gateway."""
    return ManualClock()


@pytest.fixture
async def press(tmp_path: Path, clock: ManualClock) -> AsyncIterator[PressGateway]:
    """Run a gateway with the press."""
    plugin = PressPlugin()
    home = tmp_path / "home"
    async with GatewayServer(home, plugins={"press": plugin}, clock=clock) as server:
        press = PressGateway(server, plugin)
        await press.prepare()
        yield press
        await press.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[KilnHouse]:
    """Give a house that a test opens."""
    house = KilnHouse(tmp_path)
    yield house
    await house.close()
