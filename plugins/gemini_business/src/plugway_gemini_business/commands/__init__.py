"""Commands of the plugin, beside those of the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway_gemini_business.commands.importing import importing
from plugway_gemini_business.commands.login import login
from plugway_gemini_business.commands.worker import worker
from plugway_gemini_business.commands.workers import workers

if TYPE_CHECKING:
    import click


def commands() -> list[click.Command]:
    """Return the commands."""
    return [login(), importing, worker, workers]
