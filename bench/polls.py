"""The engine's measurement: a gateway with many open tasks, and the upstream that it asks."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from pathlib import Path
from typing import Any

from jobs import PROVIDER, Jobs, JobsPlugin
from processes import HERE, SERVER_CORE, process
from stock import SECOND, Stock

from plugway.channels import store as channel_store
from plugway.channels.store import ChannelDraft
from plugway.credentials import store as credential_store
from plugway.credentials.vault import Vault
from plugway.gateway import Gateway
from plugway.ledger.verify import verify
from plugway.storage.database import Database
from plugway.storage.url import DatabaseURL
from plugway.tasks.store import counts
from plugway.testing.databases import execute

CHANNELS = 20


class Polls:
    """Is one home and one database with open tasks, polled for as long as is wanted."""

    def __init__(self, home: Path, url: str, *, interval: float, latency_ms: float) -> None:
        """Say what is polled how; `prepare` makes it.

        Args:
            home: An empty folder.
            url: A database with tables and nothing in them.
            interval: Seconds between two polls of a task.
            latency_ms: What the upstream takes to answer.
        """
        home.chmod(0o700)
        self._home = home
        self._url = DatabaseURL.parse(url)
        self._environ = {"PLUGWAY__DATABASE__URL": url, "PLUGWAY__LOG__LEVEL": "warning"}
        self._interval = interval
        self._latency_ms = latency_ms
        self._now = time.time_ns() // 1000

    async def prepare(self, base_url: str, tasks: int) -> None:
        """Make the channels, and open tasks whose next polls spread over the interval.

        Args:
            base_url: The upstream.
            tasks: How many.
        """
        Vault.create(self._home)
        plugin = JobsPlugin(Jobs(self._interval, self._latency_ms))
        gateway = Gateway(self._home, environ=self._environ, plugins={"bench": plugin})
        await gateway.start(serving=False)
        try:
            channels = [await _channel(gateway, n, base_url) for n in range(CHANNELS)]
            stock = Stock(tasks=tasks, channels=channels, interval=self._interval)
            await stock.insert(gateway.database, self._now)
        finally:
            await gateway.stop()

        if self._url.dialect == "postgres":
            # What the server does after so many new rows is not part of polling.
            execute(self._url, "VACUUM ANALYZE", "CHECKPOINT")

    def poll(self, seconds: float, *, late: float = 0) -> dict[str, Any]:
        """Run the engine.

        Args:
            seconds: How long.
            late: Seconds for which nothing was polled before.

        Returns:
            What `engine.Watch` says, and `waiting`: seconds that the task that is due longest
            has waited at the end.
        """
        now = self._now + round(late * SECOND)
        words = (self._home, self._interval, self._latency_ms, now)
        command = [sys.executable, str(HERE / "engine.py"), *map(str, words)]
        with process(command, SERVER_CORE, self._environ) as (running, _):
            time.sleep(seconds)
            running.send_signal(signal.SIGTERM)
            assert running.stdout is not None
            figures: dict[str, Any] = json.loads(running.stdout.readline())
        return {**figures, "waiting": asyncio.run(self._waiting(figures["stopped"]))}

    async def problems(self) -> tuple[str, ...]:
        """Return what `plugway ledger verify` finds."""
        return (await verify(self._url)).problems

    async def _waiting(self, at: int) -> float:
        async with Database(self._url) as database:
            return (await counts(database, at)).lag


async def _channel(gateway: Gateway, number: int, base_url: str) -> tuple[int, int]:
    """Add a channel with its credential; return both numbers."""
    database, vault, clock = gateway.database, gateway.vault, gateway.clock
    provider = gateway.registry.providers[PROVIDER]
    kind = gateway.registry.credential_kinds[PROVIDER]
    draft = ChannelDraft(name=f"channel-{number}", base_url=base_url)
    channel = await channel_store.add(database, vault, provider, draft, clock)
    secret = f"secret-{number}"
    credential = await credential_store.add(database, vault, kind, channel.id, secret, clock)
    return channel.id, credential.id
