"""`plugway groups`."""

from __future__ import annotations

from typing import Any

import click

from plugway.cli.inputs import confirm, yes_option
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_one


@click.group(cls=Branch)
def groups() -> None:
    """Which models users reach, and how fast."""


@groups.command("add")
@click.argument("name")
@click.option("--model", "models", multiple=True, help="A model they reach; repeat. Default: all.")
@click.option("--rate", metavar="RATE", help="Limit of each user, such as 60/minute.")
@json_option
@click.pass_obj
def add(
    session: Session, name: str, models: tuple[str, ...], rate: str | None, as_json: bool
) -> None:
    """Add a group."""
    body = {"name": name, "models": list(models) or None, "rate": rate}
    with session.connect() as client:
        show_one(client.post("groups", body=body), as_json=as_json)


@groups.command("list")
@json_option
@click.pass_obj
def listed(session: Session, as_json: bool) -> None:
    """List groups."""
    columns = [(name.upper(), name) for name in ("name", "models", "rate")]
    with session.connect() as client:
        show(client.items("groups"), columns, as_json=as_json)


@groups.command("set")
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="A new name.")
@click.option("--model", "models", multiple=True, help="A model they reach; repeat.")
@click.option("--all-models", is_flag=True, help="They reach all models.")
@click.option("--rate", metavar="RATE", help="Limit of each user, such as 60/minute.")
@click.option("--no-rate", is_flag=True, help="No limit any more.")
@json_option
@click.pass_obj
def change(
    session: Session,
    name: str,
    new_name: str | None,
    models: tuple[str, ...],
    all_models: bool,
    rate: str | None,
    no_rate: bool,
    as_json: bool,
) -> None:
    """Change a group."""
    body: dict[str, Any] = {}
    if new_name is not None:
        body["name"] = new_name
    if models or all_models:
        body["models"] = None if all_models else list(models)
    if rate is not None or no_rate:
        body["rate"] = None if no_rate else rate
    with session.connect() as client:
        show_one(client.patch("groups", name, body=body), as_json=as_json)


@groups.command("remove")
@click.argument("name")
@yes_option
@click.pass_obj
def remove(session: Session, name: str, yes: bool) -> None:
    """Delete a group that nothing refers to."""
    confirm(f"Delete the group {name}?", yes=yes)
    with session.connect() as client:
        client.delete("groups", name)
