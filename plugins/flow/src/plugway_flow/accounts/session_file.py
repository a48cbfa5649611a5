"""Sessions as operators have them: tokens, cookies, and the files of other programs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from plugway import BadRequest
from plugway_flow.accounts.session import COOKIE, VALUE, Session, address, written

#: A token by itself has no `=`, which tells it from cookies.
_BARE = re.compile(r"[!#-+\--:<>-\[\]-~]{20,16384}")

#: Names of the same thing in different files, the first that is there counts.
_TOKEN = ("st", "session_token", "sessionToken", COOKIE)
_EMAIL = ("email", "account", "mail")
_COOKIES = ("cookies", "cookie", "cookie_string")
_LISTS = ("tokens", "accounts", "sessions", "data")


def session_of(text: str) -> Session:
    """Read one session.

    Args:
        text: A token, a header of cookies, or JSON: an object of `st` or `session_token` and
            `email`, or the list of cookies that a browser exports.

    Raises:
        BadRequest: It holds no session; the message does not repeat it.
    """
    text = text.strip()
    if text[:1] in ("{", "["):
        try:
            return _of_json(msgspec.json.decode(text))
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            raise _refusal("it is neither a token, nor cookies, nor JSON") from None
    return Session(_of_text(text))


def split(text: str) -> list[str]:
    """Take a file apart into sessions.

    Args:
        text: JSON of one or of many, JSON lines, or a token or a header of cookies a line.

    Returns:
        Texts for `session_of`, which may yet refuse some of them.

    Raises:
        BadRequest: It holds none.
    """
    found = list(_parts(text))
    if not found:
        raise _refusal("the file holds no session")
    return found


def _parts(text: str) -> Iterator[str]:
    text = text.strip().removeprefix("\ufeff")
    values: list[Any] = [text]
    if text[:1] in ("{", "["):
        try:
            values = [msgspec.json.decode(text)]
        except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
            values = _lines(text)
    elif "\n" in text:
        values = _lines(text)
    for value in values:
        if isinstance(value, str):
            if value.strip():
                yield value
        else:
            yield from map(_text, _members(value))


def _lines(text: str) -> list[Any]:
    found = (line.strip() for line in text.splitlines())
    return [line for line in found if line and not line.startswith("#")]


def _members(value: Any) -> Iterable[Any]:
    """Return the sessions of a JSON value."""
    if isinstance(value, list):
        return [value] if any(map(_is_cookie, value)) else value
    if isinstance(value, Mapping) and not _first(value, _TOKEN):
        for name in _LISTS:
            inner = value.get(name)
            if isinstance(inner, list):
                return inner
    return [value]


def _text(value: Any) -> str:
    """Write one session, no more of it than is needed where that can be told."""
    if isinstance(value, str):
        return value
    try:
        return written(_of_json(value))
    except BadRequest:
        # Whoever reads it says why it is none.
        return msgspec.json.encode(value).decode()


def _of_json(value: Any) -> Session:
    if isinstance(value, list):
        return Session(_of_cookies(value))
    if not isinstance(value, Mapping):
        raise _refusal("expected an object")
    email = next(filter(None, (address(value.get(name)) for name in _EMAIL)), "")
    given = _first(value, _TOKEN)
    if given:
        if not VALUE.fullmatch(given):
            raise _refusal("the session token holds signs that no cookie may have")
        return Session(given, email)
    for name in _COOKIES:
        inner = value.get(name)
        if isinstance(inner, list):
            return Session(_of_cookies(inner), email)
        if isinstance(inner, str) and inner.strip():
            return Session(_of_text(inner.strip()), email)
    raise _refusal("the account has neither st nor session_token")


def _of_text(text: str) -> str:
    """Return the token of a header of cookies, or of a text that is one itself."""
    if "=" not in text:
        if not _BARE.fullmatch(text):
            raise _refusal("it is too short for a session token, or holds signs that none may have")
        return text
    head, colon, rest = text.partition(":")
    if colon and head.strip().lower() == "cookie":
        text = rest
    pairs = (pair.strip().partition("=") for pair in text.split(";"))
    return _joined({name: value.strip('"') for name, _, value in pairs})


def _of_cookies(given: Iterable[Any]) -> str:
    return _joined({one["name"]: one["value"] for one in given if _is_cookie(one) and one["value"]})


def _joined(cookies: Mapping[str, str]) -> str:
    """Return the session's cookie, which browsers get in parts where it is long."""
    parts: list[str] = []
    while (part := cookies.get(f"{COOKIE}.{len(parts)}")) is not None:
        parts.append(part)
    found = cookies.get(COOKIE) or "".join(parts)
    if not found:
        raise _refusal(f"among the cookies is no {COOKIE}")
    if not VALUE.fullmatch(found):
        raise _refusal(f"the value of the cookie {COOKIE} cannot be one")
    return found


def _is_cookie(value: Any) -> bool:
    return (
        isinstance(value, Mapping)
        and isinstance(value.get("name"), str)
        and isinstance(value.get("value"), str)
    )


def _first(value: Mapping[str, Any], names: Iterable[str]) -> str:
    found = (value.get(name) for name in names)
    return next((one.strip() for one in found if isinstance(one, str) and one.strip()), "")


def _refusal(why: str) -> BadRequest:
    return BadRequest(f"secret: {why}", field="secret")
