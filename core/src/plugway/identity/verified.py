"""Tokens that were verified a moment ago, so that a client's next call costs less."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugway.identity.principal import Principal


class VerifiedTokens:
    """Remembers, by digest, whom tokens let in, and until when.

    Clients use a token for half an hour: to open the sealed secret key and check the signature
    costs many times what a plain key does. Only what was verified is kept, so that nobody without
    a pair can fill it.

    Example:
        >>> from plugway.identity.principal import Principal
        >>> ada = Principal(user_id=1, user="ada", role="user", group=None, account_id=1)
        >>> tokens = VerifiedTokens()
        >>> tokens.keep("digest", ada, until=10)
        >>> tokens.find("digest", now=9) == ada, tokens.find("digest", now=10)
        (True, None)
    """

    def __init__(self, size: int = 4096) -> None:
        """Begin with none.

        Args:
            size: How many are kept at most, 1 or more; the oldest goes first.
        """
        self._size = size
        self._known: dict[str, tuple[Principal, int]] = {}

    def __len__(self) -> int:
        return len(self._known)

    def find(self, digest: str, now: int) -> Principal | None:
        """Return whom a token lets in; None: it has to be verified.

        Args:
            digest: Of the token.
            now: Microseconds since 1970.
        """
        known = self._known.get(digest)
        if known is None:
            return None
        principal, until = known
        if until <= now:
            del self._known[digest]
            return None
        return principal

    def keep(self, digest: str, principal: Principal, *, until: int) -> None:
        """Remember a token that has just been verified.

        Args:
            digest: Of the token.
            principal: Whom it lets in.
            until: Microseconds since 1970 at which it no longer does.
        """
        if len(self._known) >= self._size:
            del self._known[next(iter(self._known))]
        self._known[digest] = (principal, until)
