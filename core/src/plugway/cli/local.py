"""Calls the admin API of the gateway in a home directory, in this process."""

from __future__ import annotations

import asyncio
import getpass
import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from plugway.asgi import App, create_app
from plugway.cli.client import Client
from plugway.cli.logs import warnings_on_stderr
from plugway.identity.principal import Principal

if TYPE_CHECKING:
    from starlette.types import Message, Scope


class LocalClient(Client):
    """Starts the gateway without serving, and speaks ASGI to it.

    Whoever may read the home directory has the vault's key and the database, and so is
    an administrator.
    """

    def __init__(self, home: Path) -> None:
        """Name the gateway.

        Args:
            home: Its home directory.
        """
        self._home = home
        self._runner = asyncio.Runner()
        self._stack = ExitStack()
        self._app: App | None = None

    def __enter__(self) -> Self:
        """Start the gateway.

        Raises:
            ConfigurationError: It cannot start.
        """
        with ExitStack() as stack:
            stack.enter_context(self._runner)
            stack.enter_context(warnings_on_stderr())
            self._app = app = create_app(self._home)
            self._runner.run(app.start(serving=False))
            stack.callback(lambda: self._runner.run(app.stop()))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop it."""
        self._stack.close()

    @property
    def app(self) -> App:
        """Return the app, between entering and leaving."""
        assert self._app is not None  # noqa: S101  # the block was entered
        return self._app

    def send(self, method: str, path: str, raw: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Send a request as the administrator of this machine."""
        return self._runner.run(exchange(self.app, method, path, raw, query, body))


class LoopClient(Client):
    """Speaks ASGI to a gateway that runs in another thread's event loop."""

    def __init__(self, app: App, loop: asyncio.AbstractEventLoop) -> None:
        """Name the gateway.

        Args:
            app: Started.
            loop: Where it runs; not the caller's own.
        """
        self._app = app
        self._loop = loop

    def __enter__(self) -> Self:
        """Be ready as it is."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Leave the gateway running."""

    def send(self, method: str, path: str, raw: str, query: str, body: bytes) -> tuple[int, bytes]:
        """Send a request as the administrator of this machine."""
        work = exchange(self._app, method, path, raw, query, body)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def local_administrator() -> Principal:
    """Return who the command line is: no user of the gateway, an administrator all the same."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        # In a container a user may have no name.
        name = str(os.getuid())
    return Principal(user_id=0, user=f"cli:{name}", role="admin", group=None, account_id=0)


async def exchange(
    app: App, method: str, path: str, raw: str, query: str, body: bytes
) -> tuple[int, bytes]:
    """Send one request to an app as the administrator of this machine.

    Args:
        app: Started.
        method: HTTP method.
        path: Decoded.
        raw: The same, encoded.
        query: Encoded, without a question mark.
        body: JSON; empty: none.

    Returns:
        The status and the body of the answer.
    """
    scope: Scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": raw.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 0),
        "server": ("localhost", 80),
        "plugway.principal": local_administrator(),
    }
    incoming: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    status = 500
    chunks: list[bytes] = []

    async def receive() -> Message:
        return incoming.pop() if incoming else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
        else:
            chunks.append(message.get("body", b""))

    await app(scope, receive, send)
    return status, b"".join(chunks)
