"""`plugway vault`."""

from __future__ import annotations

import click

from plugway.cli.inputs import confirm, yes_option
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import json_option, show_one


@click.group(cls=Branch)
def vault() -> None:
    """The key that seals secrets."""


@vault.command("rotate")
@click.option("--retire", is_flag=True, help="Drop the old keys: old backups stay sealed for good.")
@yes_option
@json_option
@click.pass_obj
def rotate(session: Session, retire: bool, yes: bool, as_json: bool) -> None:
    """Make a new key and seal every secret with it."""
    if retire:
        confirm("Drop the old keys, so that backups made before cannot be opened?", yes=yes)
    with session.connect() as client:
        result = client.post("vault", "rotate", body={"retire": retire})
    show_one(result, as_json=as_json)
