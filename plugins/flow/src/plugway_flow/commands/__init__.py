"""`plugway flow …`, and `plugway import flow`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway_flow.commands.accounts import accounts
from plugway_flow.commands.check import check
from plugway_flow.commands.importing import importing

if TYPE_CHECKING:
    import click


def commands() -> list[click.Command]:
    """Return the plugin's commands."""
    return [accounts, check, importing]
