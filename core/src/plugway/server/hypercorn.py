"""Serving with hypercorn, the default."""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import TYPE_CHECKING, cast

import h11
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import AsyncioSingleTask, WorkerContext
from hypercorn.config import Config
from hypercorn.events import Closed, Event, RawData
from hypercorn.protocol.h11 import H11Protocol, H11WSConnection
from hypercorn.typing import ConnectionState, H11SendableEvent

from plugway.server.carriers import HEAD_SECONDS, KEEP_ALIVE, WEBSOCKET_BYTES
from plugway.server.deadlines import running_task
from plugway.server.listener import BACKLOG

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from typing import Any

    from hypercorn.typing import ASGIFramework
    from starlette.types import ASGIApp

    from plugway.settings import ServerSettings

#: Seconds that a closed connection gets to take the rest of its response.
_FLUSH_SECONDS = 30.0


class _Ended(H11WSConnection):
    """Stands for a connection that carries no more requests, whatever still comes in."""

    def __init__(self) -> None:
        self.buffer = bytearray()

    def receive_data(self, data: bytes) -> None:
        """Drop it."""

    def send(self, event: H11SendableEvent) -> bytes:
        """Drop it."""
        return b""


class _Http1(H11Protocol):
    """Speaks HTTP/1 only, and does not wait long for a head."""

    abort: Callable[[], None]
    _timer: asyncio.TimerHandle | None = None

    async def handle(self, event: Event) -> None:
        """Take what came in."""
        await super().handle(event)
        if isinstance(event, RawData) and self._head_is_partial():
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(HEAD_SECONDS, self.abort)
        else:
            self._disarm()

    def _head_is_partial(self) -> bool:
        connection = self.connection
        return (
            isinstance(connection, h11.Connection)
            and connection.their_state is h11.IDLE
            and connection.trailing_data[0] != b""
        )

    def _disarm(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def _maybe_recycle(self) -> None:
        await super()._maybe_recycle()
        if self.connection.our_state is not h11.IDLE:
            # Otherwise whoever reads waits for ever for the turn of a pipelined request.
            self.connection = _Ended()
            await self.can_read.set()

    async def _check_protocol(self, event: h11.Request) -> None:
        # Hypercorn would switch to HTTP/2 here, for whoever asks. A proxy in front that
        # passes `Upgrade: h2c` on would be tunnelled through, and a client that merely
        # offers it is served as well in HTTP/1.
        self._disarm()


class _Idling(AsyncioSingleTask):
    """Closes a connection that idles too long.

    It takes the place of a task per request in hypercorn, which besides keeps a connection
    that its client has closed until that task has slept its fill.
    """

    def __init__(self, connections: _Connections, close: Callable[[], None]) -> None:
        self._connections = connections
        self._timer: asyncio.TimerHandle | None = None
        self.close = close

    async def restart(self, task_group: object, action: object) -> None:
        await self.stop()
        if self._connections.ending:
            self.close()
            return
        self._connections.idle.add(self)
        self._timer = asyncio.get_running_loop().call_later(KEEP_ALIVE, self.close)

    async def stop(self) -> None:
        self._connections.idle.discard(self)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Connection(TCPServer):
    """Carries one connection."""

    async def _read_data(self) -> None:
        wrapper = self.protocol
        protocol = wrapper.protocol = _Http1(
            wrapper.app,
            wrapper.config,
            wrapper.context,
            wrapper.task_group,
            wrapper.state,
            wrapper.ssl,
            wrapper.client,
            wrapper.server,
            wrapper.send,
        )
        protocol.abort = self.writer.transport.abort
        await super()._read_data()

    async def protocol_send(self, event: Event) -> None:
        try:
            await super().protocol_send(event)
        except OSError:
            # Such as the kernel's, for a client that took no more. Hypercorn foresees
            # resets only, and would raise it into the app.
            await self.protocol.handle(Closed())

    async def _close(self) -> None:
        # Closing waits for the client to take what is buffered, which may be never.
        abort = self.loop.call_later(_FLUSH_SECONDS, self.writer.transport.abort)
        try:
            await super()._close()
        finally:
            abort.cancel()


class _Connections:
    """Accepts connections, and ends them."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self.idle: set[_Idling] = set()
        self.ending = False
        self._app = ASGIWrapper(cast("ASGIFramework", app))
        self._config = _config(settings)
        self._context = WorkerContext(None)
        self._tasks: set[asyncio.Task[Any]] = set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = running_task()
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        connection = _Connection(
            self._app,
            task.get_loop(),
            self._config,
            self._context,
            ConnectionState({}),
            reader,
            writer,
        )
        connection.idle_task = _Idling(self, writer.close)
        try:
            await connection
        except asyncio.CancelledError:
            # Asyncio would report each connection that is cut off in the end.
            if not self.ending:
                raise

    async def end(self) -> None:
        """Close idle connections and wait for the others; cancelled, cut them off."""
        self.ending = True
        await self._context.terminated.set()
        for idling in list(self.idle):
            idling.close()
        await asyncio.sleep(0)  # what was accepted last begins
        try:
            while self._tasks:
                await asyncio.wait(set(self._tasks))
        finally:
            for task in self._tasks:
                task.cancel()


def _config(settings: ServerSettings) -> Config:
    config = Config()
    config.errorlog = logging.getLogger("hypercorn.error")
    config.include_server_header = False
    config.keep_alive_max_requests = sys.maxsize
    config.websocket_max_message_size = WEBSOCKET_BYTES
    # The request line comes on top of the headers.
    config.h11_max_incomplete_size = settings.max_header_bytes + 16 * 1024
    return config


async def carry(
    app: ASGIApp,
    settings: ServerSettings,
    sock: socket.socket,
    *,
    stop: asyncio.Event,
    started: Callable[[], None],
) -> None:
    """Serve; see `plugway.server.carriers.Carrier`.

    Hypercorn's connections are used, not its `serve`: that one switches to cleartext HTTP/2
    on demand, waits without a bound for open connections on Python 3.12, and shuts the app
    down before cancelled requests have ended.
    """
    connections = _Connections(app, settings)
    server = await asyncio.start_server(connections.accept, sock=sock, backlog=BACKLOG)
    try:
        started()
        await stop.wait()
    finally:
        server.close()
        await connections.end()
