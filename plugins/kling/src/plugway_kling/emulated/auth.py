"""Who asks: a JWT signed with an account's secret key, or its plain API key."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from typing import Any

from plugway_kling.emulated.accounts import Account
from plugway_kling.emulated.refusals import Refusal


def authenticate(
    given: Sequence[str], accounts: Iterable[Account], now: float, *, jwt: bool = True
) -> Account:
    """Return whose request it is.

    Args:
        given: The values of its Authorization headers.
        accounts: All there are.
        now: Seconds since 1970.
        jwt: Whether a JWT will do; the new generation takes API keys only.

    Raises:
        Refusal: Codes 1000 to 1004.
    """
    if not given or not given[0].strip():
        raise Refusal(1001)
    scheme, _, token = given[0].strip().partition(" ")
    token = token.strip()
    if len(given) > 1 or scheme != "Bearer" or not token or " " in token:
        raise Refusal(1002)
    if token.count(".") == 2:
        if not jwt:
            raise Refusal(1002, "Authorization is invalid: an API Key is required")
        return _signed(token, accounts, now)
    for account in accounts:
        if hmac.compare_digest(account.api_key.encode(), token.encode()):
            return account
    raise Refusal(1000)


def _signed(token: str, accounts: Iterable[Account], now: float) -> Account:
    message, _, signature = token.rpartition(".")
    header, claims = (_decoded(part) for part in message.split("."))
    issuer, end = claims.get("iss"), _time(claims, "exp")
    begin = _time(claims, "nbf") if "nbf" in claims else now
    if header.get("alg") != "HS256" or not isinstance(issuer, str):
        raise Refusal(1002)
    for account in accounts:
        if account.access_key == issuer:
            break
    else:
        raise Refusal(1000, "Auth failed: the access key is unknown")
    digest = hmac.digest(account.secret_key.encode(), message.encode(), hashlib.sha256)
    if not hmac.compare_digest(digest, _bytes(signature)):
        raise Refusal(1000, "Auth failed: the signature is wrong")
    if begin > now:
        raise Refusal(1003)
    if end <= now:
        raise Refusal(1004)
    return account


def _decoded(part: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(part))
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Refusal(1002)
    return found


def _bytes(part: str) -> bytes:
    if set(part) & set("+/="):
        # The decoder would take the other alphabet, and padding, too.
        raise Refusal(1002)
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(1002) from None


def _time(claims: dict[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Refusal(1002)
    return value
