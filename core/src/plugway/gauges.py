"""Gauges that somebody must look up: read every few seconds, not on the request path."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from plugway.contract import PooledChannelSettings
from plugway.tasks import store

if TYPE_CHECKING:
    from plugway.gateway import Gateway


async def update(gateway: Gateway) -> None:
    """Set the gauges of one gateway.

    Args:
        gateway: A started one.

    Raises:
        Unavailable: The ledger or the database could not be asked.
    """
    metrics, registry = gateway.metrics, gateway.registry
    now = gateway.clock.monotonic()
    channels = gateway.channels
    metrics.inflight.set(len(gateway.running))
    metrics.plugins((one.name, one.version or "", one.state) for one in registry.plugins)
    metrics.channels(
        (channel.provider, channel.name, channels.breaker(channel).state(now))
        for channel in channels.all()
    )
    metrics.credentials(
        Counter(
            (channel.provider, credential.state)
            for channel in channels.all()
            for credential in gateway.credentials.all(channel.id)
        )
    )
    metrics.proxies(gateway.upstream.proxies.counts())
    metrics.pool(
        {
            (channel.name, condition): number
            for channel in channels.all()
            if isinstance(channel.settings, PooledChannelSettings)
            for condition, number in gateway.credentials.conditions(channel).items()
        }
    )
    metrics.snapshot_age(gateway.snapshots.age())
    metrics.settings_ok(ok=gateway.live.problem is None)
    holds = await gateway.ledger.open_holds()
    metrics.holds(holds.count, holds.credits)
    tasks = await store.counts(gateway.database, gateway.clock.now())
    metrics.tasks(tasks.by_state, tasks.lag)
    kept = await gateway.media.totals()
    metrics.media(kept.number, kept.size)
