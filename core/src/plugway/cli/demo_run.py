"""The demo: emulators, a real server, a tour, and then whoever comes."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from plugway.asgi import App, create_app
from plugway.cli.demo_keys import Access, prepare
from plugway.cli.demo_tour import show_tour
from plugway.cli.home import set_up
from plugway.cli.local import LoopClient
from plugway.cli.logs import warnings_on_stderr
from plugway.configuration.source import settings_file
from plugway.credentials.vault import FILE
from plugway.errors import ConfigurationError
from plugway.server.listener import bind
from plugway.server.serve import serve
from plugway.settings import ServerSettings

if TYPE_CHECKING:
    from plugway.contract import Emulator

#: Where the demo serves unless that is taken.
PORT = 8000


async def run(home: Path, *, port: int | None, once: bool, env_file: Path | None) -> bool:
    """Run the demo to its end.

    Args:
        home: Its home directory; made if it is not there.
        port: Where to serve; None: the usual port, or any free one.
        once: End after the tour.
        env_file: Gets the addresses and keys.

    Returns:
        Whether every step of the tour went as it should.

    Raises:
        ConfigurationError: It cannot run.
    """
    began = time.monotonic()
    shutdown = asyncio.Event()
    async with AsyncExitStack() as stack:
        stack.enter_context(warnings_on_stderr())
        if settings_file(home) is None or not (home / FILE).exists():
            await set_up(home, {})
        # What the environment says is for a real gateway, above all its database.
        app = create_app(home, environ={})
        url = await stack.enter_async_context(_serving(app, port, shutdown))
        emulators = app.gateway.registry.emulators
        addresses = {
            name: await stack.enter_async_context(_emulating(emulator))
            for name, emulator in emulators.items()
        }
        client = LoopClient(app, asyncio.get_running_loop())
        access = await asyncio.to_thread(prepare, client, home, url, emulators, addresses)
        click.echo(f"plugway serves on {url} with {', '.join(emulators) or 'no emulator'}\n")
        well = await show_tour(client, access, emulators, began)
        _show_addresses(app, access, home)
        if env_file is not None:
            access.write(env_file)
        if not once:
            click.echo("\nServing until Ctrl-C.")
            sys.stdout.flush()
            await shutdown.wait()
    return well


@asynccontextmanager
async def _serving(app: App, port: int | None, shutdown: asyncio.Event) -> AsyncIterator[str]:
    """Serve on loopback, with the server and the signals of a real gateway."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[str] = loop.create_future()
    sock = _bound(replace(app.server_settings(), host="127.0.0.1"), port)
    url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    server = asyncio.create_task(
        serve(
            app,
            app.server_settings,
            sock=sock,
            inflight=app.inflight,
            shutdown=shutdown,
            on_ready=ready.set_result,
        )
    )
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, shutdown.set)
    try:
        await asyncio.wait((ready, server), return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            server.result()
        yield url
    finally:
        shutdown.set()
        await server


def _bound(settings: ServerSettings, port: int | None) -> socket.socket:
    if port is not None:
        return bind(replace(settings, port=port))
    with suppress(ConfigurationError):
        return bind(replace(settings, port=PORT))
    return bind(replace(settings, port=0))


@asynccontextmanager
async def _emulating(emulator: Emulator) -> AsyncIterator[str]:
    try:
        yield await emulator.start()
    finally:
        await emulator.stop()


def _show_addresses(app: App, access: Access, home: Path) -> None:
    click.echo(f"\nAPI        {access.url}")
    click.echo(f"Admin API  {access.url}/api/admin  (described at {access.url}/openapi.json)")
    if any(route.mount.path == "/console" for route in app.gateway.registry.routes):
        click.echo(f"Console    {access.url}/console")
    click.echo(f"Keys       in {os.path.relpath(access.file(home))}")
    click.echo(f"Commands   plugway --home {os.path.relpath(home)} users list")
