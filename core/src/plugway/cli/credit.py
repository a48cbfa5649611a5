"""`plugway credit`."""

from __future__ import annotations

import click

from plugway.cli.options import Leaf
from plugway.cli.session import Session
from plugway.cli.table import json_option, show_one


# A negative number is an amount here and no option.
@click.command(cls=Leaf, context_settings={"ignore_unknown_options": True})
@click.argument("name")
@click.argument("credits", type=int)
@click.option("--reason", required=True, help="Why; it is kept in the ledger.")
@click.option("--idempotency-key", metavar="KEY", help="A repeat with the same one does nothing.")
@json_option
@click.pass_obj
def credit(
    session: Session,
    name: str,
    credits: int,  # noqa: A002  # what the API calls them
    reason: str,
    idempotency_key: str | None,
    as_json: bool,
) -> None:
    """Pay CREDITS into the account of the user NAME; below 0: take them back."""
    body = {"credits": credits, "reason": reason}
    if idempotency_key is not None:
        body["idempotency_key"] = idempotency_key
    with session.connect() as client:
        show_one(client.post("users", name, "credit", body=body), as_json=as_json)
