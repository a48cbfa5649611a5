"""`plugway worker gemini-business`: renews accounts for a gateway elsewhere."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import click

from plugway_gemini_business.provider import API_BASE, AUTH_BASE

if TYPE_CHECKING:
    from plugway import Browser
    from plugway_gemini_business.workers.worker import Renew

#: Environment variable with the secret, so that no list of processes shows it.
VARIABLE = "PLUGWAY_WORKER_SECRET"


@click.command("worker")
@click.option("--server", required=True, metavar="URL", help="Address of the gateway.")
@click.option(
    "--secret-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help=f"File with the workers' secret; else it is in {VARIABLE}.",
)
@click.option(
    "--threads",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Renewals, and so browsers, at a time.",
)
@click.option("--name", default="", metavar="TEXT", help="What the gateway shows.")
@click.option("--proxy", default="", metavar="URL", help="Proxy to the gateway.")
@click.option("--browser", default="", metavar="PATH", help="Chromium to use; else it is found.")
@click.option("--browser-proxy", default=None, metavar="URL", help="Proxy of the browser.")
@click.option("--front", default=AUTH_BASE, metavar="URL", help="Where the upstream's pages are.")
@click.option("--api", default=API_BASE, metavar="URL", help="Where the upstream's API is.")
def worker(
    server: str,
    secret_file: Path | None,
    threads: int,
    name: str,
    proxy: str,
    browser: str,
    browser_proxy: str | None,
    front: str,
    api: str,
) -> None:
    """Renew the cookies of a gateway's accounts on this machine, until SIGTERM or SIGINT.

    It takes no home directory and no database: only the gateway's address, the secret of its
    setting worker_secret, and a browser.
    """
    from plugway import Browser, ConfigurationError

    if urlsplit(server).scheme not in ("http", "https") or not urlsplit(server).hostname:
        raise click.BadParameter(
            "expected an address such as https://example.com", param_hint="server"
        )
    secret = _secret(secret_file)
    chromium = Browser(browser)
    try:
        chromium.program(visible=False)
    except ConfigurationError as error:
        raise click.ClickException(error.message) from None
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    renew = _by_browser(chromium, front, api, browser_proxy)
    asyncio.run(_work(server, secret, renew, threads=threads, name=name, proxy=proxy))


async def _work(
    server: str, secret: str, renew: Renew, *, threads: int, name: str, proxy: str
) -> None:
    from plugway import PlugwayError
    from plugway_gemini_business.workers.moment import SystemTime
    from plugway_gemini_business.workers.worker import Worker

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    one = Worker(server, secret, renew, clock=SystemTime(), threads=threads, name=name, proxy=proxy)
    click.echo(f"worker {one.id} renews for {server}, {threads} at a time")
    try:
        await one.run(stop)
    except PlugwayError as error:
        raise click.ClickException(error.message) from None


def _by_browser(browser: Browser, front: str, api: str, proxy: str | None) -> Renew:
    """Return what renews an account by a visit of this machine's browser."""
    import time

    import msgspec

    from plugway import Secret
    from plugway_gemini_business.account import read, written
    from plugway_gemini_business.renewing import renewed
    from plugway_gemini_business.visit import Place

    place = Place(front=front, api=api)

    async def renew(secret: Secret) -> Secret:
        before = read(secret)
        fresh = await renewed(browser, before, place, now=time.time(), proxy=proxy)
        return Secret(written(msgspec.structs.replace(fresh, email=before.email)))

    return renew


def _secret(file: Path | None) -> str:
    if file is None:
        found = os.environ.get(VARIABLE, "").strip()
    else:
        try:
            found = file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise click.ClickException(f"{file}: {type(error).__name__}") from None
    if not found:
        raise click.ClickException(f"the workers' secret is missing: --secret-file or {VARIABLE}")
    if not found.isascii() or not found.isprintable():
        raise click.ClickException("the workers' secret is printable ASCII")
    return found
