"""Who asks: a JWT signed with a key that the account was given (reference §1.3)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from typing import Any

from plugway_gemini_business.emulated.accounts import Account, Accounts
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.keys import BEARER_SECONDS
from plugway_gemini_business.emulated.refusals import unauthenticated

ISSUER = "https://business.gemini.google"
AUDIENCE = "https://biz-discoveryengine.googleapis.com"
SUBJECT = "csesidx/"

#: The alphabet, which the decoder takes beside that of plain base64 and not instead of it.
_SIGNS = re.compile(r"[A-Za-z0-9_-]+")

_CLAIMS = {"iss", "aud", "sub", "iat", "nbf", "exp"}


def authenticate(
    given: Sequence[str], accounts: Accounts, behaviour: Behaviour, now: float
) -> Account:
    """Return whose request it is.

    Args:
        given: The values of its Authorization headers.
        accounts: All there are.
        behaviour: How far clocks may be off, and how long keys hold.
        now: Seconds since 1970.

    Raises:
        Refusal: 401; the details say why.
    """
    if len(given) != 1:
        raise unauthenticated("there is no bearer, or more than one")
    scheme, _, token = given[0].partition(" ")
    if scheme != "Bearer" or token.count(".") != 2:
        raise unauthenticated("there is no bearer that is a JWT")
    message, _, signature = token.rpartition(".")
    header, claims = (_decoded(part) for part in message.split("."))
    if header.keys() != {"alg", "typ", "kid"}:
        raise unauthenticated("the header has alg, typ and kid, and nothing else")
    if (header["alg"], header["typ"]) != ("HS256", "JWT"):
        raise unauthenticated("the header is not that of an HS256 JWT")
    account = _subject(claims, accounts)
    key = account.keys.find(str(header["kid"]), now=now, seconds=behaviour.key_seconds)
    if key is None:
        raise unauthenticated(f"the key {header['kid']} does not hold")
    digest = hmac.digest(key.content, message.encode(), hashlib.sha256)
    if not hmac.compare_digest(digest, _bytes(signature)):
        raise unauthenticated("the signature is wrong")
    _check_times(claims, behaviour.skew_seconds, now)
    return account


def _subject(claims: dict[str, Any], accounts: Accounts) -> Account:
    if claims.keys() != _CLAIMS:
        raise unauthenticated(f"the claims are {', '.join(sorted(_CLAIMS))}, and nothing else")
    if (claims["iss"], claims["aud"]) != (ISSUER, AUDIENCE):
        raise unauthenticated("issuer or audience is wrong")
    subject = claims["sub"]
    if not isinstance(subject, str) or not subject.startswith(SUBJECT):
        raise unauthenticated(f"the subject does not begin with {SUBJECT}")
    account = accounts.of_index(subject.removeprefix(SUBJECT))
    if account is None:
        raise unauthenticated(f"nobody has the subject {subject}")
    return account


def _check_times(claims: dict[str, Any], skew: float, now: float) -> None:
    issued, begin, end = (_time(claims, name) for name in ("iat", "nbf", "exp"))
    if not 0 < end - issued <= BEARER_SECONDS:
        raise unauthenticated(f"it lasts more than {BEARER_SECONDS} seconds, or not at all")
    if max(issued, begin) > now + skew:
        raise unauthenticated("it is not valid yet")
    if end <= now - skew:
        raise unauthenticated("it has expired")


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise unauthenticated("a part of it is no JSON object")
    return found


def _bytes(part: str) -> bytes:
    if "=" in part:
        raise unauthenticated("its parts are base64url without padding")
    if _SIGNS.fullmatch(part) is None:
        raise unauthenticated("a part of it is no base64url")
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except binascii.Error:
        raise unauthenticated("a part of it is no base64url") from None


def _time(claims: dict[str, Any], name: str) -> int:
    value = claims[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise unauthenticated(f"{name} is no whole number of seconds")
    return value
