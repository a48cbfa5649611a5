"""`plugway credentials`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from plugway.cli import credential_files
from plugway.cli.chosen import COLUMNS, Chosen, choice, filters, search_option, state_option
from plugway.cli.inputs import secret
from plugway.cli.options import Branch
from plugway.cli.session import Session
from plugway.cli.table import Column, json_option, show, show_json, show_one

_CHECKS: list[Column] = [
    *((name.upper(), name) for name in ("credential", "masked", "ok", "ms", "reason")),
]
_IMPORTED: list[Column] = [
    *((name.upper(), name) for name in ("file", "number", "outcome", "id", "label", "reason")),
]


@click.group(cls=Branch)
def credentials() -> None:
    """Upstream secrets of channels, and their state.

    Commands that change credentials take their IDs, or choose them with --channel, --state
    and --search: then they show what was found and ask first.
    """


@credentials.command("add")
@click.option("--channel", required=True, help="Name of the channel.")
@click.option("--secret", "text", required=True, help="The secret; -: from stdin.")
@json_option
@click.pass_obj
def add(session: Session, channel: str, text: str, as_json: bool) -> None:
    """Add a secret to a channel; of an account that it has, it replaces the old one."""
    body = {"channel": channel, "secret": secret(text)}
    with session.connect() as client:
        show_one(client.post("credentials", body=body), as_json=as_json)


@credentials.command("import")
@click.argument("channel")
@click.argument(
    "paths", metavar="PATH...", nargs=-1, required=True, type=click.Path(allow_dash=True)
)
@json_option
@click.pass_context
def import_(context: click.Context, channel: str, paths: tuple[str, ...], as_json: bool) -> None:
    """Add or update the accounts in files, in each *.json of directories, or from stdin (-).

    What is read depends on the channel's provider; exports of this gateway always are.
    """
    session: Session = context.obj
    with session.connect() as client:
        rows = credential_files.import_all(client, channel, credential_files.found(paths))
    if as_json:
        show_json(rows)
    else:
        show(rows, _IMPORTED, as_json=False)
    if any(row["outcome"] == "refused" for row in rows):
        context.exit(1)


@credentials.command("export")
@click.argument("channel")
@click.argument("folder", metavar="[DIR]", required=False, type=click.Path(path_type=Path))
@click.option(
    "--lines",
    "file",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="One file, a line each.",
)
@click.option("--stdout", is_flag=True, help="Print secrets, a line each.")
@state_option
@search_option
@click.pass_context
def export(
    context: click.Context,
    channel: str,
    folder: Path | None,
    file: Path | None,
    stdout: bool,
    state: str | None,
    search: str | None,
) -> None:
    """Write a channel's secrets to files that nobody else can read: one each in DIR.

    It takes an administrator, and is recorded.
    """
    if [folder is not None, file is not None, stdout].count(True) != 1:
        raise click.UsageError("give a DIR, --lines FILE or --stdout")
    session: Session = context.obj
    with session.connect() as client:
        body: dict[str, Any] = {"channel": channel}
        body |= {} if state is None else {"state": state}
        body |= {} if search is None else {"search": search}
        done, left = credential_files.export_all(client, body, folder, file)
    if not stdout:
        click.echo(f"{done} credentials are in {folder or file}", err=True)
    if left:
        context.exit(1)


@credentials.command("list")
@filters
@json_option
@click.pass_obj
def listed(
    session: Session, channel: str | None, state: str | None, search: str | None, as_json: bool
) -> None:
    """List credentials; their secrets are masked."""
    query = {"channel": channel, "state": state, "search": search}
    with session.connect() as client:
        show(client.items("credentials", limit=None, **query), COLUMNS, as_json=as_json)


@credentials.command("replace")
@click.argument("number", metavar="ID", type=int)
@click.option("--secret", "text", required=True, help="The secret; -: from stdin.")
@json_option
@click.pass_obj
def replace(session: Session, number: int, text: str, as_json: bool) -> None:
    """Put another secret of the same account in a credential's place."""
    with session.connect() as client:
        done = client.put("credentials", number, body={"secret": secret(text)})
    show_one(done, as_json=as_json)


@credentials.command("test")
@choice
@json_option
@click.pass_context
def test(context: click.Context, /, as_json: bool, **which: Any) -> None:
    """Ask the upstream, at no cost, whether credentials work; those that do are ready."""
    chosen = Chosen(context, **which)
    results = chosen.each("Test", lambda client, number: client.post("credentials", number, "test"))
    if which["dry_run"]:
        return
    if len(which["numbers"]) == 1:
        show_one(results[0], as_json=as_json)
    else:
        show(results, _CHECKS, as_json=as_json)
    if not all(result["ok"] for result in results):
        context.exit(1)


@credentials.command("clear")
@choice
@click.pass_context
def clear(context: click.Context, /, **which: Any) -> None:
    """Forget rests, uses of the day and failures: the credentials are ready."""
    _post(context, "Clear", "clear", which)


@credentials.command("renew")
@choice
@click.pass_context
def renew(context: click.Context, /, **which: Any) -> None:
    """Have credentials renewed now, by the gateway or its workers."""
    _post(context, "Renew", "renew", which)


@credentials.command("enable")
@choice
@click.pass_context
def enable(context: click.Context, /, **which: Any) -> None:
    """Put credentials into use."""
    _post(context, "Enable", "enable", which)


@credentials.command("disable")
@choice
@click.pass_context
def disable(context: click.Context, /, **which: Any) -> None:
    """Take credentials out of use."""
    _post(context, "Disable", "disable", which)


@credentials.command("remove")
@choice
@click.pass_context
def remove(context: click.Context, /, **which: Any) -> None:
    """Delete credentials; they can be added again."""
    Chosen(context, **which).each(
        "Delete", lambda client, number: client.delete("credentials", number), destroys=True
    )


def _post(context: click.Context, verb: str, word: str, which: dict[str, Any]) -> None:
    Chosen(context, **which).each(
        verb, lambda client, number: client.post("credentials", number, word)
    )
