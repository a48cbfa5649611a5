"""An outbox on each database, receivers on loopback, and nodes that deliver to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from plugway.alerts import Alerts
from plugway.callbacks import listing
from plugway.callbacks.delivery import Deliveries
from plugway.callbacks.record import CallbackRecord
from plugway.credentials.vault import Vault
from plugway.identity import users
from plugway.settings import AlertSettings, CallbackSettings, RelaySettings
from plugway.storage.database import Database
from plugway.storage.models import CallbackRow
from plugway.telemetry.metrics import Metrics
from plugway.testing.clock import ManualClock
from plugway.testing.scripted import ScriptedUpstream
from plugway.upstream import AddressPolicy, Upstream

SECOND = 1_000_000


class Post:
    """Is an outbox, two receivers, and what makes nodes.

    Attributes:
        receiver: Gets messages, unless another URL is given.
        other: Another host.
        url: The receiver's.
        other_url: The other one's.
        settings: Of every node.
    """

    def __init__(self, database: Database, stack: AsyncExitStack) -> None:
        self.database = database
        self.stack = stack
        self.clock = ManualClock()
        self.vault = Vault([bytes(32)])
        self.metrics = Metrics()
        self.settings = CallbackSettings(timeout=5)
        self.receiver = ScriptedUpstream()
        self.other = ScriptedUpstream()
        self.url = self.other_url = ""
        self.user_id = 0

    async def prepare(self) -> None:
        """Start the receivers and add a user."""
        self.url, self.other_url = await self.receiver.start(), await self.other.start()
        self.stack.push_async_callback(self.receiver.stop)
        self.stack.push_async_callback(self.other.stop)
        self.user_id = (await users.add(self.database, self.clock, name="ada")).id

    async def upstream(self, *, exempt: bool = True) -> Upstream:
        """Open an upstream that may reach the receivers, or may not."""
        ports = frozenset({self.receiver.port, self.other.port})
        policy = AddressPolicy(
            ports=ports,
            exempt=frozenset(("127.0.0.1", port) for port in ports if exempt),
        )
        opened = Upstream(RelaySettings(), environ={}, policy=policy)
        await opened.open()
        self.stack.push_async_callback(opened.close)
        return opened

    async def node(
        self, *, upstream: Upstream | None = None, database: Database | None = None
    ) -> Deliveries:
        """Make what one process delivers with."""
        upstream = upstream or await self.upstream()
        alerts = Alerts(
            upstream=upstream, clock=self.clock, settings=AlertSettings, metrics=self.metrics
        )
        return Deliveries(
            database=database or self.database,
            upstream=upstream,
            vault=self.vault,
            clock=self.clock,
            settings=lambda: self.settings,
            metrics=self.metrics,
            alerts=alerts,
            chance=lambda: 0.5,
        )

    async def put(self, call_id: str = "c1", body: str = "{}", url: str = "", **more: Any) -> int:
        """Write a message as the ledger does, and return its id."""
        now = self.clock.now()
        values = {"created_at": now, "updated_at": now, "next_try_at": now, **more}
        row = await self.database.run(
            lambda: CallbackRow.create(
                call_id=call_id,
                user_id=self.user_id,
                url=url or self.url,
                body=body,
                state="waiting",
                tries=0,
                **values,
            )
        )
        return int(row.id)

    async def get(self, callback_id: int) -> CallbackRecord:
        """Return a message."""
        return await listing.get(self.database, callback_id)

    async def states(self) -> list[str]:
        """Return the states of all messages, the oldest first."""
        found = await listing.search(self.database, limit=500)
        return [one.state for one in reversed(found)]

    async def work_off(self, node: Deliveries) -> int:
        """Let a node deliver until nothing is due; return how many rounds that took."""
        rounds = 0
        while await node.run_once(self.clock.now()):
            rounds += 1
        return rounds

    def counted(self, name: str, **labels: str) -> float:
        """Return a number of the metrics."""
        return self.metrics.registry.get_sample_value(f"plugway_{name}", labels) or 0.0


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """Close what a test opened, last first."""
    async with AsyncExitStack() as opened:
        yield opened


@pytest.fixture
async def post(sqlite_url: str, stack: AsyncExitStack) -> Post:
    """Give an outbox on SQLite."""
    made = Post(await stack.enter_async_context(Database(sqlite_url)), stack)
    await made.prepare()
    return made


@pytest.fixture
async def post_anywhere(database: Database, stack: AsyncExitStack) -> Post:
    """Give an outbox on each database in turn."""
    made = Post(database, stack)
    await made.prepare()
    return made
