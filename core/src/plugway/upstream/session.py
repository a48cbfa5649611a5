"""The client session that all requests to upstreams share."""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING, Any

from aiohttp import (
    ClientRequest,
    ClientResponse,
    ClientSession,
    DummyCookieJar,
    TCPConnector,
)

if TYPE_CHECKING:
    from aiohttp.client_proto import ResponseHandler
    from aiohttp.client_reqrep import ConnectionKey
    from aiohttp.connector import Connection

    from plugway.settings import RelaySettings

#: Longest header line or status line of an answer, bytes.
MAX_HEADER_LINE = 65_536
#: Most header lines of an answer.
MAX_HEADERS = 256
#: Bytes of an answer that wait for a slow client before the upstream is held back; twice
#: this much is the most that is kept.
READ_BUFFER = 65_536

#: What the client library would add of its own accord.
_UNASKED = ("Accept", "Accept-Encoding", "Content-Type", "User-Agent")


class Attempt(ClientRequest):
    """Is a request that knows whether any of it can have left.

    Attributes:
        transport: Where it was written to; None: no connection was made for it.
    """

    transport: asyncio.Transport | None = None

    async def send(self, conn: Connection) -> ClientResponse:
        """Note the transport, then write the request to it."""
        self.transport = conn.transport
        return await super().send(conn)


class BoundedIdle(TCPConnector):
    """Keeps at most so many idle connections, and never makes a request wait for one.

    The library's own `limit` counts busy connections too, so that a hundred long
    streams would stop every other call.
    """

    def __init__(self, *, idle: int, **settings: Any) -> None:
        super().__init__(limit=0, **settings)
        self._idle = idle

    def _release(
        self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False
    ) -> None:
        if self._full():
            self._cleanup()  # some may be closed by their upstreams, and only be in the way
            should_close = should_close or self._full()
        super()._release(key, protocol, should_close=should_close)

    def _full(self) -> bool:
        return sum(map(len, self._conns.values())) >= self._idle

    async def hang_up(self) -> None:
        """Break the connections that are in use, so that nobody waits on them any longer."""
        gone = []
        for protocol in self._acquired:
            if protocol.transport is not None and (closed := protocol.closed) is not None:
                gone.append(closed)
                protocol.transport.abort()
        await asyncio.gather(*gone, return_exceptions=True)


def connector(settings: RelaySettings, tls: ssl.SSLContext | None) -> BoundedIdle:
    """Return the connector of the shared session.

    Args:
        settings: How many connections to keep, and how long.
        tls: Whom to trust; None: the system's certificate authorities.
    """
    return BoundedIdle(
        idle=settings.idle_connections,
        keepalive_timeout=settings.idle_seconds,
        ssl=True if tls is None else tls,
    )


async def close_session(session: ClientSession) -> None:
    """Close a session and every connection of it.

    Args:
        session: From `open_session`.
    """
    if isinstance(session.connector, BoundedIdle):
        await session.connector.hang_up()
    await session.close()


def open_session(connector: BoundedIdle) -> ClientSession:
    """Return a session that sends what it is given and hands back what it gets.

    Args:
        connector: Makes and keeps its connections.
    """
    return ClientSession(
        connector=connector,
        request_class=Attempt,
        cookie_jar=DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=_UNASKED,
        max_line_size=MAX_HEADER_LINE,
        max_field_size=MAX_HEADER_LINE,
        max_headers=MAX_HEADERS,
        read_bufsize=READ_BUFFER,
    )
