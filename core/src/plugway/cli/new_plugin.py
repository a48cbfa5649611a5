"""`plugway new-plugin`."""

from __future__ import annotations

import re
from pathlib import Path

import click

from plugway.cli.options import LocalLeaf

#: First segments of paths that the core serves: a plugin's routes begin with its name.
SERVED = frozenset({"api", "health", "media", "metrics", "readyz", "v1", "v1beta"})

#: Characters of a name at the most, so that no line of the plugin gets too long.
LONGEST = 30


def _name(context: click.Context, parameter: click.Parameter, value: str) -> str:
    from plugway.plugins import RESERVED

    if not re.fullmatch(r"[a-z][a-z0-9_]*", value):
        near = re.sub(r"[^a-z0-9]+", "_", value.lower()).strip("_")
        hint = f"; try {near}" if re.match(r"[a-z]", near) and len(near) <= LONGEST else ""
        raise click.BadParameter(
            f"{value!r} is not a lower-case identifier: a letter, then letters, digits and _{hint}"
        )
    if len(value) > LONGEST:
        raise click.BadParameter(f"{value!r} is longer than {LONGEST} characters")
    if value in RESERVED or value in SERVED:
        raise click.BadParameter(f"{value!r} is reserved: plugway uses it itself")
    return value


@click.command("new-plugin", cls=LocalLeaf)
@click.argument("name", callback=_name)
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    default=".",
    metavar="DIR",
    show_default="here",
    help="Make the folder in this one.",
)
@click.option("--chat", is_flag=True, help="Let it bring a chat model, in place of a plain route.")
@click.option("--tasks", is_flag=True, help="Let it bring jobs that outlive their call, likewise.")
def new_plugin(name: str, into: Path, chat: bool, tasks: bool) -> None:
    """Write a plugin that works, in the new folder plugway-NAME.

    NAME is the upstream's, a lower-case identifier. The plugin has a stand-in for the upstream
    and tests, and plugway demo shows it; put the real upstream in the stand-in's place.
    """
    from plugway.cli.scaffold import Part, files

    parts: set[Part] = set()
    if chat:
        parts.add("chat")
    if tasks:
        parts.add("tasks")
    folder = into / f"plugway-{name}"
    try:
        folder.mkdir(parents=True)
        for path, text in files(name, parts or {"route"}):
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
    except FileExistsError as error:
        taken = Path(error.filename)
        raise click.ClickException(f"{taken} exists already; nothing was written") from None
    except OSError as error:
        raise click.ClickException(f"{folder} cannot be written: {error.strerror}") from None
    click.echo(folder)
    click.echo(f'next: pip install -e "{folder}[test]", then python -m pytest {folder}', err=True)
