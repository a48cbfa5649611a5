"""Files of accounts, as this gateway and earlier ones write them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import msgspec

from plugway import BadRequest
from plugway_gemini_business.account import HOST_COOKIE, SESSION_COOKIE, Account, Cookie

#: Seconds that cookies live (reference: "Account material"), where a file only says when they
#: were fetched.
LIFETIME = 12 * 3600

#: Times without a zone are Beijing's (reference: "Pool behaviour").
_BEIJING = timezone(timedelta(hours=8))

_DIGITS = re.compile(r"[0-9]{1,32}")
_CONFIG = re.compile(r"[0-9A-Za-z_-]{1,128}")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}")
_VALUE = re.compile(r"[!-+\--:<-\[\]-~]{1,8192}")
_SUBJECT = re.compile(r"csesidx/([0-9]{1,32})")

#: Names of the same thing in different files, the first that is there counts.
_CSESIDX = ("csesidx",)
_CONFIG_ID = ("configId", "config_id", "team_id", "group_id")
_EMAIL = ("email", "id", "account_id", "mail_address")


def split(text: str) -> list[str]:
    """Take a file apart into accounts.

    Args:
        text: One account, a list of them, an object whose `accounts` are a list, or JSON lines.

    Returns:
        The JSON of each.

    Raises:
        BadRequest: It holds none.
    """
    found = [msgspec.json.encode(one).decode() for one in _accounts(_decoded(text))]
    if not found:
        raise BadRequest("secret: the file holds no account", field="secret")
    return found


def account_of(text: str) -> Account:
    """Read one account.

    Args:
        text: Its JSON.

    Raises:
        BadRequest: Something is missing or cannot be; the message does not repeat it.
    """
    found = _decoded(text)
    if len(found) != 1 or not isinstance(found[0], Mapping):
        raise BadRequest("secret: expected the JSON of one account", field="secret")
    given = found[0]
    cookies = tuple(_cookies(given))
    if not any(one.name == SESSION_COOKIE and one.sent for one in cookies):
        raise _missing(f"cookie {SESSION_COOKIE}")
    csesidx = _text(given, _CSESIDX) or of_bearer(_text(given, ("authorization",)))
    if not csesidx:
        raise _missing("csesidx, and no bearer that names it")
    if not _DIGITS.fullmatch(csesidx):
        raise BadRequest("secret: csesidx must be digits", field="secret")
    config_id = _text(given, _CONFIG_ID)
    if not config_id:
        raise _missing("configId")
    if not _CONFIG.fullmatch(config_id):
        raise BadRequest("secret: configId must be letters, digits and dashes", field="secret")
    email = _text(given, _EMAIL)
    return Account(
        email=email if "@" in email and email.isprintable() and len(email) <= 190 else "",
        csesidx=csesidx,
        config_id=config_id,
        cookies=cookies,
        expires_at=_expires_at(given),
    )


def of_bearer(authorization: str) -> str:
    """Return the number that a bearer was made for; empty: it names none.

    Args:
        authorization: The header's value, or the bearer alone.
    """
    parts = authorization.removeprefix("Bearer ").strip().split(".")
    if len(parts) != 3:
        return ""
    try:
        claims = msgspec.json.decode(
            base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        )
    except (binascii.Error, ValueError, RecursionError):
        return ""
    subject = claims.get("sub") if isinstance(claims, Mapping) else None
    match = _SUBJECT.fullmatch(subject) if isinstance(subject, str) else None
    return match[1] if match else ""


def _decoded(text: str) -> list[Any]:
    """Return the JSON values of a text: one, or one a line."""
    try:
        return [msgspec.json.decode(text)]
    except (msgspec.DecodeError, RecursionError):
        pass
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        if len(lines) > 1:
            return [msgspec.json.decode(line) for line in lines]
    except (msgspec.DecodeError, RecursionError):
        pass
    raise BadRequest("secret: expected the JSON of an account file", field="secret")


def _accounts(values: list[Any]) -> Iterator[Mapping[str, Any]]:
    for value in values:
        if isinstance(value, list):
            yield from (one for one in value if isinstance(one, Mapping))
        elif isinstance(value, Mapping):
            inner = value.get("accounts")
            if isinstance(inner, list):
                yield from (one for one in inner if isinstance(one, Mapping))
            else:
                yield value


def _cookies(given: Mapping[str, Any]) -> Iterator[Cookie]:
    found: list[Cookie] = []
    listed = given.get("cookies")
    if not isinstance(listed, list | None):
        raise BadRequest("secret: cookies must be a list", field="secret")
    for one in listed or ():
        if not isinstance(one, Mapping) or not isinstance(one.get("name"), str):
            raise BadRequest("secret: each cookie needs a name and a value", field="secret")
        value, domain = str(one.get("value") or ""), str(one.get("domain") or "")
        found.append(_cookie(one["name"], value, domain))
    if not any(one.name == SESSION_COOKIE and one.value for one in found):
        # Files that are older than the list have only this.
        for pair in str(given.get("cookie_string") or "").split(";"):
            name, equals, value = pair.strip().partition("=")
            if equals:
                found.append(_cookie(name, value))
    # Field names of the most used sister project (reference: "Pool behaviour").
    for field, name in (("secure_c_ses", SESSION_COOKIE), ("host_c_oses", HOST_COOKIE)):
        if value := _text(given, (field,)):
            found = [one for one in found if one.name != name]
            found.append(_cookie(name, value))
    # One of a name and a place: the last one, as in a browser.
    by_place = {(one.name, one.domain.lstrip(".").lower()): one for one in found if one.value}
    yield from by_place.values()


def _cookie(name: str, value: str, domain: str = "") -> Cookie:
    if not _NAME.fullmatch(name) or len(domain) > 253 or not domain.isprintable():
        raise BadRequest("secret: a cookie's name or domain cannot be one", field="secret")
    value = value.strip('"')
    if value and not _VALUE.fullmatch(value):
        raise BadRequest(f"secret: the value of the cookie {name} cannot be one", field="secret")
    return Cookie(name, value, domain) if domain else Cookie(name, value)


def _text(given: Mapping[str, Any], names: tuple[str, ...]) -> str:
    for name in names:
        value = given.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return ""


def _expires_at(given: Mapping[str, Any]) -> int | None:
    value = given.get("expires_at")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if 0 < value < 1 << 40 else None
    if isinstance(value, str) and (moment := _moment(value)) is not None:
        return moment
    value = given.get("timestamp")
    fetched = _moment(value) if isinstance(value, str) else None
    return None if fetched is None else fetched + LIFETIME


def _moment(text: str) -> int | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=_BEIJING)
    return int(moment.timestamp())


def _missing(what: str) -> BadRequest:
    return BadRequest(f"secret: the account has no {what}", field="secret")
