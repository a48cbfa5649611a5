"""`plugway worker`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

import click

from plugway.cli.extensions import own_command
from plugway.cli.options import home_option
from plugway.cli.serve import reload, take_log
from plugway.cli.session import Session

if TYPE_CHECKING:
    from plugway.asgi import App


class Workers(click.Group):
    """Does the work of a gateway, or of a plugin that has a worker of its own."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "params": home_option()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the worker of a plugin."""
        return own_command(ctx, cmd_name, "worker")


@click.group(cls=Workers, invoke_without_command=True, subcommand_metavar="[PLUGIN]")
@click.pass_context
def worker(context: click.Context) -> None:
    """Do a gateway's background work and listen nowhere, until SIGTERM or SIGINT.

    With the name of a plugin its own worker runs instead, which may be on another machine.
    """
    if context.invoked_subcommand is not None:
        return
    session: Session = context.find_object(Session) or Session()
    session.check_home()
    from plugway.asgi import create_app
    from plugway.configuration import load
    from plugway.server.process import loop_factory
    from plugway.telemetry.logs import configure

    configure(load(session.home, os.environ).log, sys.stderr)
    # The whole app, so that plugins are judged as where it is served.
    app = create_app(session.home)
    app.gateway.live.subscribe(lambda _, new: take_log(new.log))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work(app))


async def work(app: App) -> None:
    """Run the loops of a gateway in this process, and nothing else.

    Args:
        app: Not started.

    Raises:
        ConfigurationError: It cannot start.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: reload(app.gateway.live))
    await app.start()
    try:
        announce(app)
        await stop.wait()
    finally:
        await app.stop()


def announce(app: App) -> None:
    """Say on stdout that the work goes on, on which database, and what plugins add to it."""
    gateway = app.gateway
    names = ", ".join(sorted(one.name for one in gateway.registry.workers)) or "none"
    click.echo(f"plugway is working on {gateway.url}; workers of plugins: {names}")
    sys.stdout.flush()
