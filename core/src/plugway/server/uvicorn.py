"""Serving with uvicorn and httptools."""

from __future__ import annotations

import asyncio
import contextlib
from functools import partial
from typing import TYPE_CHECKING, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from plugway.server.carriers import HEAD_SECONDS, KEEP_ALIVE, WEBSOCKET_BYTES
from plugway.server.listener import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Generator
    from typing import Any

    from starlette.types import ASGIApp

    from plugway.settings import ServerSettings

_BODY = frozenset({b"content-length", b"transfer-encoding"})

_TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class _Http1(HttpToolsProtocol):
    """Bounds a request's head in bytes and in time, which httptools does not."""

    def __init__(self, *arguments: Any, max_head: int, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._max_head = max_head
        self._head = 0
        self._in_head = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn does
        super().connection_made(transport)
        self._timer = self.loop.call_later(HEAD_SECONDS, transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        self._disarm()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self._in_head:
            self._disarm()
            return
        if self._timer is None:
            self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.close)
        self._head += len(data)
        if self._head > self._max_head and not self.transport.is_closing():
            self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head = True
        self._head = 0

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self.parser.should_upgrade() and not _BODY.isdisjoint(name for name, _ in self.headers):
            # Httptools goes on as if there were no body. Uvicorn makes this a 400.
            raise ValueError("a body in a request to upgrade")
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: some clients offer HTTP/2 with every request."""

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it, and tells when it accepts."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._tell = started

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    async def main_loop(self) -> None:
        self._tell()
        await super().main_loop()


async def carry(
    app: ASGIApp,
    settings: ServerSettings,
    sock: socket.socket,
    *,
    stop: asyncio.Event,
    started: Callable[[], None],
) -> None:
    """Serve; see `plugway.server.carriers.Carrier`."""
    protocol = partial(_Http1, max_head=settings.max_header_bytes + 16 * 1024)
    config = uvicorn.Config(
        cast("Any", app),
        http=cast("type[asyncio.Protocol]", protocol),
        ws="wsproto",
        ws_max_size=WEBSOCKET_BYTES,
        lifespan="off",
        interface="asgi3",
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=int(KEEP_ALIVE),
    )
    server = _Server(config, started)

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve(sockets=[sock])
    finally:
        ending.cancel()
