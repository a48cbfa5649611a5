"""`plugway init`."""

from __future__ import annotations

import asyncio
import os

import click

from plugway.cli.options import LocalLeaf
from plugway.cli.session import Session
from plugway.cli.table import json_option, show_json


@click.command(cls=LocalLeaf)
@click.option("--admin", default="admin", show_default=True, help="Name of the administrator.")
@json_option
@click.pass_obj
def init(session: Session, admin: str, as_json: bool) -> None:
    """Set up a gateway in the home directory, and print its administrator's key, this once."""
    from plugway.cli.home import set_up

    made = asyncio.run(set_up(session.home, os.environ, admin=admin))
    key = None if made is None else made.secret.reveal()
    if as_json:
        show_json({"home": str(session.home), "user": admin, "key": key})
        return
    click.echo(f"home: {session.home}")
    if key is None:
        click.echo("the database has an administrator already")
    else:
        click.echo(f"administrator: {admin}")
        click.echo(f"key, shown this once: {key}")
    click.echo("next: plugway channels add …, then plugway serve", err=True)
