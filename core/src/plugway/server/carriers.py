"""The servers that can carry the app, and what each must do."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal, Protocol, cast

from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from starlette.types import ASGIApp

    from plugway.settings import ServerSettings

ServerName = Literal["hypercorn", "uvicorn", "granian"]

#: Seconds that an idle connection is kept: longer than the 60 s of common proxies, which
#: would otherwise now and then send a request into a connection that is being closed.
KEEP_ALIVE = 75.0

#: Seconds that a client may take to send a request's head.
HEAD_SECONDS = 10.0

#: Bytes of the longest message on a WebSocket; a longer one closes it.
WEBSOCKET_BYTES = 4 * 1024 * 1024

_PACKAGES: dict[str, tuple[str, ...]] = {
    "hypercorn": ("hypercorn",),
    "uvicorn": ("uvicorn", "httptools"),
    "granian": ("granian",),
}


class Carrier(Protocol):
    """Carries requests to an app until it is told to stop."""

    async def __call__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        sock: socket.socket,
        *,
        stop: asyncio.Event,
        started: Callable[[], None],
    ) -> None:
        """Serve.

        Args:
            app: Gets `http` and `websocket` scopes, no `lifespan`.
            settings: Header limits.
            sock: Listens. It is closed when the server stops accepting.
            stop: When set: accept no more, close idle connections, and return when the
                last response has gone.
            started: Called when connections are accepted.
        """


def carrier(name: ServerName) -> Carrier:
    """Return a server by its name.

    Raises:
        ConfigurationError: It is not installed.
    """
    if name not in _PACKAGES:
        raise ConfigurationError(f"there is no server {name!r}: use one of {', '.join(_PACKAGES)}")
    missing = [package for package in _PACKAGES[name] if find_spec(package) is None]
    if missing:
        raise ConfigurationError(
            f"the server {name} needs {' and '.join(missing)}: pip install 'plugway[{name}]'"
        )
    return cast("Carrier", import_module(f"plugway.server.{name}").carry)
