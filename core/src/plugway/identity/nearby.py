"""Whether a request comes straight from this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from plugway.loopback import is_loopback

if TYPE_CHECKING:
    from starlette.types import Scope

#: Headers that proxies add; a request that has one came from somewhere else.
_FORWARDED = frozenset(
    {
        b"forwarded",
        b"via",
        b"x-real-ip",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-rewrite-url",
        b"true-client-ip",
        b"client-ip",
        b"fastly-client-ip",
        b"fly-client-ip",
        b"cdn-loop",
        b"x-remote-ip",
        b"x-remote-addr",
    }
)
_PREFIXES = (
    *(b"x-forwarded", b"x-original-", b"x-envoy-", b"x-proxyuser-"),
    *(b"cf-", b"x-amzn-", b"x-azure-", b"tailscale-"),
)

#: Versions of HTTP that no program of today speaks of itself. Nginx, with its defaults, speaks
#: one of them to those behind it, and tells them nothing of the client.
_OLD = frozenset({"0.9", "1", "1.0"})

#: What a browser says of a request that a page of another site makes.
_STRANGERS = frozenset({b"cross-site"})


def comes_from_here(scope: Scope) -> bool:
    """Say whether a request comes straight from a program of this machine.

    The peer is on loopback, nobody says to have passed it on, it asks for a loopback name, which
    a tunnel or a rebound DNS name does not, in HTTP/1.1 or later, and no page of another site
    makes it.
    A proxy on this machine that hides all of that cannot be told from a program.

    Args:
        scope: An ASGI scope.

    Example:
        >>> headers = [(b"host", b"127.0.0.1:8000")]
        >>> comes_from_here({"client": ("127.0.0.1", 4711), "headers": headers})
        True
        >>> comes_from_here({"client": ("192.0.2.1", 4711), "headers": headers})
        False
    """
    client = scope.get("client")
    if not client or not is_loopback(client[0]) or scope.get("http_version") in _OLD:
        return False
    hosts = 0
    for name, value in scope["headers"]:
        if name in _FORWARDED or name.startswith(_PREFIXES):
            return False
        if name == b"host":
            hosts += 1
            if not _names_loopback(b"http://" + value):
                return False
        elif (name == b"origin" and not _names_loopback(value)) or (
            name == b"sec-fetch-site" and value.lower() in _STRANGERS
        ):
            return False
    return hosts == 1


def _names_loopback(url: bytes) -> bool:
    try:
        text = url.decode("ascii")
        parts = urlsplit(text)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return False
    # A host and a port, and nothing that others may read in another way.
    plain = parts.netloc == text.partition("://")[2] and "@" not in parts.netloc
    return plain and parts.scheme in ("http", "https") and is_loopback(host)
