"""`plugway users`."""

from __future__ import annotations

from typing import Any

import click

from plugway.cli.inputs import confirm, yes_option
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_json, show_one

_COLUMNS = [
    (name.upper(), name) for name in ("name", "role", "group", "enabled", "balance", "held")
]
_ROLE = click.Choice(["user", "operator", "admin"])


@click.group(cls=Branch)
def users() -> None:
    """Who owns keys and credits."""


@users.command("add")
@click.argument("name")
@click.option("--role", type=_ROLE, default="user", show_default=True)
@click.option("--group", metavar="GROUP", help="Name of a group.")
@json_option
@click.pass_obj
def add(session: Session, name: str, role: str, group: str | None, as_json: bool) -> None:
    """Add a user, with an account and no credits yet."""
    with session.connect() as client:
        user = client.post("users", body={"name": name, "role": role, "group": group})
    show_one(user, as_json=as_json)


@users.command("list")
@click.option("--search", metavar="TEXT", help="Part of the name.")
@json_option
@click.pass_obj
def listed(session: Session, search: str | None, as_json: bool) -> None:
    """List users with their balances."""
    with session.connect() as client:
        show(client.items("users", search=search), _COLUMNS, as_json=as_json)


@users.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def shown(session: Session, name: str, as_json: bool) -> None:
    """Show one user."""
    with session.connect() as client:
        show_one(client.get("users", name), as_json=as_json)


@users.command("set")
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="A new name.")
@click.option("--role", type=_ROLE)
@click.option("--group", metavar="GROUP", help="Name of a group.")
@click.option("--no-group", is_flag=True, help="In no group any more.")
@json_option
@click.pass_obj
def change(
    session: Session,
    name: str,
    new_name: str | None,
    role: str | None,
    group: str | None,
    no_group: bool,
    as_json: bool,
) -> None:
    """Change a user."""
    given = {"name": new_name, "role": role, "group": group}
    body: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if no_group:
        body["group"] = None
    with session.connect() as client:
        show_one(client.patch("users", name, body=body), as_json=as_json)


@users.command("enable")
@click.argument("name")
@click.pass_obj
def enable(session: Session, name: str) -> None:
    """Let a user's keys in again."""
    with session.connect() as client:
        client.patch("users", name, body={"enabled": True})


@users.command("disable")
@click.argument("name")
@click.pass_obj
def disable(session: Session, name: str) -> None:
    """Shut all of a user's keys out."""
    with session.connect() as client:
        client.patch("users", name, body={"enabled": False})


@users.command("webhook-secret")
@click.argument("name")
@click.option("--remove", is_flag=True, help="Send the user's callbacks unsigned from now on.")
@yes_option
@json_option
@click.pass_obj
def webhook_secret(session: Session, name: str, remove: bool, yes: bool, as_json: bool) -> None:
    """Make the secret that signs a user's callbacks, and print it, this once.

    One that the user had signs too for a day, while the receiver changes over.
    """
    if remove:
        confirm(f"Remove the webhook secret of {name}?", yes=yes)
    with session.connect() as client:
        if remove:
            client.delete("users", name, "webhook-secret")
            return
        made = client.post("users", name, "webhook-secret")
    if as_json:
        show_json(made)
    else:
        click.echo(made["secret"])
