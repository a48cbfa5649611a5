"""What tests of the Gemini dialect share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from gemini_front import GeminiFront
from poet import PoetPlugin

from plugway.testing.server import GatewayServer


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[GeminiFront]:
    """Run a gateway with the poet; afterwards its ledger must be right."""
    plugin = PoetPlugin()
    async with (
        GatewayServer(tmp_path / "home", plugins={"poet": plugin}) as server,
        aiohttp.ClientSession() as http,
    ):
        front = GeminiFront(server, plugin.poet, http)
        await front.prepare()
        yield front
        await front.close()
        report = await server.verify()
        assert report.ok, report.problems
