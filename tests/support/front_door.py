"""One process's way of telling who calls, and what tests do to its keys."""

from __future__ import annotations

from typing import Any

from signed_tokens import Signer

from plugway.credentials.vault import Vault
from plugway.identity import keys
from plugway.identity.identity import Identity
from plugway.identity.limits import Limits
from plugway.identity.principal import Principal
from plugway.storage.database import Database
from plugway.storage.snapshots import Snapshots
from plugway.testing.clock import ManualClock


class Door:
    """Is one process's identity, and what tests do to its keys."""

    def __init__(self, database: Database, clock: ManualClock, vault: Vault) -> None:
        self.database, self.clock, self.vault = database, clock, vault
        self.identity = Identity(database, vault, clock, Limits(clock=clock))
        self.snapshots = Snapshots(database, clock)
        self.snapshots.add("identity", self.identity.load)

    async def key(self, user_id: int, name: str = "key", **values: Any) -> keys.NewKey:
        """Make a key."""

        async def work() -> keys.NewKey:
            return await keys.insert(self.vault, self.clock, user_id=user_id, name=name, **values)

        return await self.database.transact(work)

    def enter(self, new: keys.NewKey) -> Principal:
        """Present a plain key."""
        return self.identity.identify([(b"x-api-key", new.secret.reveal().encode())])

    async def pair(self, user_id: int, name: str = "pair", **values: Any) -> Signer:
        """Make a pair."""
        new = await self.key(user_id, name, pair=True, **values)
        assert new.access_key is not None
        return Signer(new.access_key, new.secret.reveal())

    def show(self, token: bytes) -> Principal:
        """Present a signed token."""
        return self.identity.identify([(b"authorization", b"Bearer " + token)])

    @property
    def now(self) -> float:
        """Return the seconds since 1970."""
        return self.clock.now() / 1_000_000
