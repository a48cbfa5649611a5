"""`plugway aistudio login`."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plugway import BadRequest, Browser, ConfigurationError
from plugway_aistudio.profiles import profile_file, signing_in
from plugway_aistudio.profiles.folder import Folder
from plugway_aistudio.profiles.profile import Profile, written
from plugway_aistudio.provider import BASE, NAME
from plugway_aistudio.settings import AIStudioSettings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from playwright.async_api import Page

    from plugway import Session

_PROGRAM = "PLUGWAY__BROWSER__PATH"


def login(person: Callable[[Page], Awaitable[None]] | None = None) -> click.Command:
    """Return the command.

    Args:
        person: Signs in instead of the operator; in tests.
    """

    @click.command("login")
    @click.argument("name")
    @click.option("--channel", help="Name of the channel; default: the only one there is.")
    @click.option("--base-url", metavar="URL", help="Open this page instead of the channel's.")
    @click.option("--proxy", metavar="URL", help="Instead of the channel's; `direct`: none.")
    @click.option("--browser", "program", metavar="PATH", envvar=_PROGRAM, help="A Chromium.")
    @click.option(
        "--folder",
        metavar="DIR",
        type=click.Path(path_type=Path),
        help="Keep it in this folder too; default: auth_profiles of the home, if it is there.",
    )
    @click.option("--headless", is_flag=True, help="Open no window; for tests.")
    @click.option(
        "--timeout",
        type=click.FloatRange(min=1, max=86_400),
        default=signing_in.SECONDS,
        show_default=True,
        help="Seconds to sign in.",
    )
    @click.pass_obj
    def command(
        session: Session,
        name: str,
        channel: str | None,
        base_url: str | None,
        proxy: str | None,
        program: str | None,
        folder: Path | None,
        headless: bool,
        timeout: float,
    ) -> None:
        """Sign in one of your Google accounts in a browser, as the profile NAME of a channel.

        A window opens, and you sign in there yourself. As soon as AI Studio shows its models,
        the window closes, and the profile is stored: a new one, or in the place of the one
        with this name. To close it before, or Ctrl-C, stores nothing.
        """
        _check_name(name)
        with session.connect() as client:
            found = channel_of(client.items("channels", provider=NAME), channel)
        browser, way = Browser(program or ""), _proxy(found, proxy)
        browser.check(visible=not headless)
        if not headless:
            click.echo("sign in, in the window that opens", err=True)
        signing = signing_in.sign_in(
            browser,
            base_url or found["base_url"],
            name,
            now=time.time,
            proxy=way,
            seconds=timeout,
            visible=not headless,
            person=person,
        )
        try:
            profile = asyncio.run(signing)
        except KeyboardInterrupt:
            raise click.ClickException("broken off: nothing is stored") from None
        if profile is None:
            raise click.ClickException("the window was closed: nothing is stored")
        _store(session, found["name"], profile, folder)

    return command


def channel_of(channels: Any, name: str | None) -> dict[str, Any]:
    """Return the channel that a command is for.

    Args:
        channels: The provider's.
        name: As the operator said; None: the only one.

    Raises:
        ConfigurationError: There is none, or several.
    """
    found: list[dict[str, Any]] = [one for one in channels if name in (None, one["name"])]
    if len(found) == 1:
        return found[0]
    if name is not None:
        raise ConfigurationError(f"there is no channel {name} to AI Studio")
    if found:
        raise ConfigurationError("there are several channels: say which one with --channel")
    raise ConfigurationError(
        f"there is no channel yet: plugway channels add --provider {NAME} --name {NAME} "
        f"--base-url {BASE} --model '*'"
    )


def _store(session: Session, channel: str, profile: Profile, folder: Path | None) -> None:
    """Store a profile at once, and say where."""
    with session.connect() as client:
        done = client.post("credentials", body={"channel": channel, "secret": written(profile)})
    click.echo(f"{profile.name} is in the channel {channel}: credential {done['id']}")
    if folder is None:
        usual = session.home / AIStudioSettings().profiles
        folder = usual if not session.url and usual.is_dir() else None
    if folder is None:
        return
    # After the channel: a gateway that watches the folder finds nothing new in it.
    place = Folder(folder.expanduser().absolute())
    try:
        place.save(profile)
        click.echo(f"and in the file {place.activate(profile.name)}")
    except OSError as error:
        raise click.ClickException(f"it is not in {folder}: {error.strerror}") from None


def _check_name(name: str) -> None:
    try:
        profile_file.check_name(name)
    except BadRequest as error:
        raise click.BadParameter(error.message.removeprefix("name: "), param_hint="NAME") from None


def _proxy(channel: dict[str, Any], given: str | None) -> str | None:
    """Return the proxy: what others may not see of the channel's cannot be seen here either."""
    if given is not None:
        return given
    proxy = str(channel["settings"].get("proxy") or "").partition("|")[0].strip()
    if proxy == "pool" or "…" in proxy:
        raise ConfigurationError(
            "the channel's proxy cannot be known here: give one with --proxy, or --proxy direct"
        )
    return proxy or None
