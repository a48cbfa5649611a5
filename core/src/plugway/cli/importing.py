"""`plugway import`."""

from __future__ import annotations

from typing import Any

import click

from plugway.cli.extensions import own_command
from plugway.cli.options import gateway_options


class Importers(click.Group):
    """Finds how a plugin takes over what an older system has."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**{**attributes, "params": gateway_options()})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the importer of a plugin."""
        return own_command(ctx, cmd_name, "import")


@click.group(cls=Importers, subcommand_metavar="PLUGIN [ARGS]...", no_args_is_help=True)
def importing() -> None:
    """Take over what an older system has: its settings, accounts and keys.

    Which systems a plugin knows says `plugway import PLUGIN --help`.
    """
