"""`plugway flow check`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from plugway_flow.commands.channels import chosen
from plugway_flow.commands.text import plain

if TYPE_CHECKING:
    from plugway import Session


@click.command("check")
@click.option("--channel", help="Only this channel's accounts.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def check(context: click.Context, channel: str | None, as_json: bool) -> None:
    """Ask the upstream for each account's session and credits now, at no cost.

    An account that works is ready again, unless you disabled it, though its quotas may rest;
    one whose session has ended is out of use. Exit code 1: something is wrong with one.
    """
    session: Session = context.obj
    found: list[dict[str, Any]] = []
    with session.connect() as client:
        for name in chosen(client, channel):
            for one in client.items("flow", "accounts", channel=name):
                done = client.post("flow", "accounts", one["id"], "check")
                found.append(done)
                if not as_json:
                    click.echo(_line(done))
    if as_json:
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))
    elif not found:
        click.echo("there is no account", err=True)
    if not all(one["ok"] for one in found):
        context.exit(1)


def _line(done: dict[str, Any]) -> str:
    account = done["account"]
    name = f"{account['channel']}/{account['id']} {account['email'] or 'of nobody known'}"
    if done["ok"]:
        left = "credits not told" if account["credits"] is None else f"{account['credits']} credits"
        off = ", disabled" if account["state"] == "disabled" else ""
        return plain(f"{name}: good, {account['tier'] or 'tier not told'}, {left}{off}")
    return plain(f"{name}: {done['code']}: {done['reason']}")
