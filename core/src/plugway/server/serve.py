"""Serving until told to stop, and stopping without cutting anyone off."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from plugway.server.carriers import ServerName, carrier
from plugway.server.lifespan import Lifespan
from plugway.server.listener import listen, url

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from plugway.server.inflight import Inflight
    from plugway.settings import ServerSettings

_log = logging.getLogger(__name__)

#: Seconds that cancelled requests, and then the server, get to end.
CLEANUP_SECONDS = 3.0


async def serve(
    app: ASGIApp,
    settings: Callable[[], ServerSettings],
    *,
    sock: socket.socket,
    inflight: Inflight,
    shutdown: asyncio.Event,
    server: ServerName = "hypercorn",
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve an app until `shutdown` is set.

    Then readiness goes off; after `drain_seconds` no more connections are accepted; running
    requests get `graceful_seconds` and are cancelled after that; last, the app's lifespan
    shutdown runs, with no request left.

    Args:
        app: Wrapped in a `Guard` that has the same `inflight`.
        settings: Returns the settings that hold now.
        sock: From `listener.bind` or `listener.adopt`; it is closed in the end.
        inflight: The running requests.
        shutdown: Set from outside, by a signal for example.
        server: What carries the app.
        on_ready: Called once with the URL when requests are served.

    Raises:
        ConfigurationError: The server is not installed, or the address has been taken.
        Exception: What the app raised at its start or stop.
    """
    carry = carrier(server)
    stop = asyncio.Event()

    def started() -> None:
        inflight.ready = not shutdown.is_set()
        if on_ready is not None:
            on_ready(url(sock, settings().host))

    with sock:
        async with Lifespan(app):
            listen(sock)
            carrying = asyncio.create_task(carry(app, settings(), sock, stop=stop, started=started))
            asked = asyncio.create_task(shutdown.wait())
            try:
                await asyncio.wait((carrying, asked), return_when=asyncio.FIRST_COMPLETED)
                inflight.ready = False
                if not carrying.done():
                    await _wind_down(carrying, stop, settings(), inflight)
            finally:
                asked.cancel()
                carrying.cancel()
            if not stop.is_set():
                carrying.result()
                raise RuntimeError(f"{server} ended without being asked to")


async def _wind_down(
    carrying: asyncio.Task[None],
    stop: asyncio.Event,
    settings: ServerSettings,
    inflight: Inflight,
) -> None:
    if settings.drain_seconds:
        await asyncio.wait((carrying,), timeout=settings.drain_seconds)
    inflight.close_sockets()
    stop.set()
    _, running = await asyncio.wait((carrying,), timeout=settings.graceful_seconds)
    if running:
        _log.warning("%d requests cut after %s s", inflight.cancel(), settings.graceful_seconds)
        await asyncio.wait((carrying,), timeout=CLEANUP_SECONDS)
    await inflight.idle(CLEANUP_SECONDS)
    if carrying.done():
        carrying.result()
