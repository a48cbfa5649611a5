"""`plugway gemini-business workers`: who renews for a gateway, and how it goes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from plugway import Session

_PATH = "/admin/registrar/metrics"


@click.command("workers")
@click.option("--json", "as_json", is_flag=True, help="Write JSON.")
@click.pass_obj
def workers(session: Session, as_json: bool) -> None:
    """List the workers that are connected, and what became of their renewals.

    They are connected to a process, so this asks a gateway at a URL; of several processes
    behind it the one that answers knows its own.
    """
    if not session.url:
        raise click.ClickException("name a running gateway: plugway --url URL gemini-business …")
    with session.connect() as client:
        status, content = client.send("GET", _PATH, _PATH, "", b"")
    if status == 404:
        raise click.ClickException("this gateway renews by itself: its mode is not server")
    if status != 200:
        raise click.ClickException(f"the gateway answers with status {status}")
    found: dict[str, Any] = json.loads(content)
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found["clients"]:
        state = "alive" if one["is_alive"] else "silent"
        name = one["name"] or one["id"]
        click.echo(f"{name}  {one['busy']}/{one['threads']}  {state}  {one['last_ping']}")
    if not found["clients"]:
        click.echo("no worker is connected")
    counts = "  ".join(f"{outcome} {count}" for outcome, count in found["counts"].items())
    click.echo(f"{counts}  failures {found['fail_ratio']:.0%}")
