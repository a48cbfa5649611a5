"""`plugway credentials`."""

from __future__ import annotations

import click

from plugway.cli.inputs import confirm, secret, yes_option
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_one, when

_COLUMNS = [
    *((name.upper(), name) for name in ("id", "channel", "masked", "state", "failures")),
    ("COOLING UNTIL", when("cooling_until")),
    ("REASON", "reason"),
]


@click.group(cls=Branch)
def credentials() -> None:
    """Upstream secrets of channels, and their state."""


@credentials.command("add")
@click.option("--channel", required=True, help="Name of the channel.")
@click.option("--secret", "text", required=True, help="The secret; -: from stdin.")
@json_option
@click.pass_obj
def add(session: Session, channel: str, text: str, as_json: bool) -> None:
    """Add a secret to a channel."""
    body = {"channel": channel, "secret": secret(text)}
    with session.connect() as client:
        show_one(client.post("credentials", body=body), as_json=as_json)


@credentials.command("list")
@click.option("--channel", help="Only this channel's.")
@json_option
@click.pass_obj
def listed(session: Session, channel: str | None, as_json: bool) -> None:
    """List credentials; their secrets are masked."""
    with session.connect() as client:
        show(client.items("credentials", channel=channel), _COLUMNS, as_json=as_json)


@credentials.command("test")
@click.argument("number", metavar="ID", type=int)
@json_option
@click.pass_context
def test(context: click.Context, number: int, as_json: bool) -> None:
    """Ask the upstream, at no cost, whether a credential works."""
    session: Session = context.obj
    with session.connect() as client:
        result = client.post("credentials", number, "test")
    show_one(result, as_json=as_json)
    if not result["ok"]:
        context.exit(1)


@credentials.command("clear")
@click.argument("number", metavar="ID", type=int)
@click.pass_obj
def clear(session: Session, number: int) -> None:
    """Forget a cooldown and failures: the credential is ready."""
    with session.connect() as client:
        client.post("credentials", number, "clear")


@credentials.command("enable")
@click.argument("number", metavar="ID", type=int)
@click.pass_obj
def enable(session: Session, number: int) -> None:
    """Put a credential into use."""
    with session.connect() as client:
        client.post("credentials", number, "enable")


@credentials.command("disable")
@click.argument("number", metavar="ID", type=int)
@click.pass_obj
def disable(session: Session, number: int) -> None:
    """Take a credential out of use."""
    with session.connect() as client:
        client.post("credentials", number, "disable")


@credentials.command("remove")
@click.argument("number", metavar="ID", type=int)
@yes_option
@click.pass_obj
def remove(session: Session, number: int, yes: bool) -> None:
    """Delete a credential."""
    confirm(f"Delete the credential {number}?", yes=yes)
    with session.connect() as client:
        client.delete("credentials", number)
