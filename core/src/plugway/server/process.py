"""One serving process: its signals, its event loop and its tie to a parent."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import socket
from importlib.util import find_spec
from typing import TYPE_CHECKING

from plugway.server.serve import serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from plugway.server.carriers import ServerName
    from plugway.server.inflight import Inflight
    from plugway.settings import ServerSettings


def run(
    app: ASGIApp,
    settings: Callable[[], ServerSettings],
    *,
    sock: socket.socket,
    inflight: Inflight,
    server: ServerName = "hypercorn",
    on_ready: Callable[[str], None] | None = None,
    on_reload: Callable[[], None] | None = None,
    parent: int | None = None,
) -> None:
    """Serve in this process until SIGTERM or SIGINT; returning means a clean end.

    A second SIGINT cancels the requests that are still running. The event loop is uvloop's
    if that is installed.

    Args:
        app: As for `serve`.
        settings: As for `serve`.
        sock: As for `serve`.
        inflight: As for `serve`.
        server: As for `serve`.
        on_ready: As for `serve`.
        on_reload: Called in the event loop at SIGHUP.
        parent: Descriptor of a socket to a supervisor. It is told when this process is
            ready, and when it is gone this process stops.

    Raises:
        ConfigurationError: As for `serve`.
        Exception: As for `serve`.
    """

    async def main() -> None:
        shutdown = asyncio.Event()
        _catch_signals(shutdown, inflight, on_reload)
        with _tied(parent, shutdown) as tell:

            def ready(where: str) -> None:
                _spare_what_stays()
                tell()
                if on_ready is not None:
                    on_ready(where)

            await serve(
                app,
                settings,
                sock=sock,
                inflight=inflight,
                shutdown=shutdown,
                server=server,
                on_ready=ready,
            )

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())


def _spare_what_stays() -> None:
    """Keep the garbage collector from looking through what was loaded at start, over and over.

    Models, settings and libraries live as long as the process, and a request leaves hardly
    any cycles behind: without this the collector takes a tenth of the time under load.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


def _catch_signals(
    shutdown: asyncio.Event, inflight: Inflight, on_reload: Callable[[], None] | None
) -> None:
    def interrupt() -> None:
        # SIGTERM may well come twice, from a supervisor and from the system's own manager;
        # only a person who insists means what runs now.
        if shutdown.is_set():
            inflight.cancel()
        shutdown.set()

    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, shutdown.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)
    loop.add_signal_handler(signal.SIGHUP, on_reload or (lambda: None))


@contextlib.contextmanager
def _tied(parent: int | None, shutdown: asyncio.Event) -> Iterator[Callable[[], None]]:
    if parent is None:
        yield lambda: None
        return
    loop = asyncio.get_running_loop()
    with socket.socket(fileno=parent) as tie:

        def gone() -> None:
            # The parent never writes: that there is something to read is the end of it.
            loop.remove_reader(tie)
            shutdown.set()

        def tell() -> None:
            with contextlib.suppress(OSError):  # it has gone meanwhile; the reader knows
                tie.send(b"\n")

        loop.add_reader(tie, gone)
        try:
            yield tell
        finally:
            loop.remove_reader(tie)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return what makes the fastest event loop that is installed; None: asyncio's own."""
    if find_spec("uvloop") is None:
        return None
    import uvloop

    return uvloop.new_event_loop
