"""The command line: a thin client of the admin API, in this process or over HTTP."""

from __future__ import annotations


def main() -> None:
    """Run the command line; the script `plugway` calls it."""
    # Imported here, so that importing this package costs nothing.
    from plugway.cli.root import root

    root(prog_name="plugway")
