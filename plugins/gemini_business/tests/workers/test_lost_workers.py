"""Workers that are lost, silent or in doubt: what they have is for others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from worker_gateway import Held, Relay, Site

from plugway_gemini_business.workers.connection import GRACE

pytestmark = pytest.mark.anyio


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    """Run a gateway with an account."""
    async with Site(tmp_path / "home", "first") as site:
        yield site


async def owner(site: Site, name: str) -> str | None:
    return (await site.row(name)).renewal_owner


async def test_a_lost_worker_loses_its_renewal_to_another(site: Site) -> None:
    held, calls = Held(site), list[str]()
    await site.want("first")
    async with Relay(site) as relay:
        first = site.worker(held, url=relay.url)
        await first.__aenter__()
        await site.until(lambda: len(held.begun) == 1)
        began = site.clock.now()
        await first.kill(relay)
        async with site.worker(site.renews(calls)):
            await site.until(lambda: site.is_fresh("first"), step=0.5)
    assert calls == [site.email("first")]
    # Long before the lease is over.
    assert GRACE <= (site.clock.now() - began) / 1e6 < 120


async def test_a_silent_worker_is_dead_after_three_minutes(site: Site) -> None:
    await site.want("first")
    async with site.raw() as silent:
        await silent.say("client_ready", max_threads=1, worker_id="silent-one")
        await silent.hear("task_refresh")
        for _ in range(8):
            site.clock.advance(20)
            await silent.hear("heartbeat")
        assert await owner(site, "first") == "worker:silent-one"
        # It is heard again, and has three minutes more.
        await silent.say("heartbeat_ack")
        await silent.say("heartbeat")
        await silent.hear("heartbeat_ack")
        for _ in range(8):
            site.clock.advance(20)
            await silent.hear("heartbeat")
        site.clock.advance(20)
        assert await silent.closed() == 4408
    await site.until(lambda: free(site, "first"), step=0)


async def test_a_claim_that_is_cut_short_leaves_nothing_behind(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewals = site.server.gateway.renewals
    claim, claimed, go = renewals.claim, asyncio.Event(), asyncio.Event()

    async def slow(*given: Any) -> Any:
        found = await claim(*given)
        claimed.set()
        await go.wait()
        return found

    monkeypatch.setattr(renewals, "claim", slow)
    await site.want("first")
    async with site.raw() as worker:
        await worker.say("client_ready", max_threads=1)
        await asyncio.wait_for(claimed.wait(), 10)
    # The worker has gone between the claim and its answer.
    for _ in range(20):
        await site.row("first")
    go.set()
    await site.until(lambda: free(site, "first"), step=0)


async def test_a_worker_that_is_in_doubt_gets_nothing_new(site: Site) -> None:
    async with site.raw() as worker:
        await worker.say("client_ready", max_threads=1)
        await worker.say("query_status")
        await worker.hear("status")
        site.clock.advance(60)
        await worker.hear("heartbeat")
        await site.want("first")
        for _ in range(3):
            site.clock.advance(5)
            await site.row("first")
        assert await free(site, "first")
        await worker.say("heartbeat_ack")
        await worker.say("query_status")
        await worker.hear("status")
        site.clock.advance(5)
        await worker.hear("task_refresh")


async def free(site: Site, name: str) -> bool:
    return await owner(site, name) is None


async def test_a_lease_ends_even_if_nobody_notices(site: Site) -> None:
    await site.want("first")
    site.environ["PLUGWAY__PLUGINS__GEMINI_BUSINESS__WORKER_LEASE"] = "60"
    await site.stop()
    await site.start()
    async with site.raw() as one, site.raw() as other:
        await one.say("client_ready", max_threads=1)
        await one.hear("task_refresh")
        await other.say("client_ready", max_threads=1)
        site.clock.advance(59)
        await other.say("request_task")
        await other.say("query_status")
        assert (await other.hear())["type"] in ("status", "heartbeat")
        site.clock.advance(2)
        await other.say("request_task")
        await other.hear("task_refresh")
