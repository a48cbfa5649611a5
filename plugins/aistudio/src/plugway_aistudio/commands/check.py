"""`plugway aistudio check`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugway import BadRequest, Browser, ConfigurationError, UpstreamError
from plugway_aistudio.commands.login import channel_of
from plugway_aistudio.page.check import told
from plugway_aistudio.page.checking import checked
from plugway_aistudio.page.moment import SystemTime
from plugway_aistudio.page.selectors import Selectors
from plugway_aistudio.profiles import profile_file
from plugway_aistudio.provider import BASE, NAME

if TYPE_CHECKING:
    from plugway import Session

_PROGRAM = "PLUGWAY__BROWSER__PATH"


@click.command("check")
@click.option("--base-url", metavar="URL", help="Open this page instead of the channel's.")
@click.option(
    "--profile",
    metavar="FILE",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of the profile to use.",
)
@click.option("--channel", help="Use the first profile of this channel.")
@click.option("--model", default="", metavar="ID", help="Open the page with this model.")
@click.option("--proxy", metavar="URL", help="Instead of the channel's; `direct`: none.")
@click.option("--browser", "program", metavar="PATH", envvar=_PROGRAM, help="A Chromium.")
@click.option(
    "--screenshot",
    metavar="FILE",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    default=Path("aistudio-check.png"),
    show_default=True,
    help="Where a picture of the page goes.",
)
@click.pass_context
def check(
    context: click.Context,
    base_url: str | None,
    profile: Path | None,
    channel: str | None,
    model: str,
    proxy: str | None,
    program: str | None,
    screenshot: Path,
) -> None:
    """Look for every part of AI Studio's page that is used, and name those that are broken.

    It opens panels, menus and dialogs, and asks no model anything. Exit code 1: a part is
    missing that has to be there. Name another selector for it in plugins.aistudio.selectors.
    """
    if profile is not None and channel is not None:
        raise click.UsageError("give --profile or --channel, not both")
    session: Session = context.obj
    if profile is not None:
        state, base = _read(profile), BASE
        selectors = _selectors(session)
    else:
        found, state = _of_channel(session, channel)
        base, proxy = found["base_url"], proxy or found["settings"].get("proxy") or None
        if proxy == "pool" or (proxy and "…" in proxy):
            raise ConfigurationError(
                "the channel's proxy cannot be known here: give one with --proxy"
            )
        selectors = _selectors(session)
    try:
        with _private(screenshot):
            walking = checked(
                Browser(program or ""),
                state,
                base_url or base,
                clock=SystemTime(),
                selectors=Selectors(selectors),
                model=model,
                proxy=proxy,
                screenshot=screenshot,
            )
            findings = asyncio.run(walking)
    except UpstreamError as error:
        raise click.ClickException(error.message) from None
    whole = told(findings, click.echo)
    click.echo(f"picture: {screenshot}")
    if not whole:
        context.exit(1)


@contextmanager
def _private(file: Path) -> Iterator[None]:
    """Let only its owner read a file that is written; one that stays empty is removed."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(mode=0o600)
        file.chmod(0o600)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from None
    try:
        yield
    finally:
        if not file.stat().st_size:
            file.unlink()


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise click.ClickException(f"{file}: {type(error).__name__}") from None
    try:
        return profile_file.profile_of(text).state()
    except BadRequest as error:
        said = error.message.removeprefix("secret: ")
        raise click.ClickException(f"{file}: {said}") from None


def _of_channel(session: Session, name: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a channel and its first profile that can be used."""
    with session.connect() as client:
        found = channel_of(client.items("channels", provider=NAME), name)
        body = {"channel": found["name"], "limit": 100}
        for item in client.post("credentials", "export", body=body)["items"]:
            if item["secret"] is not None:
                return found, profile_file.profile_of(_text(item["secret"])).state()
    raise ConfigurationError(
        f"the channel {found['name']} has no profile yet: plugway aistudio login NAME"
    )


def _text(secret: object) -> str:
    return secret if isinstance(secret, str) else json.dumps(secret)


def _selectors(session: Session) -> Mapping[str, tuple[str, ...]]:
    """Return the operator's selectors; without a gateway there are none."""
    if not session.url and not session.home.is_dir():
        return {}
    with session.connect() as client:
        for item in client.get("settings")["items"]:
            if item["name"] == "plugins.aistudio.selectors":
                return {name: tuple(ways) for name, ways in item["value"].items()}
    return {}
