"""A gateway with accounts at the bank, without a server: nothing runs that a test does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from plugway_bank import BankPlugin, account

from plugway.channels import store as channel_store
from plugway.channels.store import ChannelDraft
from plugway.credentials import store
from plugway.credentials.renewal import Renewal
from plugway.credentials.rounds import RenewalRounds
from plugway.credentials.store import Saved
from plugway.credentials.vault import FILE, Vault
from plugway.gateway import Gateway
from plugway.storage.models import CredentialRow
from plugway.testing.clock import ManualClock


class Bank:
    """Is one node of a gateway with a channel to the bank.

    Attributes:
        plugin: Has the script of the renewals.
        clock: The time.
        gateway: The node.
        alerts: Kind, subject and message of each.
    """

    def __init__(self, home: Path, url: str, clock: ManualClock | None = None) -> None:
        """Name its home and database; nodes that share both meet.

        Args:
            home: A folder that is there.
            url: The database, with tables.
            clock: The time.
        """
        if not (home / FILE).exists():
            Vault.create(home)
        self.plugin = BankPlugin()
        self.clock = clock or ManualClock()
        self.gateway = Gateway(
            home,
            environ={"PLUGWAY__DATABASE__URL": url},
            plugins={"bank": self.plugin},
            clock=self.clock,
        )
        self.alerts: list[tuple[str, str, str]] = []
        self.gateway.alerts.tell = self._hear  # type: ignore[method-assign]  # it would need a run

    def _hear(self, kind: str, subject: str, message: str) -> None:
        self.alerts.append((kind, subject, message))

    async def __aenter__(self) -> Bank:
        await self.gateway.start(serving=False)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.gateway.stop()

    async def channel(self, name: str = "main", **settings: Any) -> int:
        """Add a channel and return its id."""
        gateway = self.gateway
        row = await channel_store.add(
            gateway.database,
            gateway.vault,
            gateway.registry.providers["bank"],
            ChannelDraft(name=name, base_url="http://127.0.0.1:1", settings=settings),
            gateway.clock,
        )
        return int(row.id)

    async def save(
        self, email: str | None, token: str, ends: float | None = None, *, channel: int = 1
    ) -> Saved:
        """Save an account; `ends` is in seconds from now."""
        gateway = self.gateway
        at = None if ends is None else self.clock.now() / 1_000_000 + ends
        return await store.save(
            gateway.database,
            gateway.vault,
            self.plugin.kind,
            channel,
            account(email, token, at),
            gateway.clock,
        )

    async def row(self, credential_id: int = 1) -> CredentialRow:
        """Read a row."""
        return await self.gateway.database.run(lambda: store.find(credential_id))

    async def put(self, credential_id: int = 1, **values: Any) -> None:
        """Write into a row, as the pool would."""

        async def work() -> None:
            await CredentialRow.filter(id=credential_id).update(**values)

        await self.gateway.database.transact(work)

    async def claim(
        self, owner: str = "worker", limit: int = 10, lease: float = 60
    ) -> list[Renewal]:
        """Claim renewals."""
        return await self.gateway.renewals.claim("bank", owner, limit, lease)

    def rounds(self, **options: Any) -> RenewalRounds:
        """Return rounds with other options than the gateway's own."""
        gateway = self.gateway
        return RenewalRounds(
            gateway.renewals,
            gateway.database,
            gateway.channels,
            gateway.upstream,
            gateway.clock,
            owner=gateway.node,
            alert=self._hear,
            **options,
        )

    async def renew(self) -> None:
        """Do a round and wait for what it began."""
        await self.gateway.renewing.round()
        await self.gateway.renewing.idle()
