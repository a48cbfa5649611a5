"""The pages of the reference that are written from the code.

`python -m plugway.testing.reference docs/reference` writes them; with `--check` it only says
which are not up to date, and exits with 1 if any is not.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from plugway.configuration import reference as settings
from plugway.hookspecs import reference as hooks
from plugway.testing import command_reference as commands
from plugway.testing import error_reference as errors

#: Pages by file name, each with what writes its text.
PAGES: dict[str, Callable[[], str]] = {
    "cli.md": commands.reference,
    "errors.md": errors.reference,
    "hooks.md": hooks.reference,
    "settings.md": settings.reference,
}


def stale(folder: Path) -> list[Path]:
    """Return the pages of a folder that are missing or not up to date."""
    found = []
    for name, write in PAGES.items():
        page = folder / name
        if not page.exists() or page.read_text(encoding="utf-8") != write():
            found.append(page)
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the pages, or check them.

    Args:
        arguments: Of the command line; default: the process's.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m plugway.testing.reference")
    parser.add_argument("folder", type=Path, help="where the pages are")
    parser.add_argument("--check", action="store_true", help="write nothing")
    given = parser.parse_args(arguments)
    outdated = stale(given.folder)
    for page in outdated:
        if given.check:
            sys.stderr.write(f"{page} is not up to date: run `make docs`\n")
        else:
            page.write_text(PAGES[page.name](), encoding="utf-8")
    return 1 if given.check and outdated else 0


if __name__ == "__main__":
    sys.exit(main())
