"""An answer that breaks off where the upstream charges nothing costs the client nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from plain_dialect import PlainDialect
from plain_front import PlainFront
from poet import PoetPlugin

from plugway import TextDelta, UpstreamInterrupted
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


@pytest.fixture
async def front(tmp_path: Path) -> AsyncIterator[PlainFront]:
    """Run a gateway with one channel."""
    plugin = PoetPlugin()
    plugins = {"poet": plugin, "plain": PlainDialect()}
    async with (
        GatewayServer(tmp_path / "home", plugins=plugins) as server,
        aiohttp.ClientSession() as client,
    ):
        front = PlainFront(server, plugin, client)
        front.key = await server.key(await server.user())
        await server.channel("poet", "http://127.0.0.1:9", models=["poet"])
        yield front
        report = await server.verify()
        assert report.ok, report.problems


@pytest.mark.parametrize("charged", [True, False])
async def test_what_came_of_a_broken_answer_is_charged_unless_its_error_says_no(
    front: PlainFront, charged: bool
) -> None:
    broken = UpstreamInterrupted("The browser has ended.", charged=charged)
    front.poet.script.append([TextDelta("One, two, three"), broken])
    lines = await front.lines("poet")
    assert lines[-1].startswith("fail upstream_interrupted")
    usage = (await front.server.usage())[-1]
    assert (usage.credits > 0) is charged
    assert usage.error == "upstream_interrupted"
    assert (usage.output_tokens > 0) is charged
