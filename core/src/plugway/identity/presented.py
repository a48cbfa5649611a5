"""The credential that a client presents in its headers."""

from __future__ import annotations

import re
from collections.abc import Iterable

from plugway.errors import NotAuthenticated

#: Bytes of the longest token. One that the official clients make has about 200.
MAX_TOKEN = 8192

#: RFC 6750's form of a token, in lengths that a key can have; or three parts of base64url.
_FORM = rb"([A-Za-z0-9._~+/-]{8,256}=*|[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)"

_KEY = re.compile(_FORM)
_BEARER = re.compile(rb"(?i:bearer) {1,8}" + _FORM)


def presented(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    """Return the one key or signed token that a request presents.

    Args:
        headers: As ASGI gives them, names in lower case. `Authorization: Bearer …` or
            `X-API-Key: …`, one of them and once.

    Raises:
        NotAuthenticated: None, more than one, or something that cannot be a key; the
            answer is the same for all, and the reason is `absent` or `malformed`.

    Example:
        >>> presented([(b"authorization", b"Bearer sk-0123456789")])
        b'sk-0123456789'
    """
    found: re.Match[bytes] | None = None
    shown = []
    for name, value in headers:
        if name == b"authorization":
            found = _BEARER.fullmatch(value)
        elif name == b"x-api-key":
            found = _KEY.fullmatch(value)
        else:
            continue
        shown.append(value)
    if found is not None and len(shown) == 1 and len(found[1]) <= MAX_TOKEN:
        return found[1]
    if not any(map(bytes.strip, shown)):
        raise NotAuthenticated(reason="absent")
    raise NotAuthenticated(reason="malformed")
