"""`plugway import flow`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from plugway import ConfigurationError
from plugway_flow.commands.old_deployment import OldDeployment, OldSession, old_deployment
from plugway_flow.commands.text import plain
from plugway_flow.models import families
from plugway_flow.provider import API_BASE, NAME

#: Sessions that one request takes over: the upstream is asked for each.
_BATCH = 20


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--channel", help=f"Default: the only one to Flow, or {NAME}, which is made.")
@click.option("--base-url", metavar="URL", default=API_BASE, help="Of a channel that is made.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def importing(
    context: click.Context,
    path: Path,
    channel: str | None,
    base_url: str,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Take over session tokens of an older deployment, or of another program's export.

    PATH is its folder, with data/at in it, a folder of files that hold a token or cookies each,
    or one file: a session a line, or JSON. The upstream is asked whose each session is: accounts
    that the channel has get the new session, and sessions that have ended are left out.
    Nothing is deleted.
    """
    old = old_deployment(path)
    rows: list[dict[str, Any]] = []
    with context.obj.connect() as client:
        there = [one["name"] for one in client.items("channels", provider=NAME)]
        name = _chosen(channel, there)
        good = [one for one in old.sessions if one.text]
        rows += [_left_out(one) for one in old.sessions if not one.text]
        if dry_run:
            rows += [{"place": one.place, "outcome": "would be taken"} for one in good]
        else:
            _make(client, name, there, base_url, old, quiet=as_json)
            for start in range(0, len(good), _BATCH):
                rows += _take_over(client, name, good[start : start + _BATCH])
    _tell(rows, name, old.place, as_json=as_json)
    if any(row["outcome"] == "refused" for row in rows):
        context.exit(1)


def _chosen(channel: str | None, there: list[str]) -> str:
    """Return the channel that is meant."""
    if channel is None and len(there) > 1 and NAME not in there:
        raise ConfigurationError("there are several channels: say which one with --channel")
    only = there[0] if len(there) == 1 else NAME
    return channel or only


def _make(
    client: Any, channel: str, there: list[str], base_url: str, old: OldDeployment, *, quiet: bool
) -> None:
    if channel in there:
        return
    body = {
        "provider": NAME,
        "name": channel,
        "base_url": base_url,
        "models": list(families()),
        "settings": old.settings,
    }
    client.post("channels", body=body)
    if not quiet:
        click.echo(f"the channel {channel} is made")


def _take_over(client: Any, channel: str, batch: list[OldSession]) -> list[dict[str, Any]]:
    """Do it, and return a row each."""
    # As strings: what is one session here is one there.
    text = json.dumps([one.text for one in batch])
    done = client.post("flow", "accounts", body={"channel": channel, "text": text})
    rows = []
    for one, item in zip(batch, done["items"], strict=True):
        del item["number"]
        rows.append({"place": one.place, **item})
        # Of one that was here before, this gateway's operator knows better.
        if one.disabled and item["outcome"] == "added" and item["credential_id"] is not None:
            client.post("credentials", item["credential_id"], "disable")
    return rows


def _left_out(one: OldSession) -> dict[str, Any]:
    return {"place": one.place, "outcome": "refused", "reason": one.fault}


def _tell(rows: list[dict[str, Any]], channel: str, place: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"channel": channel, "items": rows}, ensure_ascii=False, indent=2))
        return
    if not rows:
        click.echo(f"there is no session in {plain(place)}", err=True)
    counts: dict[str, int] = {}
    for row in rows:
        counts[row["outcome"]] = counts.get(row["outcome"], 0) + 1
        bits = (row.get("email"), row["outcome"], row.get("reason"))
        click.echo(plain(f"{row['place']}: {': '.join(bit for bit in bits if bit)}"))
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
