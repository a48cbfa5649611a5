"""Runs the plugins' background work, each on one node at a time."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from plugway.storage import leases

if TYPE_CHECKING:
    from plugway.background import Background
    from plugway.clock import Clock
    from plugway.contract import Worker
    from plugway.storage.database import Database

log = logging.getLogger(__name__)


class Workers:
    """Takes the lease of a worker, runs its round, and gives the lease back."""

    def __init__(self, database: Database, clock: Clock, owner: str) -> None:
        """Name this node.

        Args:
            database: Where leases are.
            clock: The time.
            owner: Unique among nodes and processes.
        """
        self._database = database
        self._clock = clock
        self._owner = owner

    def start(self, workers: tuple[Worker, ...], background: Background) -> None:
        """Begin the loops."""
        for worker in workers:
            background.every(
                worker.interval, partial(self.run_once, worker), f"worker {worker.name}"
            )

    async def run_once(self, worker: Worker) -> bool:
        """Run one round unless another node holds the lease; say whether it ran.

        Args:
            worker: The worker.
        """
        name = f"worker:{worker.name}"
        now = self._clock.now()
        if not await leases.acquire(self._database, name, self._owner, now, worker.lease):
            return False
        try:
            async with asyncio.timeout(worker.lease):
                await worker.run()
        finally:
            await leases.release(self._database, name, self._owner)
        return True
