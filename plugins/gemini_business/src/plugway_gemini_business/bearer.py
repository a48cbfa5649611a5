"""The bearer that authorizes requests: a token signed with a key that the cookies give."""

from __future__ import annotations

import base64
import binascii
import hmac

import msgspec

from plugway import UnreadableAnswer

#: Seconds that one lives (reference: "Minting the bearer").
LIFETIME = 300

ISSUER = "https://business.gemini.google"
AUDIENCE = "https://biz-discoveryengine.googleapis.com"

#: What stands before the JSON of some answers, so that no page can run it as a script.
PREFIX = b")]}'"


class SigningKey(msgspec.Struct, frozen=True):
    """Is what bearers are signed with for a while.

    Attributes:
        id: Its id.
        key: The key.
    """

    id: str
    key: bytes

    def __repr__(self) -> str:
        return f"SigningKey({len(self.key)} bytes)"


class _Given(msgspec.Struct, frozen=True, rename="camel"):
    xsrf_token: str
    key_id: str


def signing_key(body: bytes) -> SigningKey:
    """Read the answer of `getoxsrf`.

    Args:
        body: As it came.

    Raises:
        UnreadableAnswer: It holds no key.

    Example:
        >>> signing_key(b')]}\\'\\n{"xsrfToken": "c2VjcmV0", "keyId": "k1"}')
        SigningKey(6 bytes)
    """
    text = body.strip().removeprefix(PREFIX)
    try:
        given = msgspec.json.decode(text, type=_Given)
        padded = given.xsrf_token + "=" * (-len(given.xsrf_token) % 4)
        key = base64.b64decode(padded, altchars=b"-_", validate=True)
    except (msgspec.DecodeError, binascii.Error, ValueError, RecursionError):
        raise UnreadableAnswer(
            "The upstream's answer holds no key to sign with.", acted=False
        ) from None
    if not key or not given.key_id:
        raise UnreadableAnswer("The upstream gave an empty key to sign with.", acted=False)
    return SigningKey(given.key_id, key)


def signed(key: SigningKey, csesidx: str, now: int) -> str:
    """Return a bearer.

    Args:
        key: Signs it.
        csesidx: Number of the account's sign-in.
        now: Seconds since 1970.

    Example:
        >>> signed(SigningKey("k1", b"secret"), "123", 1_700_000_000).count(".")
        2
    """
    header = {"alg": "HS256", "typ": "JWT", "kid": key.id}
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": f"csesidx/{csesidx}",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME,
    }
    content = _encoded(msgspec.json.encode(header)) + b"." + _encoded(msgspec.json.encode(claims))
    signature = hmac.digest(key.key, content, "sha256")
    return (content + b"." + _encoded(signature)).decode()


def _encoded(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
