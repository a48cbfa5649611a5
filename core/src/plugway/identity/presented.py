"""The credential that a client presents with its request."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set
from urllib.parse import unquote_to_bytes

from plugway.contract.routes import KEY_STYLES, KEYS
from plugway.errors import NotAuthenticated

#: Bytes of the longest token. One that the official clients make has about 200.
MAX_TOKEN = 8192

#: Characters of the longest key.
MAX_KEY = 256

#: What a key can be: printable ASCII, in lengths that a key can have. RFC 6750 knows less of it,
#: but keys that an operator had before may be passwords. What ends or quotes a value in a header
#: is left out. Nothing is matched twice, whatever is sent.
_PLAIN = rb"[!#-&(-+\--:<-\[\]-~]{8,256}+=*+"

#: A key, or the three parts of base64url that a signed token has.
_FORM = rb"(" + _PLAIN + rb"|[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)"

_KEY = re.compile(_FORM)
_ADOPTED = re.compile(_PLAIN)
_BEARER = re.compile(rb"(?i:bearer) {1,8}" + _FORM)

#: Headers that may hold a key, with the style that each is of and the form of its value.
_HEADERS = {
    b"authorization": ("bearer", _BEARER),
    b"x-api-key": ("x-api-key", _KEY),
    b"x-goog-api-key": ("x-goog-api-key", _KEY),
}


def presented(
    headers: Iterable[tuple[bytes, bytes]], styles: Set[str] = KEYS, query: bytes = b""
) -> bytes:
    """Return the one key or signed token that a request presents.

    Args:
        headers: As ASGI gives them, names in lower case.
        styles: Where it may be, of `plugway.contract.routes.KEY_STYLES`: in one of these
            places and once. What is anywhere else is not looked at.
        query: As ASGI gives it, for the style `key`.

    Raises:
        NotAuthenticated: None, more than one, or something that cannot be a key; the
            answer is the same for all, and the reason is `absent` or `malformed`.

    Example:
        >>> presented([(b"authorization", b"Bearer sk-0123456789")])
        b'sk-0123456789'
        >>> presented([], {"key"}, b"alt=sse&key=sk-0123456789")
        b'sk-0123456789'
    """
    found: re.Match[bytes] | None = None
    shown = []
    for name, value in headers:
        form = _HEADERS.get(name)
        if form is not None and form[0] in styles:
            found = form[1].fullmatch(value)
            shown.append(value)
    if query and "key" in styles:
        for value in _in_query(query):
            found = _KEY.fullmatch(value)
            shown.append(value)
    if found is not None and len(shown) == 1 and len(found[1]) <= MAX_TOKEN:
        return found[1]
    if not any(map(bytes.strip, shown)):
        raise NotAuthenticated(reason="absent")
    raise NotAuthenticated(reason="malformed")


def presents_nothing(headers: Iterable[tuple[bytes, bytes]], query: bytes = b"") -> bool:
    """Say whether a request has no key, in no place where any surface looks for one.

    Args:
        headers: As ASGI gives them, names in lower case.
        query: As ASGI gives it.

    Example:
        >>> presents_nothing([(b"accept", b"*/*")]), presents_nothing([(b"x-api-key", b"no")])
        (True, False)
    """
    try:
        presented(headers, KEY_STYLES, query)
    except NotAuthenticated as error:
        return error.reason == "absent"
    return False


def is_presentable(key: str) -> bool:
    """Say whether a client could present a key at all: 8 to 256 characters of ASCII.

    Args:
        key: What it is to be.

    Example:
        >>> is_presentable("correct-horse!"), is_presentable("two words"), is_presentable("short")
        (True, False, False)
    """
    return key.isascii() and len(key) <= MAX_KEY and _ADOPTED.fullmatch(key.encode()) is not None


def has_key(query: bytes) -> bool:
    """Say whether there is a key in a query.

    Args:
        query: As ASGI gives it.

    Example:
        >>> has_key(b"alt=sse&key=sk-0123456789"), has_key(b"keys=1")
        (True, False)
    """
    return any(map(_is_key, query.split(b"&")))


def without_key(query: bytes) -> bytes:
    """Return a query without the key in it, so that nobody writes it down or passes it on.

    Args:
        query: As ASGI gives it.

    Example:
        >>> without_key(b"alt=sse&key=sk-0123456789")
        b'alt=sse'
    """
    return b"&".join([field for field in query.split(b"&") if not _is_key(field)])


def _in_query(query: bytes) -> Iterable[bytes]:
    for field in query.split(b"&"):
        if _is_key(field):
            # A plus is left as it is: it belongs to the form of a token, and a space does not.
            yield unquote_to_bytes(field.partition(b"=")[2])


def _is_key(field: bytes) -> bool:
    return unquote_to_bytes(field.partition(b"=")[0]) == b"key"
