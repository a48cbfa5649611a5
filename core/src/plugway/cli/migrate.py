"""`plugway migrate`."""

from __future__ import annotations

import asyncio
import os

import click

from plugway.cli.options import Branch, LocalLeaf
from plugway.cli.session import Session


class _Migrate(Branch):
    command_class = LocalLeaf


@click.group(cls=_Migrate, invoke_without_command=True)
@click.option("--check", is_flag=True, help="Change nothing; exit 1 if something is pending.")
@click.pass_context
def migrate(context: click.Context, check: bool) -> None:
    """Bring the database's tables to this version, plugins' tables included."""
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    session.check_home()
    names = asyncio.run(_migrate(session, check=check))
    for name in names:
        click.echo(name)
    if not names:
        click.echo("at head", err=True)
    elif check:
        context.exit(1)


@migrate.command("make")
@click.argument("label")
@click.option("--name", default="", metavar="WORDS", help="What it does, in a word or two.")
@click.pass_obj
def make(session: Session, label: str, name: str) -> None:
    """Write the migration that brings the tables of LABEL to its models."""
    from plugway.configuration import load
    from plugway.plugins import load_plugins
    from plugway.storage import migrate as storage

    loaded = load_plugins(load(session.home, os.environ).plugins)
    written = asyncio.run(storage.make(label, loaded.tables, name))
    if written is None:
        click.echo("nothing to do", err=True)
    else:
        click.echo(str(written))


async def _migrate(session: Session, *, check: bool) -> list[str]:
    from plugway.cli.home import database_of
    from plugway.storage import migrate as storage

    database, _ = database_of(session.home, os.environ)
    async with database:
        return await (storage.pending(database) if check else storage.migrate(database))
