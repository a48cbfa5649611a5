"""Serving with granian, embedded in our event loop."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

from granian._granian import SocketHolder
from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server

from plugway.server.carriers import KEEP_ALIVE
from plugway.server.listener import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    from starlette.types import ASGIApp

    from plugway.settings import ServerSettings

#: Requests at a time; above it granian would stop accepting, without a word.
_BACKPRESSURE = 65_536


def _no_logging() -> dict[str, Any]:
    # Granian would apply its own with dictConfig, which drops every handler there is.
    return {"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}}


class _Server(Server):
    """Serves on a socket that exists, and tells when it accepts."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        sock: socket.socket,
        started: Callable[[], None],
    ) -> None:
        super().__init__(
            app,
            interface=Interfaces.ASGINL,
            http=HTTPModes.http1,
            websockets=True,
            backlog=BACKLOG,
            backpressure=_BACKPRESSURE,
            http1_settings=HTTP1Settings(
                header_read_timeout=int(KEEP_ALIVE * 1000),
                max_buffer_size=settings.max_header_bytes + 16 * 1024,
            ),
            log_level=LogLevels.error,
            log_dictconfig=_no_logging(),
        )
        self._socket = sock
        self._tell = started

    def _init_shared_socket(self) -> None:
        # Granian closes the descriptor that it is given.
        fd = os.dup(self._socket.fileno())
        self._shd = SocketHolder(fd, False, BACKLOG)  # type: ignore[call-arg, assignment]  # stubs lack it

    async def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        self._tell()
        await super()._serve_loop(spawn_target, target_loader)  # type: ignore[no-untyped-call]  # its own


async def carry(
    app: ASGIApp,
    settings: ServerSettings,
    sock: socket.socket,
    *,
    stop: asyncio.Event,
    started: Callable[[], None],
) -> None:
    """Serve; see `plugway.server.carriers.Carrier`."""
    server = _Server(app, settings, sock, started)

    async def end() -> None:
        await stop.wait()
        sock.close()
        server.stop()  # type: ignore[no-untyped-call]  # its own

    ending = asyncio.create_task(end())
    try:
        await server.serve()
    finally:
        ending.cancel()
