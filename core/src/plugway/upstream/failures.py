"""What went wrong between the gateway and an upstream, in words that hold no secret.

The messages are made of fixed words: what the client library says may hold addresses,
headers and proxy passwords.
"""

from __future__ import annotations

import errno
import ssl
from traceback import walk_tb
from typing import TYPE_CHECKING

from aiohttp import (
    ClientConnectorCertificateError,
    ClientConnectorDNSError,
    ClientConnectorError,
    ClientConnectorSSLError,
    ClientError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientResponseError,
    InvalidURL,
    ServerDisconnectedError,
)

from plugway.errors import UpstreamError, UpstreamInterrupted, UpstreamTimeout, UpstreamUnreachable

if TYPE_CHECKING:
    from yarl import URL

_SYSTEM = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.ECONNABORTED: "connection aborted",
    errno.EPIPE: "connection reset",
    errno.ETIMEDOUT: "connection timed out",
    errno.EHOSTUNREACH: "host unreachable",
    errno.ENETUNREACH: "network unreachable",
    errno.EADDRNOTAVAIL: "no local port is free",
    errno.EMFILE: "too many open files",
    errno.ENFILE: "too many open files",
}

# What a SOCKS5 proxy says of the upstream and not of itself (RFC 1928): network or host
# unreachable, connection refused, time to live expired.
_BEHIND = frozenset({3, 4, 5, 6})

_CERTIFICATE = {
    10: "expired",
    18: "self-signed",
    19: "self-signed",
    20: "issuer unknown",
    62: "for another name",
    64: "for another address",
}

# Where a connection was when its time ran out, by the name of a function that was waiting;
# the first that fits. Only the wording depends on it: nothing else says how far it had come.
_STAGES = (
    ("_resolve_host", "name resolution timed out"),
    ("start_connection", "connection timed out"),
    ("_start_tls_connection", "TLS handshake timed out"),
    ("_connect_via_proxy", "proxy timed out"),
    ("_wrap_create_connection", "TLS handshake timed out"),
    ("_create_proxy_connection", "proxy timed out"),
)


def unreachable(error: BaseException, proxied: bool = False) -> UpstreamUnreachable:
    """Return the error for a request of which nothing was sent.

    Args:
        error: What the client raised.
        proxied: The connection was to be made by a proxy.
    """
    said = reason(error, proxied=proxied)
    return UpstreamUnreachable(f"The upstream could not be reached: {said}.", acted=False)


def unanswered(error: BaseException) -> UpstreamError:
    """Return the error for a request that may have arrived and has no answer.

    Args:
        error: What the client raised.
    """
    if isinstance(error, TimeoutError):
        return UpstreamTimeout()
    if isinstance(error, ClientResponseError):
        return UpstreamError("The upstream's answer is not valid HTTP.")
    if isinstance(error, ServerDisconnectedError):
        return UpstreamInterrupted("The upstream closed the connection and gave no answer.")
    return UpstreamInterrupted("The connection to the upstream broke before its answer.")


def unfinished(error: BaseException) -> UpstreamError:
    """Return the error for an answer that began and did not end.

    Args:
        error: What the client raised.
    """
    if isinstance(error, TimeoutError):
        return UpstreamTimeout("The upstream took too long to finish its answer.")
    return UpstreamInterrupted()


def blames_proxy(error: BaseException, proxy: URL) -> bool:
    """Return whether a proxy, and nothing behind it, kept a request from being sent.

    Where it cannot be told, as when a handshake through a tunnel breaks, it is not blamed.

    Args:
        error: What the client raised before anything was sent.
        proxy: The proxy.
    """
    if isinstance(error, TimeoutError):
        return _stage(error) != "TLS handshake timed out"
    if isinstance(error, ClientProxyConnectionError | ClientConnectorDNSError):
        return True
    if isinstance(error, ClientConnectorError | ClientConnectorCertificateError):
        return (error.host, error.port) == (proxy.host, proxy.port)
    if isinstance(error, InvalidURL):
        return False
    if isinstance(error, ClientError):
        # While a tunnel was asked for; through SOCKS, while there was a handshake behind it.
        return proxy.scheme in ("http", "https")
    return getattr(error, "error_code", None) not in _BEHIND


def reason(error: BaseException, *, proxied: bool) -> str:
    """Say in a few fixed words why a request was not sent.

    Args:
        error: What the client raised.
        proxied: The connection was to be made by a proxy.
    """
    if isinstance(error, TimeoutError) or isinstance(error.__cause__, TimeoutError):
        return _stage(error)
    if isinstance(error, ClientConnectorCertificateError):
        return _certificate(error.certificate_error)
    if isinstance(error, ClientConnectorSSLError):
        return "TLS handshake failed"
    if isinstance(error, InvalidURL):
        return "address not valid"
    if isinstance(error, ClientConnectorDNSError):
        return "proxy name not resolved" if proxied else "name not resolved"
    if isinstance(error, ClientHttpProxyError):
        return f"proxy refused with status {error.status}"
    if isinstance(error, ClientConnectorError):
        reason = _system(error.os_error)
        is_proxy = isinstance(error, ClientProxyConnectionError)
        return f"proxy not reachable, {reason}" if is_proxy else reason
    cause = error.__cause__
    if isinstance(cause, ssl.SSLError):
        # Through SOCKS they come in another error.
        known = isinstance(cause, ssl.SSLCertVerificationError)
        return _certificate(cause) if known else "TLS handshake failed"
    if proxied and isinstance(cause, OSError) and not isinstance(error, ClientError):
        return f"proxy not reachable, {_system(cause)}"
    if proxied:
        code = getattr(error, "error_code", None)
        return "proxy refused" if code is None else f"proxy refused with code {code}"
    if isinstance(error, OSError):
        return _system(error)
    return "connection closed" if isinstance(error, ServerDisconnectedError) else "no connection"


def _system(error: OSError) -> str:
    if error.errno is None and isinstance(error, ConnectionAbortedError):
        return "TLS handshake timed out"  # the event loop's own limit, without a number
    if error.errno is None and isinstance(error, ConnectionResetError):
        return "connection reset"  # in the handshake, without a number too
    return _SYSTEM.get(error.errno or 0, "no connection")


def _certificate(error: BaseException) -> str:
    detail = None
    if isinstance(error, ssl.SSLCertVerificationError):
        detail = _CERTIFICATE.get(error.verify_code)
    return "TLS certificate not valid" + (f", {detail}" if detail else "")


def _stage(error: BaseException) -> str:
    waiting: set[str] = set()
    link: BaseException | None = error
    while link is not None:
        waiting.update(frame.f_code.co_name for frame, _ in walk_tb(link.__traceback__))
        link = link.__cause__
    for name, reason in _STAGES:
        if name in waiting:
            return reason
    return "connection timed out"
