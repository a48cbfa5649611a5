"""Who calls, and what they may do, from a snapshot in memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Set
from hashlib import sha256
from typing import TYPE_CHECKING

from plugway.contract import Secret
from plugway.contract.routes import KEYS
from plugway.credentials.rotation import KEY_SECRET
from plugway.errors import NotAuthenticated, NotPermitted
from plugway.identity import jwt
from plugway.identity.address import parse_address
from plugway.identity.adopted import AdoptedKeys
from plugway.identity.nearby import comes_from_here
from plugway.identity.presented import presented, presents_nothing
from plugway.identity.snapshot import Snapshot, read_snapshot
from plugway.identity.verified import VerifiedTokens

if TYPE_CHECKING:
    from starlette.types import Scope

    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.identity.limits import Limits
    from plugway.identity.principal import Principal
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

#: Longer access keys are not hashed at all.
_MAX_ACCESS_KEY = 256


class Identity:
    """Finds the principal of a request, without I/O unless a rate limit is kept in Redis.

    Attributes:
        adopted: Brings keys in line with lists that are kept elsewhere.
    """

    def __init__(
        self,
        database: Database,
        vault: Vault,
        clock: Clock,
        limits: Limits,
        *,
        keyless_user: str = "",
    ) -> None:
        """Start empty: nobody gets in before `load`.

        Args:
            database: Where users, groups and keys are.
            vault: Opens the secret keys of pairs.
            clock: The time.
            limits: Counts calls against rates.
            keyless_user: Whom `keyless` lets in; empty: nobody.
        """
        self.adopted = AdoptedKeys(database, vault, clock)
        self._keyless_user = keyless_user
        self._database = database
        self._vault = vault
        self._clock = clock
        self._limits = limits
        self._snapshot = Snapshot()
        self._verified = VerifiedTokens()

    async def load(self) -> None:
        """Read all keys anew, and use them from then on."""
        before = self._snapshot.keyless_fault
        self._snapshot = await self._database.run(lambda: read_snapshot(self._keyless_user))
        fault = self._snapshot.keyless_fault
        if fault and fault != before:
            log.error("server.keyless_user lets nobody in: %s", fault)
        # What a pair signed counts as long as the pair does, so that all is verified again.
        self._verified = VerifiedTokens()

    def number(self) -> int:
        """Return how many keys let somebody in."""
        return len(self._snapshot.keys) + len(self._snapshot.pairs)

    def identify(
        self, headers: Iterable[tuple[bytes, bytes]], styles: Set[str] = KEYS, query: bytes = b""
    ) -> Principal:
        """Return who presents a key, or a token signed with a pair's secret key.

        Args:
            headers: As ASGI gives them, names in lower case.
            styles: Where the key may be; see `Mount.keys`.
            query: As ASGI gives it.

        Raises:
            NotAuthenticated: No key, more than one, or one that is unknown, disabled or
                expired, or a token that does not prove right; the answer is the same for
                all but for its `reason`.
            VaultError: The vault cannot open the secret key of a token's issuer.
        """
        shown = presented(headers, styles, query)
        # By digest: how long the look-up takes says nothing about any key.
        digest = sha256(shown).hexdigest()
        principal = self._snapshot.keys.get(digest)
        if principal is None:
            principal = self._issuer(shown, digest)
        if self._has_expired(principal):
            raise NotAuthenticated
        return principal

    def keyless(self, scope: Scope) -> Principal | None:
        """Return whom a request acts as that has no key, where the settings allow that.

        Args:
            scope: An ASGI scope; only its headers, its query and its peer count.

        Returns:
            None: It has a key, right or wrong, or does not come straight from this machine, or
            nobody gets in without a key.
        """
        principal = self._snapshot.keyless
        if principal is None or not comes_from_here(scope):
            return None
        if not presents_nothing(scope["headers"], scope["query_string"]):
            return None
        return principal

    def _issuer(self, shown: bytes, digest: str) -> Principal:
        """Return who signed a token."""
        if b"." not in shown:
            raise NotAuthenticated
        now = self._clock.now()
        principal = self._verified.find(digest, now)
        if principal is not None:
            return principal
        token = jwt.read(shown)
        pair = self.pair(token.issuer)
        if pair is None:
            raise NotAuthenticated
        principal, secret = pair
        self._verified.keep(digest, principal, until=token.verify(secret, now))
        return principal

    def pair(self, access_key: str) -> tuple[Principal, Secret] | None:
        """Return whose access key this is, and the secret key that its owner signs with.

        Args:
            access_key: As a client states it.

        Returns:
            None if it is unknown, disabled or expired.

        Raises:
            VaultError: The vault cannot open the secret key.
        """
        if len(access_key) > _MAX_ACCESS_KEY or not access_key.isascii():
            return None
        digest = sha256(access_key.encode()).hexdigest()
        found = self._snapshot.pairs.get(digest)
        if found is None or self._has_expired(found.principal):
            return None
        secret = self._vault.open(found.sealed, **KEY_SECRET.of(digest))
        return found.principal, Secret(secret)

    def check(self, principal: Principal, *, model: str | None, ip: str) -> None:
        """Check everything but rates, and so without waiting; `permit` does it too.

        Args:
            principal: Who calls.
            model: Which model is asked for; None: none, as when reading a list.
            ip: The client's address.

        Raises:
            NotAuthenticated: The key has expired.
            NotPermitted: Not this model, or not from this address.
        """
        if self._has_expired(principal):
            raise NotAuthenticated
        if principal.networks is not None and not _is_inside(ip, principal):
            raise NotPermitted("this key may not be used from this address")
        if model is not None and principal.models is not None and model not in principal.models:
            raise NotPermitted(
                f"no available channel for {model[:64]!r}: this key may not use that model",
                field="model",
            )

    async def permit(self, principal: Principal, *, model: str | None, ip: str) -> None:
        """Check that a call may go on, and count it against the caller's rates.

        Args:
            principal: Who calls.
            model: Which model is asked for; None: none, as when reading a list.
            ip: The client's address.

        Raises:
            NotAuthenticated: The key has expired.
            NotPermitted: Not this model, or not from this address.
            RateLimited: A rate is used up; `retry_after` says how long.
        """
        self.check(principal, model=model, ip=ip)
        if principal.rates:
            await self._limits.take(principal.rates)

    def _has_expired(self, principal: Principal) -> bool:
        return principal.expires_at is not None and principal.expires_at <= self._clock.now()


def _is_inside(ip: str, principal: Principal) -> bool:
    try:
        address = parse_address(ip)
    except ValueError:
        return False
    return any(address in network for network in principal.networks or ())
