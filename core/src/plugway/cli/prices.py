"""`plugway prices`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import click

from plugway.cli.client import Client
from plugway.cli.inputs import pairs
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show, show_one


@click.group(cls=Branch)
def prices() -> None:
    """What calls cost."""


@prices.command("list")
@click.option("--provider", help="Only this provider's.")
@click.option("--key", help="Only of this tariff key.")
@json_option
@click.pass_obj
def listed(session: Session, provider: str | None, key: str | None, as_json: bool) -> None:
    """List the prices in force, with the plugins' defaults beside."""
    columns = [
        *((name.upper(), name) for name in ("provider", "key", "unit", "dimensions")),
        ("PRICE", _cost),
        ("EDITED", "edited"),
        ("DEFAULT", lambda row: _cost(row["default"]) if row["edited"] else None),
    ]
    with session.connect() as client:
        show(client.items("prices", provider=provider, key=key), columns, as_json=as_json)


@prices.command("set")
@click.argument("key")
@click.option("--provider", help="Whose; may be left out when one provider has the KEY.")
@click.option("--price", metavar="UNITS", help="Currency units for one, such as 0.35.")
@click.option("--credits", "credits_", metavar="CREDITS", help="Credits for one instead.")
@click.option("--unit", default="call", show_default=True, help="What is counted.")
@click.option("--dimension", "dimensions", multiple=True, metavar="NAME=VALUE", help="Repeat.")
@json_option
@click.pass_obj
def put(
    session: Session,
    key: str,
    provider: str | None,
    price: str | None,
    credits_: str | None,
    unit: str,
    dimensions: tuple[str, ...],
    as_json: bool,
) -> None:
    """Set the price of a tariff KEY, over the plugin's or where there is none."""
    with session.connect() as client:
        body = {
            "provider": provider or _provider(client, key),
            "key": key,
            "unit": unit,
            "dimensions": pairs(dimensions, "--dimension"),
            "price": price,
            "credits": credits_,
        }
        show_one(client.put("prices", body=body), as_json=as_json)


@prices.command("unset")
@click.argument("key")
@click.option("--provider", help="Whose; may be left out when one provider has the KEY.")
@click.option("--unit", default="call", show_default=True, help="What is counted.")
@click.option("--dimension", "dimensions", multiple=True, metavar="NAME=VALUE", help="Repeat.")
@click.pass_obj
def unset(
    session: Session, key: str, provider: str | None, unit: str, dimensions: tuple[str, ...]
) -> None:
    """Take an edited price of a tariff KEY back: the plugin's counts again."""
    with session.connect() as client:
        client.delete(
            "prices",
            provider=provider or _provider(client, key),
            key=key,
            unit=unit,
            dimensions=urlencode(pairs(dimensions, "--dimension")),
        )


def _provider(client: Client, key: str) -> str:
    found = {row["provider"] for row in client.items("prices", key=key)}
    if len(found) != 1:
        raise click.UsageError(f"say whose {key} is, with --provider")
    return str(found.pop())


def _cost(row: Mapping[str, Any] | None) -> str | None:
    if row is None:
        return None
    if row["price"] is not None:
        return f"{row['price']} units"
    if row["credits"] is not None:
        return f"{row['credits']} credits"
    return f"the channel's {row['setting']}"
