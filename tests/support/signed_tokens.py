"""Tokens as clients make them: by hand, with the standard library alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import msgspec

from plugway.identity import keys
from plugway.identity.users import UserRecord
from plugway.testing import GatewayServer

HEADER = {"alg": "HS256", "typ": "JWT"}


def encoded(value: Any) -> bytes:
    """Encode one part: bytes as they are, everything else as JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=")


def sign(claims: Any, secret: str | bytes, header: Any = HEADER, hash_: str = "sha256") -> bytes:
    """Make a token.

    Args:
        claims: A table, or the bytes that stand for it.
        secret: The secret key.
        header: As `claims`.
        hash_: Of the HMAC, as hashlib names it.
    """
    key = secret.encode() if isinstance(secret, str) else secret
    text = encoded(header) + b"." + encoded(claims)
    return text + b"." + encoded(hmac.digest(key, text, getattr(hashlib, hash_)))


class Signer(msgspec.Struct, frozen=True):
    """Signs as the owner of one pair does, in the way of the official sample.

    Attributes:
        access_key: `ak-…`.
        secret: Its secret key.
    """

    access_key: str
    secret: str

    def claims(self, now: float, **others: Any) -> dict[str, Any]:
        """Return what a token of half an hour says; what is set to `...` is left out."""
        usual = {"iss": self.access_key, "exp": int(now) + 1800, "nbf": int(now) - 5}
        return {name: one for name, one in {**usual, **others}.items() if one is not ...}

    def token(self, now: float, **others: Any) -> bytes:
        """Make a token.

        Args:
            now: Seconds since 1970.
            others: Claims beside the usual ones, or instead of them.
        """
        return sign(self.claims(now, **others), self.secret)


async def issue(
    server: GatewayServer, user: UserRecord, name: str = "pair", **options: Any
) -> Signer:
    """Have a gateway issue a pair.

    Args:
        server: The gateway.
        user: Whose.
        name: Unique among the user's keys.
        options: As `plugway.identity.keys.add` takes.
    """
    gateway = server.gateway
    made = await keys.add(
        *(gateway.database, gateway.vault, gateway.ledger, gateway.clock),
        user_id=user.id,
        name=name,
        actor="test",
        pair=True,
        **options,
    )
    await gateway.snapshots.refresh()
    assert made.access_key is not None
    return Signer(made.access_key, made.secret.reveal())
