"""WebSockets under every server: who gets in, and how they end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from plugway import Conflict, Mount, Socket, hookimpl
from plugway.server.carriers import WEBSOCKET_BYTES, ServerName
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio


class SocketPlugin:
    """Echoes what it hears, at a public and at a private path."""

    def __init__(self) -> None:
        self.opened: list[Socket] = []
        self.ended = 0

    async def echo(self, socket: Socket) -> None:
        """Say again what is said, until told otherwise."""
        if socket.query_params.get("refuse"):
            raise Conflict("not twice")
        await socket.accept()
        self.opened.append(socket)
        async for text in socket.iter_text():
            if text == "refuse":
                raise Conflict("enough")
            if text == "fail":
                raise RuntimeError("a secret thing")
            await socket.send_text(f"{text} from {socket.client_ip}")

    async def hear(self, socket: Socket) -> None:
        """Hear and say nothing, and expect nobody to leave."""
        await socket.accept()
        try:
            while True:
                await socket.receive_text()
        finally:
            self.ended += 1

    @hookimpl
    def register_routes(self) -> Iterable[Mount]:
        """Return the routes."""
        yield Mount(path="/ws", endpoint=self.echo, socket=True, public=True)
        yield Mount(path="/deaf/ws", endpoint=self.hear, socket=True, public=True)
        yield Mount(path="/private/ws", endpoint=self.echo, socket=True)


@pytest.fixture(params=["hypercorn", "uvicorn", "granian"])
async def server(request: Any, tmp_path: Path) -> AsyncIterator[GatewayServer]:
    """Run a gateway with sockets under each server."""
    name: ServerName = request.param
    plugin = SocketPlugin()
    async with GatewayServer(tmp_path / "home", plugins={"sockets": plugin}, server=name) as server:
        server.plugin = plugin  # type: ignore[attr-defined]  # for the tests of this file
        yield server


async def _status(server: GatewayServer, path: str, **options: Any) -> int:
    async with aiohttp.ClientSession() as client:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await client.ws_connect(server.url + path, **options)
    return refused.value.status


async def test_messages_go_both_ways_and_the_caller_is_known(server: GatewayServer) -> None:
    key = await server.key(await server.user())
    async with aiohttp.ClientSession() as client:
        async with client.ws_connect(server.url + "/ws") as socket:
            await socket.send_str("hello")
            assert await socket.receive_str() == "hello from 127.0.0.1"
        async with client.ws_connect(
            server.url + "/private/ws", headers={"authorization": f"Bearer {key}"}
        ) as socket:
            await socket.send_str("me")
            assert await socket.receive_str() == "me from 127.0.0.1"
    opened = server.plugin.opened  # type: ignore[attr-defined]  # set by the fixture
    assert opened[1].principal.user == "alice"


async def test_who_may_not_enter_hears_why(server: GatewayServer) -> None:
    assert await _status(server, "/private/ws") == 401
    assert await _status(server, "/ws?refuse=1") == 409
    assert await _status(server, "/nothing") == 404
    assert await _status(server, "/ws", headers={"origin": "https://elsewhere.example"}) == 403
    own = {"origin": server.url}
    async with aiohttp.ClientSession() as client:
        async with client.ws_connect(server.url + "/ws", headers=own) as socket:
            await socket.send_str("page")
            assert await socket.receive_str() == "page from 127.0.0.1"
        async with client.get(server.url + "/ws") as answer:
            assert answer.status == 404


async def test_errors_close_it_with_a_code_and_without_a_trace(
    server: GatewayServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.ws_connect(server.url + "/ws") as socket:
            await socket.send_str("refuse")
            message = await socket.receive()
            assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1008)
            assert message.extra == "enough"
        with caplog.at_level(logging.CRITICAL):
            async with client.ws_connect(server.url + "/ws") as socket:
                await socket.send_str("fail")
                message = await socket.receive()
                assert message.data == 1011
                assert "secret" not in str(message.extra)


async def test_a_client_that_leaves_is_no_failure(
    server: GatewayServer, caplog: pytest.LogCaptureFixture
) -> None:
    plugin: SocketPlugin = server.plugin  # type: ignore[attr-defined]  # set by the fixture
    async with aiohttp.ClientSession() as client:
        async with client.ws_connect(server.url + "/deaf/ws"):
            pass
        gone = await client.ws_connect(server.url + "/deaf/ws")
        transport = gone.get_extra_info("socket")
        assert transport is not None
        transport.shutdown(2)
        async with asyncio.timeout(10):
            while plugin.ended < 2 or server.app.inflight._sockets:  # noqa: SLF001  # none stays
                await asyncio.sleep(0.01)
        await gone.close()
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


async def test_none_opens_once_the_gateway_stops(server: GatewayServer) -> None:
    server.app.inflight.close_sockets()
    assert await _status(server, "/ws") == 503


async def test_a_message_beyond_measure_ends_it(server: GatewayServer) -> None:
    if server._server == "granian":  # noqa: SLF001  # its limit is its own, and larger
        return
    async with (
        aiohttp.ClientSession() as client,
        client.ws_connect(server.url + "/ws", max_msg_size=0) as socket,
    ):
        await socket.send_str("a" * (WEBSOCKET_BYTES + 1))
        message = await socket.receive()
        assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


@pytest.mark.parametrize("name", ["hypercorn", "uvicorn", "granian"])
async def test_the_end_of_the_gateway_ends_them(name: ServerName, tmp_path: Path) -> None:
    plugin = SocketPlugin()
    async with aiohttp.ClientSession() as client:
        async with GatewayServer(
            tmp_path / "home", plugins={"sockets": plugin}, server=name
        ) as server:
            socket = await client.ws_connect(server.url + "/ws")
            await socket.send_str("still here")
            await socket.receive_str()
            hearing = asyncio.create_task(socket.receive())
        message = await hearing
    assert message.type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
    if message.type is aiohttp.WSMsgType.CLOSE:
        assert message.data in (1001, 1012, 1006)
