"""One measurement of the engine: a gateway with open tasks, and the upstream that it asks."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec
from tortoise.expressions import F
from jobs import PROVIDER, Jobs, JobsPlugin
from processes import HERE, SERVER_CORE, process, upstream
from stock import Stock

from plugway.channels import store as channel_store
from plugway.channels.store import ChannelDraft
from plugway.credentials import store as credential_store
from plugway.credentials.vault import Vault
from plugway.gateway import Gateway
from plugway.ledger.verify import verify
from plugway.storage.database import Database
from plugway.storage.models import TaskRow
from plugway.storage.url import DatabaseURL
from plugway.tasks.store import counts
from plugway.testing.databases import execute

CHANNELS = 20

#: Microseconds between the making of tasks and the first that is due.
LEAD = 6_000_000


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """Says what to measure.

    Attributes:
        url: A migrated, empty database.
        tasks: Open tasks.
        interval: Seconds between two polls of a task.
        backlog: All are due at the start, instead of spread over the interval.
        latency_ms: What the upstream takes to answer.
        seconds: Of polling.
    """

    url: str
    tasks: int
    interval: float
    backlog: bool
    latency_ms: float
    seconds: float

    def measure(self) -> dict[str, Any]:
        """Poll for a while.

        Returns:
            What `engine.Watch` says; `waiting`, how long the task that is due longest has
            waited at the end; `problems`, what `plugway ledger verify` found.
        """
        with tempfile.TemporaryDirectory() as folder, upstream() as (_, port):
            home = Path(folder)
            asyncio.run(self._prepare(home, f"http://127.0.0.1:{port}"))
            url = DatabaseURL.parse(self.url)
            if url.dialect == "postgres":
                # What the server does after so many new rows is not part of polling.
                execute(url, "VACUUM ANALYZE", "CHECKPOINT")
            command = [sys.executable, __import__("os").environ.get("ENGINE") or str(HERE / "engine.py"), folder, str(self.interval)]
            with process(
                [*command, str(self.latency_ms)],
                SERVER_CORE,
                {"PLUGWAY__DATABASE__URL": self.url, "PLUGWAY__LOG__LEVEL": "warning"},
            ) as (running, _):
                time.sleep(self.seconds)
                running.send_signal(signal.SIGTERM)
                stopped = time.time_ns() // 1000
                assert running.stdout is not None
                figures: dict[str, Any] = json.loads(running.stdout.readline())
            return {**figures, **asyncio.run(self._look(stopped))}

    async def _prepare(self, home: Path, base_url: str) -> None:
        """Make the channels, and open the tasks."""
        home.chmod(0o700)
        Vault.create(home)
        gateway = Gateway(
            home,
            environ={"PLUGWAY__DATABASE__URL": self.url},
            plugins={"bench": JobsPlugin(Jobs(1, 1))},
        )
        await gateway.start(serving=False)
        try:
            kind = gateway.registry.credential_kinds[PROVIDER]
            provider = gateway.registry.providers[PROVIDER]
            channels = []
            for number in range(CHANNELS):
                draft = ChannelDraft(name=f"c{number}", base_url=base_url)
                channel = await channel_store.add(
                    gateway.database, gateway.vault, provider, draft, gateway.clock
                )
                credential = await credential_store.add(
                    *(gateway.database, gateway.vault, kind),
                    *(channel.id, f"secret-{number}", gateway.clock),
                )
                channels.append((channel.id, credential.id))
            stock = Stock(
                tasks=self.tasks, channels=channels, interval=0 if self.backlog else self.interval
            )
            now = gateway.clock.now()
            await stock.insert(gateway.database, now)
            # Nothing is to be late because of what was done before the engine runs.
            late = gateway.clock.now() - now + LEAD
            await gateway.database.run(
                lambda: TaskRow.all().update(next_poll_at=F("next_poll_at") + late)
            )
        finally:
            await gateway.stop()

    async def _look(self, stopped: int) -> dict[str, Any]:
        async with Database(self.url) as database:
            waiting = (await counts(database, stopped)).lag
        report = await verify(DatabaseURL.parse(self.url))
        return {"waiting": waiting, "problems": report.problems}
