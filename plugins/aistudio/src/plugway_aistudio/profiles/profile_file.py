"""Files of profiles: storage states of Playwright, as this gateway and earlier systems write."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec

from plugway import BadRequest
from plugway_aistudio.profiles.profile import (
    SESSIONS,
    Cookie,
    Entry,
    Origin,
    Profile,
    essential,
    has_session,
    written,
)

#: Characters of a profile at the most, and of a file with much that is left out; real ones
#: have some ten thousand.
MOST, MOST_FILE = 1 << 19, 1 << 22

#: What a profile may be called; it names a file too.
NAME = re.compile(r"[0-9A-Za-z@][0-9A-Za-z@._+-]{0,99}")

#: More than the standard lets cookies be called: sites do it, and browsers let them.
_COOKIE = re.compile(r"[^\x00-\x20\x7f;=]{1,1024}")
_DOMAIN = re.compile(r"\.?[0-9A-Za-z_.-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\]")

_SAME_SITE: Mapping[str, Literal["Strict", "Lax", "None"]] = {
    "strict": "Strict",
    "lax": "Lax",
    "none": "None",
    # As extensions of browsers say it.
    "no_restriction": "None",
}

#: Seconds since 1970 that a time may be: until the year 9999.
_END = 253_402_300_799


def split(text: str) -> list[str]:
    """Take a file apart into profiles.

    Args:
        text: One profile, a list of them, or JSON lines.

    Returns:
        The JSON of each.

    Raises:
        BadRequest: It holds none.
    """
    found: list[Any] = []
    for value in _decoded(text):
        found += value if isinstance(value, list) else [value]
    if not found:
        raise BadRequest("secret: the file holds no profile", field="secret")
    return [msgspec.json.encode(one).decode() for one in found]


def profile_of(text: str, name: str = "") -> Profile:
    """Read one profile.

    What is known and not needed is left out: IndexedDB, storage of the browser's extensions,
    and keys that Playwright does not have.

    Args:
        text: Its JSON: a storage state, also with `name` and `saved_at`.
        name: What it is called, whatever the file says; empty: as the file says, else after
            its sign-in, so that one sign-in has one name.

    Raises:
        BadRequest: It is none; the message names what is wrong and repeats no value.
    """
    if len(text) > MOST_FILE:
        raise _wrong(f"a profile's file has {MOST_FILE} characters at the most")
    found = _decoded(text)
    if len(found) != 1 or not isinstance(found[0], Mapping):
        raise BadRequest("secret: expected the JSON of one profile", field="secret")
    given = found[0]
    if "cookies" not in given:
        raise _wrong("the file has no cookies: it is no storage state of a browser")
    cookies = tuple(_cookies(given["cookies"]))
    if not cookies:
        raise _wrong("the profile has no cookies: nobody is signed in")
    if not has_session(cookies):
        raise _wrong(
            f"the profile has no Google sign-in: none of the cookies {', '.join(SESSIONS)}"
        )
    profile = Profile(
        name=name or _name(given) or _named_after(cookies),
        saved_at=_saved_at(given),
        cookies=cookies,
        origins=tuple(_origins(given.get("origins"))),
    )
    if len(written(profile)) > MOST:
        raise _wrong(f"a profile has {MOST} characters at the most")
    return profile


def check_name(name: str) -> str:
    """Return a profile's name if it can be one.

    Args:
        name: As a person typed it.

    Raises:
        BadRequest: It cannot.

    Example:
        >>> check_name("me@example.com")
        'me@example.com'
    """
    if NAME.fullmatch(name) is None or name.endswith("."):
        raise BadRequest(
            "name: a profile's name is 1 to 100 letters, digits and @ . _ + -, and does not "
            "begin or end with a dot",
            field="name",
        )
    return name


def _decoded(text: str) -> list[Any]:
    """Return the JSON values of a text: one, or one a line."""
    text = text.removeprefix("\ufeff")
    try:
        return [msgspec.json.decode(text)]
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        if len(lines) > 1:
            return [msgspec.json.decode(line) for line in lines]
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        pass
    raise BadRequest("secret: expected JSON, a storage state of a browser", field="secret")


def _name(given: Mapping[str, Any]) -> str:
    name = given.get("name")
    if name is None or name == "":
        return ""
    if not isinstance(name, str):
        raise _wrong("name must be text")
    return check_name(name)


def _named_after(cookies: tuple[Cookie, ...]) -> str:
    by_name = {one.name: one.value for one in essential(cookies)}
    session = next(by_name[name] for name in SESSIONS if name in by_name)
    return f"profile-{sha256(session.encode()).hexdigest()[:10]}"


def _saved_at(given: Mapping[str, Any]) -> int | None:
    value = given.get("saved_at")
    if value is None:
        return None
    if not _is_number(value) or not 0 <= value <= _END:
        raise _wrong("saved_at must be seconds since 1970")
    return int(value)


def _cookies(given: object) -> Iterator[Cookie]:
    if not isinstance(given, list):
        raise _wrong("cookies must be a list")
    by_place: dict[object, Cookie] = {}
    for number, one in enumerate(given):
        cookie = _cookie(one, f"cookies[{number}]")
        # One of a name and a place: the last one, as in a browser.
        by_place[cookie.place] = cookie
    yield from by_place.values()


def _cookie(given: object, place: str) -> Cookie:
    if not isinstance(given, Mapping):
        raise _wrong(f"{place} must be an object")
    name = _text(given, "name", place)
    if _COOKIE.fullmatch(name) is None:
        raise _wrong(f"{place}.name cannot be a cookie's")
    value = _text(given, "value", place)
    if any(sign < " " or sign in ";\x7f" for sign in value):
        raise _wrong(f"{place}.value cannot be a cookie's")
    domain = _text(given, "domain", place)
    if _DOMAIN.fullmatch(domain) is None:
        raise _wrong(f"{place}.domain cannot be one")
    path = _text(given, "path", place, "/")
    if not path.startswith("/") or not path.isprintable():
        raise _wrong(f"{place}.path must begin with /")
    key = given.get("partitionKey")
    return Cookie(
        name=name,
        value=value,
        domain=domain,
        path=path,
        expires=_expires(given, place),
        http_only=_flag(given, "httpOnly", place),
        secure=_flag(given, "secure", place),
        same_site=_same_site(given),
        partition_key=key if isinstance(key, str) and key else None,
    )


def _expires(given: Mapping[str, Any], place: str) -> float:
    # `expirationDate`: as extensions of browsers say it.
    value = given.get("expires", given.get("expirationDate"))
    if value is None:
        return -1
    if not _is_number(value):
        raise _wrong(f"{place}.expires must be seconds since 1970, or -1")
    # A browser refuses other numbers, and with them the whole profile.
    return min(float(value), _END) if value > 0 else -1


def _same_site(given: Mapping[str, Any]) -> Literal["Strict", "Lax", "None"] | None:
    value = given.get("sameSite")
    return _SAME_SITE.get(value.lower()) if isinstance(value, str) else None


def _origins(given: object) -> Iterator[Origin]:
    if given is None:
        return
    if not isinstance(given, list):
        raise _wrong("origins must be a list")
    for number, one in enumerate(given):
        place = f"origins[{number}]"
        if not isinstance(one, Mapping):
            raise _wrong(f"{place} must be an object")
        origin = _text(one, "origin", place)
        if not _is_site(origin):
            continue
        kept = one.get("localStorage")
        if not isinstance(kept, list | None):
            raise _wrong(f"{place}.localStorage must be a list")
        yield Origin(origin=origin, local_storage=tuple(_entries(kept or (), place)))


def _entries(given: list[Any] | tuple[()], place: str) -> Iterator[Entry]:
    for number, one in enumerate(given):
        where = f"{place}.localStorage[{number}]"
        if not isinstance(one, Mapping):
            raise _wrong(f"{where} must be an object")
        yield Entry(name=_text(one, "name", where), value=_text(one, "value", where))


def _is_site(text: str) -> bool:
    """Say whether an origin is on the net; extensions of a browser have some that are not."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and text.isprintable()
    except ValueError:
        return False


def _text(given: Mapping[str, Any], name: str, place: str, usual: str | None = None) -> str:
    value = given.get(name, usual)
    if not isinstance(value, str):
        raise _wrong(f"{place}.{name} must be text")
    return value


def _flag(given: Mapping[str, Any], name: str, place: str) -> bool:
    value = given.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(f"{place}.{name} must be true or false")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _wrong(what: str) -> BadRequest:
    return BadRequest(f"secret: {what}", field="secret")
