"""`plugway plugins`."""

from __future__ import annotations

import click

from plugway.cli.options import Leaf
from plugway.cli.session import Session
from plugway.cli.table import cell, json_option, show_json


@click.command(cls=Leaf)
@click.option("--strict", is_flag=True, help="Exit 1 if a plugin failed.")
@json_option
@click.pass_context
def plugins(context: click.Context, strict: bool, as_json: bool) -> None:
    """List plugins: where each came from, what became of it, what it registered."""
    session: Session = context.obj
    with session.connect() as client:
        found = client.get("plugins")["items"]
    if as_json:
        show_json(found)
    for plugin in () if as_json else found:
        origin = " ".join(filter(None, (plugin["distribution"], plugin["version"])))
        line = f"{plugin['name']}  {cell(origin)}  {plugin['state']}"
        click.echo(line if plugin["reason"] is None else f"{line}: {cell(plugin['reason'])}")
        for kind, names in plugin["registered"].items():
            click.echo(f"    {kind}: {cell(names)}")
    if not as_json and not found:
        click.echo("no plugin is installed", err=True)
    if strict and any(plugin["state"] == "failed" for plugin in found):
        context.exit(1)
