"""`plugway import aistudio`."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugway import ConfigurationError
from plugway_aistudio.profiles.old_deployment import OldDeployment, OldProfile, old_deployment
from plugway_aistudio.provider import BASE, NAME

if TYPE_CHECKING:
    from plugway import Session

#: Profiles that one request takes over.
_BATCH = 20


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--channel", help=f"Default: the only one to AI Studio, or {NAME}, which is made.")
@click.option("--base-url", metavar="URL", default=BASE, help="Of a channel that is made.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_context
def importing(
    context: click.Context, path: Path, channel: str | None, base_url: str, dry_run: bool
) -> None:
    """Take over the profiles of an older deployment.

    PATH is its folder, with auth_profiles in it, a folder of profiles, or one profile's file.
    Profiles in `active` are in use then; those in `saved` and `emergency` are disabled, until
    `plugway credentials enable`. Profiles that the channel has are updated; nothing is deleted.
    """
    old = old_deployment(path, time.time())
    _tell(old)
    good = [one for one in old.profiles if one.text]
    session: Session = context.obj
    with session.connect() as client:
        there = [one["name"] for one in client.items("channels", provider=NAME)]
        name = _chosen(channel, there)
        if dry_run:
            click.echo(f"nothing is changed: {len(good)} profiles would go to the channel {name}")
            taken = len(good)
        else:
            _make(client, name, there, base_url)
            taken = _take_over(client, good, name)
    if taken < len(old.profiles):
        context.exit(1)


def _tell(old: OldDeployment) -> None:
    if not old.profiles:
        click.echo(f"there is no profile in {old.place}", err=True)
    for one in old.profiles:
        if one.fault:
            click.echo(f"{_plain(one.place)}: left out: {_plain(one.fault)}", err=True)
        else:
            click.echo(f"{_plain(one.place)}: {one.name}{'' if one.used else ', disabled'}")
    if old.keys is not None:
        click.echo(
            f"not taken {_plain(str(old.keys))}: for clients with these keys, name the file in "
            "plugins.aistudio.key_file and their user in plugins.aistudio.key_user"
        )
    if old.excluded:
        click.echo("not taken excluded_models.txt: put this into plugway.toml")
        click.echo(f"  [plugins.aistudio]\n  excluded_models = {_plain(json.dumps(old.excluded))}")


def _chosen(channel: str | None, there: list[str]) -> str:
    """Return the channel that is meant."""
    if channel is None and len(there) > 1 and NAME not in there:
        raise ConfigurationError("there are several channels: say which one with --channel")
    only = there[0] if len(there) == 1 else NAME
    return channel or only


def _make(client: Any, channel: str, there: list[str], base_url: str) -> None:
    if channel in there:
        click.echo(f"the channel {channel} is there already: its settings stay")
        return
    body = {"provider": NAME, "name": channel, "base_url": base_url, "models": ["*"]}
    client.post("channels", body=body)
    click.echo(f"the channel {channel} is made")


def _take_over(client: Any, profiles: list[OldProfile], channel: str) -> int:
    """Do it, and return how many profiles the gateway has taken."""
    counts = {"added": 0, "updated": 0, "unchanged": 0, "refused": 0}
    for start in range(0, len(profiles), _BATCH):
        batch = profiles[start : start + _BATCH]
        text = f"[{','.join(one.text for one in batch)}]"
        done = client.post("credentials", "import", body={"channel": channel, "text": text})
        for one, item in zip(batch, done["items"], strict=True):
            counts[item["outcome"]] += 1
            if item["outcome"] == "refused":
                click.echo(f"{_plain(one.place)}: refused: {item['reason']}", err=True)
            elif not one.used and item["outcome"] == "added":
                # Of one that was here before, this gateway's operator knows better.
                client.post("credentials", item["id"], "disable")
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return len(profiles) - counts["refused"]


def _plain(text: str) -> str:
    """Return a text that a terminal shows and does not obey."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
