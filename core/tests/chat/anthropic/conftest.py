"""A gateway for every test of the dialect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from anthropic_gateway import AnthropicGateway
from poet import PoetPlugin

from plugway.testing.server import GatewayServer


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[AnthropicGateway]:
    """Run a gateway with the poet."""
    plugin = PoetPlugin()
    async with GatewayServer(tmp_path / "home", plugins={"poet": plugin}) as server:
        house = AnthropicGateway(server, plugin)
        await house.prepare()
        yield house
        await house.close()
