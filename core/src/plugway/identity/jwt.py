"""Tokens that clients sign themselves, with the secret key of a pair.

The only module that uses python-jose: compact JWS with HS256 and nothing else, whatever a
token's header says. Times are checked here, by the gateway's own clock.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from jose import jwk, jws
from jose.exceptions import JOSEError

from plugway.errors import NotAuthenticated

if TYPE_CHECKING:
    from plugway.contract import Secret

#: An issuer has a secret key, and so this is its one algorithm.
_ALGORITHM = "HS256"

#: Seconds that the clocks of client and gateway may differ.
TOLERANCE = 5

#: Seconds from now that a token may at most be valid. The official clients' tokens live for
#: half an hour; one that never ends would be a key that nobody can take back by itself.
LONGEST = 86_400

_COMPACT = re.compile(rb"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.[A-Za-z0-9_-]+")

_MICROSECONDS = 1_000_000


class Token(NamedTuple):
    """Is a token as it says of itself; nothing of it is proved before `verify`.

    Attributes:
        text: As the client presents it.
        header: Its header.
        claims: Its claims.
    """

    text: bytes
    header: dict[str, Any]
    claims: dict[str, Any]

    @property
    def issuer(self) -> str:
        """Return the access key that it names; empty: none."""
        issuer = self.claims.get("iss")
        return issuer if isinstance(issuer, str) else ""

    def verify(self, secret: Secret, now: int) -> int:
        """Check signature and times.

        Args:
            secret: The issuer's secret key.
            now: Microseconds since 1970.

        Returns:
            Until when it lets its issuer in, in microseconds since 1970.

        Raises:
            NotAuthenticated: The signature is wrong, or a time is; `early` and `late` only
                once the signature has proved right.
        """
        if not self._is_signed_with(secret):
            raise NotAuthenticated
        begins, ends = self.claims.get("nbf", 0), self.claims.get("exp")
        if not _is_time(begins) or not _is_time(ends):
            raise NotAuthenticated
        seconds = now / _MICROSECONDS
        if ends + TOLERANCE <= seconds:
            raise NotAuthenticated(reason="late")
        if ends > seconds + LONGEST + TOLERANCE:
            raise NotAuthenticated
        if begins > seconds + TOLERANCE:
            raise NotAuthenticated(reason="early")
        return int((ends + TOLERANCE) * _MICROSECONDS)

    def _is_signed_with(self, secret: Secret) -> bool:
        # What `crit` lists must be understood (RFC 7515, 4.1.11), and python-jose looks past it.
        if "crit" in self.header:
            return False
        try:
            key = jwk.construct(secret.reveal(), _ALGORITHM)
            jws.verify(self.text, key, algorithms=[_ALGORITHM])
        except JOSEError:
            return False
        return True


def read(text: bytes) -> Token:
    """Take a token apart.

    Args:
        text: What a client presents.

    Raises:
        NotAuthenticated: It is no compact JWS of JSON objects that mean one thing; reason
            `malformed`.

    Example:
        >>> read(b"eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJhay0xIn0.c2lnbmF0dXJl").issuer
        'ak-1'
    """
    match = _COMPACT.fullmatch(text)
    header = claims = None
    if match is not None:
        header, claims = _object(match[1]), _object(match[2])
    if header is None or claims is None:
        raise NotAuthenticated(reason="malformed")
    return Token(text, header, claims)


def _object(part: bytes) -> dict[str, Any] | None:
    try:
        text = base64.urlsafe_b64decode(part + b"=" * (-len(part) % 4)).decode()
        read = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except (binascii.Error, ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Make an object of which every reader sees the same."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a name is given twice")
    return made


def _no_number(constant: str) -> float:
    raise ValueError(f"{constant} is not JSON")


def _is_time(value: object) -> TypeGuard[float]:
    """Say whether it is a time in seconds, with or without a fraction."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)
