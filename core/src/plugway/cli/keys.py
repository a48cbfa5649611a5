"""`plugway keys`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from plugway.cli.client import ApiError, Client
from plugway.cli.inputs import confirm, moment, yes_option
from plugway.cli.inputs import secret as secret_of
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_json, show_one, when

F = TypeVar("F", bound=Callable[..., object])

_COLUMNS = [
    *((name.upper(), name) for name in ("id", "user", "name", "kind", "masked", "enabled")),
    ("EXPIRES", when("expires_at")),
    *((name.upper(), name) for name in ("quota", "rate", "models", "networks")),
]


def _limits(command: F) -> F:
    """Add the options that say what a key may do."""
    options = (
        click.option("--quota", type=int, metavar="CREDITS", help="What it may spend."),
        click.option("--expires", metavar="TIME", help="Such as 30d or 2030-12-31."),
        click.option("--model", "models", multiple=True, help="Only this model; repeat."),
        click.option("--network", "networks", multiple=True, help="Only from this CIDR; repeat."),
        click.option("--rate", metavar="RATE", help="Such as 60/minute."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def _only_stdin(context: click.Context, parameter: click.Parameter, text: str | None) -> str | None:
    """Refuse a key on the command line, where others could see it."""
    if text not in (None, "-"):
        raise click.BadParameter("it is read from standard input: write --secret -")
    return text


@click.group(cls=Branch)
def keys() -> None:
    """What clients present: make, limit, disable."""


@keys.command("add")
@click.argument("user")
@click.option("--name", required=True, help="Unique among the user's keys.")
@click.option("--pair", is_flag=True, help="An access key and a secret key, to sign JWTs with.")
@click.option(
    "--secret",
    metavar="-",
    callback=_only_stdin,
    help="Adopt a key that clients have already, read from standard input.",
)
@_limits
@json_option
@click.pass_obj
def add(
    session: Session,
    user: str,
    name: str,
    pair: bool,
    secret: str | None,
    quota: int | None,
    expires: str | None,
    models: tuple[str, ...],
    networks: tuple[str, ...],
    rate: str | None,
    as_json: bool,
) -> None:
    """Make a key for USER and print it, this once: on stdout stands nothing else.

    A key that is adopted is not printed.
    """
    body = {
        "user": user,
        "name": name,
        "pair": pair,
        **({} if secret is None else {"secret": secret_of(secret)}),
        **_given(quota, expires, models, networks, rate),
    }
    with session.connect() as client:
        made = client.post("keys", body=body)
    if as_json:
        show_json(made)
    elif pair:
        click.echo(f"access_key={made['access_key']}")
        click.echo(f"secret_key={made['secret_key']}")
    elif secret is None:
        click.echo(made["key"])


@keys.command("list")
@click.option("--user", help="Only this user's.")
@json_option
@click.pass_obj
def listed(session: Session, user: str | None, as_json: bool) -> None:
    """List keys, masked."""
    with session.connect() as client:
        show(client.items("keys", user=user), _COLUMNS, as_json=as_json)


@keys.command("set")
@click.argument("key")
@click.option("--name", metavar="NAME", help="A new name.")
@_limits
@click.option(
    "--unlimited",
    multiple=True,
    type=click.Choice(["quota", "expires", "models", "networks", "rate"]),
    help="Take this limit off; repeat.",
)
@json_option
@click.pass_obj
def change(
    session: Session,
    key: str,
    name: str | None,
    quota: int | None,
    expires: str | None,
    models: tuple[str, ...],
    networks: tuple[str, ...],
    rate: str | None,
    unlimited: tuple[str, ...],
    as_json: bool,
) -> None:
    """Change a KEY: its id, or USER/NAME."""
    body = _given(quota, expires, models, networks, rate)
    if name is not None:
        body["name"] = name
    body.update({"expires_at" if each == "expires" else each: None for each in unlimited})
    with session.connect() as client:
        show_one(client.patch("keys", _id(client, key), body=body), as_json=as_json)


@keys.command("enable")
@click.argument("key")
@click.pass_obj
def enable(session: Session, key: str) -> None:
    """Let a KEY in again: its id, or USER/NAME."""
    with session.connect() as client:
        client.patch("keys", _id(client, key), body={"enabled": True})


@keys.command("disable")
@click.argument("key")
@click.pass_obj
def disable(session: Session, key: str) -> None:
    """Shut a KEY out: its id, or USER/NAME."""
    with session.connect() as client:
        client.patch("keys", _id(client, key), body={"enabled": False})


@keys.command("remove")
@click.argument("key")
@yes_option
@click.pass_obj
def remove(session: Session, key: str, yes: bool) -> None:
    """Delete a KEY: its id, or USER/NAME."""
    confirm(f"Delete the key {key}?", yes=yes)
    with session.connect() as client:
        client.delete("keys", _id(client, key))


def _given(
    quota: int | None,
    expires: str | None,
    models: tuple[str, ...],
    networks: tuple[str, ...],
    rate: str | None,
) -> dict[str, Any]:
    values = {
        "quota": quota,
        "expires_at": moment(expires),
        "models": list(models) or None,
        "networks": list(networks) or None,
        "rate": rate,
    }
    return {name: value for name, value in values.items() if value is not None}


def _id(client: Client, key: str) -> int:
    if key.isdecimal():
        return int(key)
    user, slash, name = key.partition("/")
    if slash:
        for found in client.items("keys", user=user):
            if found["name"] == name:
                return int(found["id"])
    raise ApiError(404, "not_found", f"no key {key}: give its id, or USER/NAME")
