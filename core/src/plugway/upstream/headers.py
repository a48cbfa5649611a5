"""Which headers cross the gateway.

Both ways, hop-by-hop headers and those that `Connection` names stay behind, and framing is
each side's own.
"""

from __future__ import annotations

from collections.abc import Iterable

from plugway.errors import BadRequest

_HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

# What the client told or proved to the gateway, and what proxies on its way said of it.
_CLIENTS_OWN = _HOP_BY_HOP | {
    b"authorization",
    b"cdn-loop",
    b"content-length",
    b"cookie",
    b"cookie2",
    b"expect",
    b"forwarded",
    b"host",
    b"http2-settings",
    b"true-client-ip",
    b"via",
    b"x-api-key",
    b"x-client-ip",
    b"x-cluster-client-ip",
    b"x-goog-api-key",
    b"x-real-ip",
}
_CLIENTS_OWN_PREFIXES = (b"cf-", b"proxy-", b"x-forwarded-", b"x-original-", b"x-rewrite-")

# What an upstream says about itself and its own address, or to a web server in front of it.
# `Date` and `Server` are the gateway's, as with any reverse proxy.
_UPSTREAMS_OWN = _HOP_BY_HOP | {
    b"alt-svc",
    b"clear-site-data",
    b"content-length",
    b"date",
    b"nel",
    b"report-to",
    b"reporting-endpoints",
    b"server",
    b"set-cookie",
    b"set-cookie2",
    b"strict-transport-security",
    b"x-accel-redirect",
    b"x-lighttpd-send-file",
    b"x-sendfile",
}

#: `Connection` values that name no header.
_PLAIN = frozenset({b"keep-alive", b"close", b"upgrade"})


def to_upstream(
    raw: Iterable[tuple[bytes, bytes]], grant_headers: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Return the headers to send for a client's request.

    Dropped: hop-by-hop headers, framing, `Host`, `Expect`, cookies, the client's
    credentials, and what proxies said about the client. The rest keeps its order, case and
    duplicates.

    Args:
        raw: The client's headers, as ASGI gives them.
        grant_headers: Set last; the client's of the same name are dropped.

    Raises:
        BadRequest: A header that could break out of its line, or is no text.

    Example:
        >>> to_upstream([(b"Cookie", b"a=b"), (b"X-A", b"1")], [("Authorization", "Bearer k")])
        [('X-A', '1'), ('Authorization', 'Bearer k')]
    """
    granted = list(grant_headers)
    replaced = {name.lower().encode() for name, _ in granted}
    kept: list[tuple[str, str]] = []
    named: set[bytes] = set()
    for name, value in raw:
        lower = name.lower()
        if lower in _CLIENTS_OWN or lower in replaced or lower.startswith(_CLIENTS_OWN_PREFIXES):
            if lower == b"connection":
                named |= _names(value)
            continue
        try:
            # The client library writes UTF-8: only then do the bytes stay what they were.
            pair = (name.decode("ascii"), value.decode("utf-8"))
        except UnicodeDecodeError:
            raise BadRequest("A header of the request is not text in UTF-8.") from None
        if not (pair[0].isprintable() and pair[1].isprintable()):
            _refuse_control(pair)
        kept.append(pair)
    if named:
        kept = [pair for pair in kept if pair[0].lower().encode() not in named]
    return kept + granted


def to_client(raw: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Return the headers to answer a client with.

    Dropped: hop-by-hop headers, framing (the caller states the answer's length), cookies,
    `Server`, `Date`, and what only concerns the upstream's own address. The rest keeps its
    order, case and duplicates, `Content-Encoding` too: bodies are passed on as they are.

    Args:
        raw: The upstream's headers.

    Example:
        >>> to_client([(b"Content-Type", b"text/plain"), (b"Set-Cookie", b"a=b")])
        [(b'Content-Type', b'text/plain')]
    """
    kept: list[tuple[bytes, bytes]] = []
    named: set[bytes] = set()
    for pair in raw:
        lower = pair[0].lower()
        if lower not in _UPSTREAMS_OWN:
            kept.append(pair)
        elif lower == b"connection":
            named |= _names(pair[1])
    if named:
        kept = [pair for pair in kept if pair[0].lower() not in named]
    return kept


def _names(value: bytes) -> set[bytes]:
    value = value.lower()
    if value in _PLAIN:
        return set()
    return {name.strip() for name in value.split(b",")} - _PLAIN


def _refuse_control(pair: tuple[str, str]) -> None:
    # Tabs and characters beyond ASCII may stand in a value; nothing below 32 else, nor 127.
    name, value = pair
    if not name.isprintable() or any(c != "\t" and (c < " " or c == "\x7f") for c in value):
        raise BadRequest("A header of the request holds control characters.")


def retry_after(headers: Iterable[tuple[bytes, bytes]]) -> float | None:
    """Return the seconds that an upstream asks to wait; None: it does not say.

    Args:
        headers: As they came.

    Example:
        >>> retry_after([(b"Retry-After", b"7")])
        7.0
    """
    for name, value in headers:
        if name.lower() == b"retry-after":
            text = value.decode("latin-1").strip()
            return float(text) if text.isdecimal() and len(text) < 8 else None
    return None
