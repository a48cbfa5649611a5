"""URLs that anybody can fetch a medium by for a while: signed, so that nobody can make one."""

from __future__ import annotations

import base64
import hmac
from typing import TYPE_CHECKING

from plugway.errors import Gone, NotPermitted

if TYPE_CHECKING:
    from plugway.credentials.vault import Vault

_PURPOSE = "media links"

#: Digits of the latest time that is looked at.
_LONGEST = 12


class Links:
    """Signs names with a time, and checks them.

    They outlive a new key of the vault, but not the removal of the one that signed them.

    Example:
        >>> from plugway.credentials.vault import Vault
        >>> links = Links(Vault([bytes(32)]))
        >>> links.check("a.png", "1700000000", links.signature("a.png", 1700000000), 1600000000)
        1700000000
    """

    def __init__(self, vault: Vault) -> None:
        """Take the vault.

        Args:
            vault: Its keys are what signatures are made with, never as they are.
        """
        self._vault = vault

    def signature(self, name: str, until: int) -> str:
        """Sign.

        Args:
            name: What may be fetched.
            until: How long; seconds since 1970.
        """
        return _signature(self._vault.derived(_PURPOSE)[0], name, until)

    def check(self, name: str, until: str, signature: str, now: int) -> int:
        """Check what a client has sent, and return until when it works.

        That a signature is wrong is said before anybody looks whether there is such a name, so
        it tells nothing of that.

        Args:
            name: What it wants.
            until: As it came.
            signature: As it came.
            now: Seconds since 1970.

        Raises:
            NotPermitted: It was not signed here.
            Gone: Its time is over.
        """
        if not (until.isascii() and until.isdecimal() and len(until) <= _LONGEST):
            raise _wrong()
        seconds = int(until)
        given = signature.encode("utf-8", "replace")
        own = (_signature(key, name, seconds) for key in self._vault.derived(_PURPOSE))
        if not any(hmac.compare_digest(one.encode(), given) for one in own):
            raise _wrong()
        if seconds <= now:
            raise Gone("This link has expired.")
        return seconds


def _wrong() -> NotPermitted:
    return NotPermitted("The signature of this link is not right: it was cut or changed.")


def _signature(key: bytes, name: str, until: int) -> str:
    made = hmac.digest(key, f"{name}\n{until}".encode(), "sha256")
    return base64.urlsafe_b64encode(made).decode().rstrip("=")
