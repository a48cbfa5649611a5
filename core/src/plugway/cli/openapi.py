"""`plugway openapi`."""

from __future__ import annotations

import click

from plugway.cli.options import Leaf
from plugway.cli.session import Session
from plugway.cli.table import show_json


@click.command(cls=Leaf)
@click.pass_obj
def openapi(session: Session) -> None:
    """Print the OpenAPI document of every mounted route, plugins' included."""
    with session.connect() as client:
        show_json(client.call("GET", (), base="/openapi.json"))
