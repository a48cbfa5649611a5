"""`plugway flow accounts`."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from plugway_flow.commands.channels import chosen
from plugway_flow.commands.text import plain

if TYPE_CHECKING:
    from plugway import Session

_TITLES = ("ID", "CHANNEL", "EMAIL", "STATE", "TIER", "CREDITS", "PROJECT", "CHECKED", "REASON")


@click.command("accounts")
@click.option("--channel", help="Only this channel's.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def accounts(session: Session, channel: str | None, as_json: bool) -> None:
    """List the accounts with tier, credits and project, as they were when they were asked last."""
    with session.connect() as client:
        found = []
        for name in chosen(client, channel):
            kept = {one["id"]: one for one in client.items("credentials", channel=name)}
            for one in client.items("flow", "accounts", channel=name):
                whole = kept.get(one["id"], {})
                told = {"state": whole.get("state", one["state"]), "reason": whole.get("reason")}
                found.append({**one, **told})
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
        return
    if not found:
        click.echo("there is no account", err=True)
        return
    lines = [_TITLES, *map(_line, found)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        padded = (text.ljust(width) for text, width in zip(line, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _line(one: dict[str, Any]) -> tuple[str, ...]:
    names = ("id", "channel", "email", "state", "tier", "credits", "project")
    cells = ["-" if one[name] in (None, "") else plain(str(one[name])) for name in names]
    return (*cells, _when(one["checked_at"]), plain(one["reason"] or "-"))


def _when(text: str | None) -> str:
    if text is None:
        return "-"
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M")
