"""`plugway demo`."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click

from plugway.cli.options import LocalLeaf
from plugway.cli.session import Session

#: Where the demo lives unless told otherwise: never where a real gateway does.
HOME = Path(".demo")


@click.command(cls=LocalLeaf)
@click.option("--once", is_flag=True, help="End after the tour; exit 1 if a step failed.")
@click.option(
    "--port",
    type=click.IntRange(0, 65_535),
    help="Port to serve on; 0: any free one. Default: 8000, or any if that is taken.",
)
@click.option(
    "--env",
    "env_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write addresses and keys to this file once all is ready.",
)
@click.pass_context
def demo(context: click.Context, once: bool, port: int | None, env_file: Path | None) -> None:
    """Run a gateway with every plugin's emulator, take a tour of real calls, then serve.

    Its home is .demo unless --home says otherwise; the environment's settings do not count.
    """
    from plugway.cli.demo_run import run

    session: Session = context.obj
    if env_file is not None:
        # Whoever waits for it must not find that of the last run.
        env_file.unlink(missing_ok=True)
    home = session.home if session.home_given else HOME.absolute()
    if not asyncio.run(run(home, port=port, once=once, env_file=env_file)):
        context.exit(1)
