"""The socket that a gateway listens on."""

from __future__ import annotations

import errno
import socket
from typing import TYPE_CHECKING

from plugway.errors import ConfigurationError

if TYPE_CHECKING:
    from plugway.settings import ServerSettings

#: Connections that the kernel keeps until they are accepted.
BACKLOG = 2048

_REASONS = {
    errno.EADDRINUSE: "another program listens there",
    errno.EACCES: "this user may not listen there",
    errno.EADDRNOTAVAIL: "this machine does not have that address",
}


def bind(settings: ServerSettings) -> socket.socket:
    """Bind a socket, which does not listen yet: clients are refused until the app is up.

    Args:
        settings: `host`, `port` (0: any free one) and `body_timeout`, after which a client
            that takes no more of its response is cut off too.

    Raises:
        ConfigurationError: The address cannot be had.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host or None, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ConfigurationError(f"server.host: {settings.host!r} is not known here") from error
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # So that "::" takes IPv4 as well.
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        _watch_clients(sock, settings.body_timeout)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise _refusal(error, settings.host, settings.port) from error
    sock.setblocking(False)
    return sock


def _watch_clients(sock: socket.socket, pause: float) -> None:
    # Accepted connections inherit these. Without them a client whose machine went away, or
    # that never reads, keeps its call until the absolute deadline: no server times writes.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    options = {"TCP_KEEPIDLE": 60, "TCP_KEEPINTVL": 15, "TCP_USER_TIMEOUT": int(pause * 1000)}
    for name, value in options.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def adopt(fd: int) -> socket.socket:
    """Take over a bound socket from the parent process.

    Args:
        fd: The inherited descriptor.

    Raises:
        ConfigurationError: It is no socket.
    """
    try:
        sock = socket.socket(fileno=fd)
    except OSError as error:
        raise ConfigurationError(f"descriptor {fd} is not a socket") from error
    sock.setblocking(False)
    return sock


def listen(sock: socket.socket) -> None:
    """Begin to accept connections.

    Raises:
        ConfigurationError: Another program took the address since it was bound.
    """
    try:
        sock.listen(BACKLOG)
    except OSError as error:
        host, port = sock.getsockname()[:2]
        raise _refusal(error, host, port) from error


def url(sock: socket.socket, host: str) -> str:
    """Return where a bound socket is reached.

    Args:
        sock: Bound, so that its real port is known.
        host: As the operator gave it.
    """
    name = host or sock.getsockname()[0]
    return f"http://{f'[{name}]' if ':' in name else name}:{sock.getsockname()[1]}"


def _refusal(error: OSError, host: str, port: int) -> ConfigurationError:
    reason = _REASONS.get(error.errno or 0, error.strerror)
    return ConfigurationError(f"cannot listen on {host}, port {port}: {reason}")
