"""`plugway aistudio …`, and `plugway import aistudio`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway_aistudio.commands.check import check
from plugway_aistudio.commands.importing import importing
from plugway_aistudio.commands.login import login

if TYPE_CHECKING:
    import click


def commands() -> list[click.Command]:
    """Return the plugin's commands."""
    return [login(), check, importing]
