"""Nodes with a pool of credentials, on one database, without the rest of a gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Sequence
from typing import Any

from plugway import BearerKey, Channel, CredentialChanged, PooledChannelSettings, Provider, Quota
from plugway.clock import Clock
from plugway.credentials import store
from plugway.credentials.pool import Claim, Credential, CredentialPool
from plugway.credentials.vault import Vault
from plugway.ids import new_id
from plugway.storage.database import Database
from plugway.storage.models import ChannelRow, CredentialRow
from plugway.telemetry.metrics import Metrics

SECOND = 1_000_000

#: States that a renewal that failed too often ends, and those that one that helped ends.
FAILING = ("ready", "cooling", "expired", "restricted")
RENEWED = ("expired", "restricted", "quarantined")

PROVIDER = Provider(
    name="pooled", title="Pooled", credential="pooled", settings=PooledChannelSettings
)
KIND = BearerKey("pooled")
VAULT = Vault([bytes(32)])


def channel(id_: int = 1, **settings: Any) -> Channel:
    """Return a pooled channel."""
    return Channel(
        id=id_,
        provider="pooled",
        name=f"main{id_}",
        base_url="http://127.0.0.1:1",
        models=frozenset({"m"}),
        settings=PooledChannelSettings(**settings),
    )


class PoolNode:
    """Is one node's pool.

    Attributes:
        channel: The channel that `claim` takes.
        changes: States that were told, oldest first.
        wanted: Credentials whose renewal was asked for.
    """

    def __init__(self, database: Database, clock: Clock, its: Channel | None = None) -> None:
        self.database = database
        self.clock = clock
        self.channel = its or channel()
        self.metrics = Metrics()
        self.changes: list[tuple[int, str]] = []
        self.wanted: list[tuple[int, str]] = []
        self._jobs: set[asyncio.Task[None]] = set()
        self.pool = CredentialPool(
            database,
            VAULT,
            {"pooled": KIND},
            {"pooled": PROVIDER},
            clock,
            spawn=self._spawn,
            changed=self._changed,
            wanted=lambda one, reason: self.wanted.append((one.id, reason)),
            metrics=self.metrics,
        )

    def _spawn(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(job)
        self._jobs.add(task)
        task.add_done_callback(self._jobs.discard)

    def _changed(self, event: CredentialChanged) -> None:
        self.changes.append((event.credential_id, event.state))

    async def fill(self, number: int) -> list[int]:
        """Add a channel with credentials, and load them; return their ids."""
        return await self.add(*(f"secret-{place:05d}" for place in range(number)))

    async def add(self, *secrets: str) -> list[int]:
        """Add credentials, and load them; return their ids."""

        async def row() -> None:
            now = self.clock.now()
            its = self.channel
            if not await ChannelRow.exists(id=its.id):
                await ChannelRow.create(
                    id=its.id, provider=its.provider, name=its.name, base_url=its.base_url,
                    models=["m"], priority=0, weight=1, settings={}, enabled=True,
                    created_at=now, updated_at=now,
                )  # fmt: skip

        await self.database.transact(row)
        ids = []
        for secret in secrets:
            added = await store.add(self.database, VAULT, KIND, self.channel.id, secret, self.clock)
            ids.append(int(added.id))
        await self.pool.load()
        return ids

    async def claim(
        self, *quotas: Quota, owner: str = "", tried: Iterable[int] = (), **caller: Any
    ) -> Claim | None:
        """Claim one of the channel's credentials."""
        return await self.pool.claim(
            [self.channel], quotas or ("text",), owner=owner or new_id(), tried=set(tried), **caller
        )

    async def claimed(self, *quotas: Quota, tried: Iterable[int] = ()) -> tuple[Claim, Credential]:
        """Claim one that must be there."""
        claim = await self.claim(*quotas, tried=tried)
        assert claim is not None
        assert claim.credential is not None
        return claim, claim.credential

    async def use(self, *quotas: Quota) -> int:
        """Claim one, use it with success, and hand it back; return its id."""
        claim, credential = await self.claimed(*quotas)
        self.pool.succeeded(credential, self.channel)
        await self.free(claim)
        return credential.id

    async def free(self, claim: Claim) -> None:
        """Hand back, and wait until that is written."""
        self.pool.free(claim)
        await self.idle()

    async def idle(self) -> None:
        """Wait until everything is written."""
        while self._jobs:
            await asyncio.wait(set(self._jobs))

    async def decided(
        self, credential_id: int, states: Sequence[str], state: str, reason: str = ""
    ) -> bool:
        """Write a state as a renewal does, if the row is in one of some, and load it.

        Args:
            credential_id: Which.
            states: Those that it may be in.
            state: The new one.
            reason: Why.

        Returns:
            Whether it was in one.
        """
        values: dict[str, Any] = {"state": state, "reason": reason, "cooling_until": None}
        if state == "ready":
            values["failures"] = 0

        async def work() -> int:
            its = CredentialRow.filter(id=credential_id, state__in=list(states))
            return await its.update(**values)

        done = await self.database.transact(work)
        await self.pool.load()
        return done > 0

    async def row(self, credential_id: int) -> CredentialRow:
        """Read a row."""
        return await self.database.run(lambda: CredentialRow.get(id=credential_id))

    def count(self, result: str) -> float:
        """Return how often claims had a result."""
        labels = {"provider": "pooled", "channel": self.channel.name, "result": result}
        return self.metrics.registry.get_sample_value("plugway_pool_claims_total", labels) or 0.0
