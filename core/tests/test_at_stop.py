"""What plugins keep with a gateway, and close when it stops."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from plugway import Gateway
from plugway.storage.models import User
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


async def test_plugins_close_what_they_have_opened_last_first(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[tuple[str, int]] = []
    async with GatewayServer(tmp_path / "home", plugins={}) as server:
        gateway = server.gateway
        await server.user()

        async def first() -> None:
            closed.append(("first", await gateway.database.run(lambda: User.all().count())))

        async def broken() -> None:
            closed.append(("broken", 0))
            raise OSError("a file is gone")

        gateway.at_stop(first)
        gateway.at_stop(broken)
    assert closed == [("broken", 0), ("first", 1)]
    assert "a plugin could not close what it has opened" in caplog.text
    await gateway.stop()
    assert len(closed) == 2


async def test_a_task_of_a_plugin_that_was_cancelled_keeps_nothing_open(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    closed: list[str] = []
    async with GatewayServer(tmp_path / "home", plugins={}) as server:
        task = asyncio.create_task(asyncio.sleep(60))

        async def first() -> None:
            closed.append("first")

        async def waits_for_it() -> None:
            task.cancel()
            await task

        server.gateway.at_stop(first)
        server.gateway.at_stop(waits_for_it)
    assert closed == ["first"]
    assert "a plugin could not close what it has opened" in caplog.text


async def test_whoever_stops_the_gateway_may_be_cancelled(tmp_path: Path) -> None:
    async with GatewayServer(tmp_path / "home", plugins={}) as server:
        begun = asyncio.Event()

        async def hangs() -> None:
            begun.set()
            await asyncio.Event().wait()

        server.gateway.at_stop(hangs)
        stopping = asyncio.create_task(server.gateway.stop())
        await begun.wait()
        stopping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await stopping


async def test_a_part_is_made_once_for_each_gateway(tmp_path: Path) -> None:
    class Part:
        def __init__(self, gateway: Gateway) -> None:
            self.gateway = gateway

    async with (
        GatewayServer(tmp_path / "one", plugins={}) as one,
        GatewayServer(tmp_path / "two", plugins={}) as two,
    ):
        part = one.gateway.part(Part)
        assert part is one.gateway.part(Part)
        assert part.gateway is one.gateway
        assert two.gateway.part(Part) is not part
