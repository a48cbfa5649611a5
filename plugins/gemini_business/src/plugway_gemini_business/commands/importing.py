"""`plugway import gemini-business`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugway_gemini_business.models import BUILTIN
from plugway_gemini_business.old_deployment import OldAccount, OldDeployment, old_deployment
from plugway_gemini_business.provider import API_BASE, NAME

if TYPE_CHECKING:
    from plugway import Session

#: Accounts that one request takes over.
_BATCH = 200


@click.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--channel", default="business", show_default=True, help="Made if it is not there.")
@click.option("--base-url", metavar="URL", default=API_BASE, help="Of a channel that is made.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.pass_context
def importing(
    context: click.Context, path: Path, channel: str, base_url: str, dry_run: bool
) -> None:
    """Take over settings and accounts of an older deployment.

    PATH is its folder, with config.json and data/*.json, a folder of accounts, or one file of
    accounts. LISTEN_ADDR, DATA_DIR, PROXY, API_KEY and CONFIG_ID count if they are set, as they
    did there. Accounts that the channel has are updated; nothing is deleted.
    """
    old = old_deployment(path, os.environ)
    _tell(old)
    accounts = [one for file in old.files for one in file.accounts]
    good = [one for one in accounts if one.text]
    if dry_run:
        click.echo(f"nothing is changed: {len(good)} accounts would go to the channel {channel}")
    else:
        good = _take_over(context.obj, old, good, channel, base_url)
    bad = len(accounts) - len(good) + sum(bool(file.fault) for file in old.files)
    if bad:
        context.exit(1)


def _tell(old: OldDeployment) -> None:
    for name, became in old.settings.taken:
        click.echo(f"taken     {name}: {became}")
    for name, why in old.settings.left:
        click.echo(f"not taken {_plain(name)}: {why}")
    if not old.files:
        click.echo(f"there is no account in {old.place}", err=True)
    for file in old.files:
        if file.fault:
            click.echo(f"{_plain(file.name)}: left out: {file.fault}", err=True)
        for number, one in enumerate(file.accounts, start=1):
            place = f", account {number}" if len(file.accounts) > 1 else ""
            if one.fault:
                click.echo(f"{_plain(file.name)}{place}: left out: {one.fault}", err=True)
            else:
                off = ", disabled" if one.disabled else ""
                click.echo(f"{_plain(file.name)}{place}: {_plain(one.label)}{off}")


def _take_over(
    session: Session, old: OldDeployment, accounts: list[OldAccount], channel: str, base_url: str
) -> list[OldAccount]:
    """Do it, and return the accounts that the gateway has taken."""
    taken = []
    with session.connect() as client:
        if any(one["name"] == channel for one in client.items("channels", provider=NAME)):
            click.echo(f"the channel {channel} is there already: its settings stay")
        else:
            body: dict[str, Any] = {
                "provider": NAME,
                "name": channel,
                "base_url": base_url,
                "models": sorted(BUILTIN),
                "settings": old.settings.channel,
            }
            client.post("channels", body=body)
            click.echo(f"the channel {channel} is made")
        counts = {"added": 0, "updated": 0, "unchanged": 0, "refused": 0}
        for batch in _batches(accounts):
            text = f"[{','.join(one.text for one in batch)}]"
            done = client.post("credentials", "import", body={"channel": channel, "text": text})
            for one, item in zip(batch, done["items"], strict=True):
                counts[item["outcome"]] += 1
                if item["outcome"] == "refused":
                    click.echo(f"{_plain(one.label)}: refused: {item['reason']}", err=True)
                    continue
                taken.append(one)
                # Of one that was here before, this gateway's operator knows better.
                if one.disabled and item["outcome"] == "added":
                    client.post("credentials", item["id"], "disable")
    click.echo(", ".join(f"{count} {outcome}" for outcome, count in counts.items()))
    return taken


def _batches(accounts: list[OldAccount]) -> Iterator[list[OldAccount]]:
    for start in range(0, len(accounts), _BATCH):
        yield accounts[start : start + _BATCH]


def _plain(text: str) -> str:
    """Return a text that a terminal shows and does not obey."""
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in text)
