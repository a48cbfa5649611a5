"""`plugway gemini-business login`."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import click
import msgspec

from plugway import Browser, ConfigurationError
from plugway_gemini_business import signing_in
from plugway_gemini_business.account import Account, written
from plugway_gemini_business.provider import API_BASE, AUTH_BASE, NAME
from plugway_gemini_business.visit import Place

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
    @click.argument("email", required=False)
    @click.option("--channel", help="Name of the channel; default: the only one there is.")
    @click.option("--base-url", metavar="URL", help="Open this page instead of the channel's.")
    @click.option("--proxy", metavar="URL", help="Instead of the channel's; `direct`: none.")
    @click.option("--browser", "program", metavar="PATH", envvar=_PROGRAM, help="A Chromium.")
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
        email: str | None,
        channel: str | None,
        base_url: str | None,
        proxy: str | None,
        program: str | None,
        headless: bool,
        timeout: float,
    ) -> None:
        """Sign in one of your accounts in a browser, and add it to a channel or update it.

        A window opens, and you sign in there yourself. As soon as you have, it closes, and the
        account is stored. To close it before, or Ctrl-C, stores nothing.
        """
        with session.connect() as client:
            found = _channel(client.items("channels", provider=NAME), channel)
        browser, way = Browser(program or ""), _proxy(found, proxy)
        browser.check(visible=not headless)
        if not headless:
            click.echo("sign in, in the window that opens", err=True)
        signing = signing_in.sign_in(
            browser,
            _place(found, base_url),
            now=time.time,
            proxy=way,
            seconds=timeout,
            visible=not headless,
            person=person,
        )
        try:
            account = asyncio.run(signing)
        except KeyboardInterrupt:
            raise click.ClickException("broken off: nothing is stored") from None
        if account is None:
            raise click.ClickException("the window was closed: nothing is stored")
        account = _named(account, email)
        with session.connect() as client:
            body = {"channel": found["name"], "secret": written(account)}
            done = client.post("credentials", body=body)
        click.echo(f"{done['label']} is in the channel {found['name']}: credential {done['id']}")

    return command


def _channel(channels: Any, name: str | None) -> dict[str, Any]:
    found: list[dict[str, Any]] = [one for one in channels if name in (None, one["name"])]
    if len(found) == 1:
        return found[0]
    if name is not None:
        raise ConfigurationError(f"there is no channel {name} to Gemini Business")
    if found:
        raise ConfigurationError("there are several channels: say which one with --channel")
    raise ConfigurationError(
        f"there is no channel yet: plugway channels add --provider {NAME} --name business "
        f"--base-url {API_BASE} --model gemini-2.5-flash"
    )


def _place(channel: dict[str, Any], base_url: str | None) -> Place:
    api = channel["base_url"]
    front = base_url or channel["settings"].get("auth_base")
    return Place(front=(front or (AUTH_BASE if api == API_BASE else api)).rstrip("/"), api=api)


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


def _named(account: Account, email: str | None) -> Account:
    """Return the account with its owner's address, which nobody confuses with another's."""
    seen, told = account.email, (email or "").strip().lower()
    asks = sys.stdin.isatty()
    if not told and asks:
        told = click.prompt("E-mail address of the account", default=seen or None, err=True)
    elif told and seen and seen != told:
        question = f"the page shows {seen}, not {told}"
        if not asks or not click.confirm(f"{question}. Store it as {told}?", err=True):
            raise click.ClickException(f"{question}: nothing is stored")
    told = told or seen
    if told and ("@" not in told or len(told) > 190 or not told.isprintable()):
        raise click.ClickException("that is no e-mail address: nothing is stored")
    return msgspec.structs.replace(account, email=told)
