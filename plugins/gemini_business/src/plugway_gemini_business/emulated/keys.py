"""The keys that clients sign their bearers with: `xsrfToken` and `keyId`."""

from __future__ import annotations

import base64
import hashlib

import msgspec

#: Seconds that a bearer lasts at the most (reference §1.3).
BEARER_SECONDS = 300

#: Bytes of a key in turn, so that its base64 lacks one, two or no signs of padding.
_LENGTHS = (32, 31, 33)


class SigningKey(msgspec.Struct, frozen=True, kw_only=True):
    """Is one key.

    Attributes:
        id: The `keyId`, which becomes the bearer's `kid`.
        content: What signs.
        made_at: Seconds since 1970.
    """

    id: str
    content: bytes
    made_at: float

    @property
    def token(self) -> str:
        """Return the `xsrfToken`: base64url without padding."""
        return base64.urlsafe_b64encode(self.content).decode().rstrip("=")


class Keys:
    """Keeps the keys of one account: one is given out, older ones hold as long as bearers do.

    Example:
        >>> keys = Keys("demo")
        >>> first = keys.current(now=0, seconds=60)
        >>> keys.current(now=61, seconds=60) == first
        False
        >>> keys.find(first.id, now=61, seconds=60) == first
        True
        >>> keys.revoke()
        >>> keys.find(first.id, now=61, seconds=60)
    """

    def __init__(self, name: str) -> None:
        """Prepare.

        Args:
            name: The account's: keys follow from it.
        """
        self._name = name
        self._made = 0
        self._keys: list[SigningKey] = []

    def current(self, *, now: float, seconds: float) -> SigningKey:
        """Return the key that is given out.

        Args:
            now: Seconds since 1970.
            seconds: Until the next one takes its place.
        """
        if not self._keys or now >= self._keys[-1].made_at + seconds:
            self._keys.append(self._make(now))
        return self._keys[-1]

    def find(self, key_id: str, *, now: float, seconds: float) -> SigningKey | None:
        """Return a key that still holds.

        Args:
            key_id: Its id.
            now: Seconds since 1970.
            seconds: How long a key is given out.
        """
        lasts = seconds + BEARER_SECONDS
        found = (key for key in self._keys if key.id == key_id and now < key.made_at + lasts)
        return next(found, None)

    def revoke(self) -> None:
        """Let none of them hold any longer: bearers made with them do not either."""
        self._keys.clear()

    def _make(self, now: float) -> SigningKey:
        self._made += 1
        drawn = hashlib.sha512(f"{self._name}:{self._made}".encode()).digest()
        # The first three bytes are `-_-_`: who decodes plain base64 gets something else.
        content = (b"\xfb\xff\xbf" + drawn)[: _LENGTHS[self._made % len(_LENGTHS)]]
        return SigningKey(id=f"key-{self._name}-{self._made}", content=content, made_at=now)
