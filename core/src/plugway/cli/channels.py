"""`plugway channels`."""

from __future__ import annotations

from typing import Any

import click

from plugway.cli.inputs import confirm, pairs, secret, yes_option
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_json, show_one

_COLUMNS = [
    *((name.upper(), name) for name in ("name", "provider", "base_url", "models")),
    *((name.upper(), name) for name in ("priority", "weight", "group", "enabled")),
    ("CREDENTIALS", "credentials"),
    ("FAULT", "fault"),
]


@click.group(cls=Branch)
def channels() -> None:
    """Ways to upstreams: add, test, change."""


@channels.command("add")
@click.option("--provider", required=True, help="As `plugway plugins` lists them.")
@click.option("--name", required=True, help="Unique, yours to choose.")
@click.option("--base-url", required=True, metavar="URL", help="The upstream's address.")
@click.option("--secret", "secrets", multiple=True, help="Upstream secret; repeat. -: from stdin.")
@click.option("--model", "models", multiple=True, help="Served model; repeat. Default: all.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Setting; repeat.")
@click.option("--priority", type=int, default=0, help="Higher is tried first.")
@click.option("--weight", type=int, default=1, help="Share among equals.")
@click.option("--group", metavar="GROUP", help="Only for this group's users.")
@click.option("--disabled", is_flag=True, help="Takes no calls yet.")
@json_option
@click.pass_obj
def add(
    session: Session,
    provider: str,
    name: str,
    base_url: str,
    secrets: tuple[str, ...],
    models: tuple[str, ...],
    settings: tuple[str, ...],
    priority: int,
    weight: int,
    group: str | None,
    disabled: bool,
    as_json: bool,
) -> None:
    """Add a channel."""
    body: dict[str, Any] = {
        "provider": provider,
        "name": name,
        "base_url": base_url,
        "secrets": [secret(text) for text in secrets],
        "settings": pairs(settings, "--set"),
        "priority": priority,
        "weight": weight,
        "group": group,
        "enabled": not disabled,
    }
    if models:
        body["models"] = list(models)
    with session.connect() as client:
        show_one(client.post("channels", body=body), as_json=as_json)


@channels.command("list")
@click.option("--provider", help="Only this provider's.")
@json_option
@click.pass_obj
def listed(session: Session, provider: str | None, as_json: bool) -> None:
    """List channels."""
    with session.connect() as client:
        show(client.items("channels", provider=provider), _COLUMNS, as_json=as_json)


@channels.command("show")
@click.argument("name")
@json_option
@click.pass_obj
def shown(session: Session, name: str, as_json: bool) -> None:
    """Show one channel."""
    with session.connect() as client:
        show_one(client.get("channels", name), as_json=as_json)


@channels.command("set")
@click.argument("name")
@click.option("--name", "new_name", metavar="NAME", help="A new name.")
@click.option("--base-url", metavar="URL", help="The upstream's address.")
@click.option("--model", "models", multiple=True, help="Served model; repeat.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Setting; repeat.")
@click.option("--priority", type=int, help="Higher is tried first.")
@click.option("--weight", type=int, help="Share among equals.")
@click.option("--group", metavar="GROUP", help="Only for this group's users.")
@click.option("--no-group", is_flag=True, help="For everyone.")
@json_option
@click.pass_obj
def change(
    session: Session,
    name: str,
    new_name: str | None,
    base_url: str | None,
    models: tuple[str, ...],
    settings: tuple[str, ...],
    priority: int | None,
    weight: int | None,
    group: str | None,
    no_group: bool,
    as_json: bool,
) -> None:
    """Change a channel."""
    given = {
        "name": new_name,
        "base_url": base_url,
        "models": list(models) or None,
        "settings": pairs(settings, "--set") or None,
        "priority": priority,
        "weight": weight,
        "group": group,
    }
    body: dict[str, Any] = {key: value for key, value in given.items() if value is not None}
    if no_group:
        body["group"] = None
    with session.connect() as client:
        show_one(client.patch("channels", name, body=body), as_json=as_json)


@channels.command("test")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@click.pass_context
def test(context: click.Context, names: tuple[str, ...], as_json: bool) -> None:
    """Ask upstreams, at no cost, whether credentials work; without a NAME, all of them."""
    session: Session = context.obj
    with session.connect() as client:
        wanted = names or [channel["name"] for channel in client.items("channels")]
        tests = [client.post("channels", name, "test") for name in wanted]
    if as_json:
        show_json(tests)
    for tested in () if as_json else tests:
        if tested["fault"] is not None:
            click.echo(f"{tested['channel']}  fail  {tested['fault']}")
        for one in tested["results"]:
            result = "ok" if one["ok"] else f"fail  {one['reason']}"
            click.echo(f"{tested['channel']}  {one['masked']}  {one['ms']} ms  {result}")
    if not all(tested["ok"] for tested in tests):
        context.exit(1)


@channels.command("enable")
@click.argument("name")
@click.pass_obj
def enable(session: Session, name: str) -> None:
    """Let a channel take calls."""
    with session.connect() as client:
        client.patch("channels", name, body={"enabled": True})


@channels.command("disable")
@click.argument("name")
@click.pass_obj
def disable(session: Session, name: str) -> None:
    """Let a channel take no more calls."""
    with session.connect() as client:
        client.patch("channels", name, body={"enabled": False})


@channels.command("remove")
@click.argument("name")
@yes_option
@click.pass_obj
def remove(session: Session, name: str, yes: bool) -> None:
    """Delete a channel and its credentials."""
    confirm(f"Delete the channel {name} and its credentials?", yes=yes)
    with session.connect() as client:
        client.delete("channels", name)
