"""The credential that a client presents in its headers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from plugway.errors import NotAuthenticated

#: RFC 6750's form of a token, in lengths that a key can have.
_KEY = re.compile(rb"[A-Za-z0-9._~+/-]{8,256}=*")
_BEARER = re.compile(rb"(?i:bearer) {1,8}([A-Za-z0-9._~+/-]{8,256}=*)")


def presented(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the one key that a request presents.

    Args:
        headers: As ASGI gives them, names in lower case. `Authorization: Bearer …` or
            `X-API-Key: …`, one of them and once.

    Raises:
        NotAuthenticated: None, more than one, or something that cannot be a key; the
            answer is the same for all.

    Example:
        >>> presented([(b"authorization", b"Bearer sk-0123456789")])
        b'sk-0123456789'
    """
    found: re.Match[bytes] | None = None
    for name, value in headers:
        if name == b"authorization":
            match = _BEARER.fullmatch(value)
        elif name == b"x-api-key":
            match = _KEY.fullmatch(value)
        else:
            continue
        if match is None or found is not None:
            raise NotAuthenticated
        found = match
    if found is None:
        raise NotAuthenticated
    return found[found.lastindex or 0]
