"""`plugway serve`."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

import click

from plugway.cli.options import LocalLeaf
from plugway.cli.session import Session

if TYPE_CHECKING:
    from plugway.configuration import LiveSettings
    from plugway.server.carriers import ServerName
    from plugway.settings import LogSettings

log = logging.getLogger(__name__)


@click.command(cls=LocalLeaf)
@click.option("--host", help="Address to listen on; default: server.host of the settings.")
@click.option("--port", type=click.IntRange(0, 65_535), help="Port; 0: any free one.")
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True)
@click.option(
    "--server",
    type=click.Choice(["hypercorn", "uvicorn", "granian"]),
    default="hypercorn",
    show_default=True,
)
@click.option("--worker", nargs=2, type=int, hidden=True, help="Descriptors from the supervisor.")
@click.pass_context
def serve(
    context: click.Context,
    host: str | None,
    port: int | None,
    workers: int,
    server: str,
    worker: tuple[int, int] | None,
) -> None:
    """Serve clients until SIGTERM or SIGINT; calls that run then are let finish."""
    session: Session = context.obj
    session.check_home()
    environ = dict(os.environ)
    if host is not None:
        environ["PLUGWAY__SERVER__HOST"] = host
    if port is not None:
        environ["PLUGWAY__SERVER__PORT"] = str(port)
    name = cast("ServerName", server)
    if workers == 1:
        run_one(session.home, environ, server=name, worker=worker)
    else:
        context.exit(run_several(session.home, environ, server=name, workers=workers))


def run_one(
    home: Path,
    environ: Mapping[str, str],
    *,
    server: ServerName,
    worker: tuple[int, int] | None = None,
) -> None:
    """Serve in this process.

    Args:
        home: The home directory.
        environ: Overrides of the settings.
        server: What carries the app.
        worker: Descriptors of the socket and of the tie to the supervisor, in a worker.

    Raises:
        ConfigurationError: It cannot serve.
    """
    from plugway.asgi import create_app
    from plugway.configuration import load
    from plugway.server.listener import adopt, bind
    from plugway.server.process import run
    from plugway.telemetry.logs import configure

    settings = load(home, environ)
    configure(settings.log, sys.stderr)
    sock = bind(settings.server) if worker is None else adopt(worker[0])
    try:
        app = create_app(home, environ=environ)
    except BaseException:
        sock.close()
        raise
    app.gateway.live.subscribe(lambda _, new: take_log(new.log))
    run(
        app,
        app.server_settings,
        sock=sock,
        inflight=app.inflight,
        server=server,
        on_ready=announce if worker is None else None,
        on_reload=lambda: reload(app.gateway.live),
        parent=None if worker is None else worker[1],
    )


def run_several(home: Path, environ: Mapping[str, str], *, server: ServerName, workers: int) -> int:
    """Supervise workers on one socket, and return the exit code.

    Args:
        home: The home directory.
        environ: Overrides of the settings.
        server: What carries the app.
        workers: How many.

    Raises:
        ConfigurationError: It cannot serve.
    """
    from plugway.clock import SystemClock
    from plugway.configuration import LiveSettings
    from plugway.server.listener import bind
    from plugway.server.supervisor import run_workers
    from plugway.telemetry import directory
    from plugway.telemetry.logs import configure

    live = LiveSettings(home, environ)
    configure(live.current.log, sys.stderr)
    if not live.current.redis.url:
        log.warning("redis.url is not set: rate limits count in each of %d workers", workers)
    sock = bind(live.current.server)
    numbers = directory.make_directory(home)
    os.environ[directory.VARIABLE] = str(numbers)
    try:
        return run_workers(
            lambda taken, tie: _command(home, environ, server, taken, tie),
            lambda: live.current.server,
            workers=workers,
            sock=sock,
            clock=SystemClock(),
            on_ready=announce,
            on_exit=lambda pid: directory.forget(numbers, pid),
            on_reload=lambda: reload(live),
        )
    finally:
        directory.remove_directory(numbers)


def announce(url: str) -> None:
    """Say on stdout where clients are served, in one line."""
    click.echo(f"plugway is listening on {url}")
    sys.stdout.flush()


def take_log(settings: LogSettings) -> None:
    """Log as the changed settings say."""
    from plugway.telemetry.logs import configure

    configure(settings, sys.stderr)


def reload(live: LiveSettings) -> None:
    """Take over what changed in the settings file; what is wrong with it is logged."""
    live.check()


def _command(
    home: Path, environ: Mapping[str, str], server: str, taken: int, tie: int
) -> list[str]:
    command = [sys.executable, "-m", "plugway", "serve", "--home", str(home), "--server", server]
    for option in ("host", "port"):
        value = environ.get(f"PLUGWAY__SERVER__{option.upper()}")
        if value is not None:
            command += [f"--{option}", value]
    return [*command, "--worker", str(taken), str(tie)]
