"""Delivers what is due, in a process of its own that can be killed.

Takes the database's URL, the time in microseconds, and the port on loopback that may be reached.
"""

from __future__ import annotations

import asyncio
import sys

from plugway.alerts import Alerts
from plugway.callbacks.delivery import Deliveries
from plugway.credentials.vault import Vault
from plugway.settings import AlertSettings, CallbackSettings, RelaySettings
from plugway.storage.database import Database
from plugway.telemetry.metrics import Metrics
from plugway.testing.clock import ManualClock
from plugway.upstream import AddressPolicy, Upstream


async def main(url: str, now: int, port: int) -> None:
    """Do one round."""
    clock, metrics = ManualClock(now), Metrics()
    policy = AddressPolicy(ports=frozenset({port}), exempt=frozenset({("127.0.0.1", port)}))
    upstream = Upstream(RelaySettings(), environ={}, policy=policy)
    await upstream.open()
    async with Database(url) as database:
        deliveries = Deliveries(
            database=database,
            upstream=upstream,
            vault=Vault([bytes(32)]),
            clock=clock,
            settings=CallbackSettings,
            metrics=metrics,
            alerts=Alerts(upstream=upstream, clock=clock, settings=AlertSettings, metrics=metrics),
        )
        await deliveries.run_once(clock.now())
    await upstream.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
