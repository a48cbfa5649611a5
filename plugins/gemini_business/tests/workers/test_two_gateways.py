"""Two gateways on one PostgreSQL, with workers on both."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from worker_gateway import Relay, Site

from plugway import Secret
from plugway.testing.databases import available, fresh_database
from plugway_gemini_business.account import read

pytestmark = pytest.mark.anyio

ACCOUNTS = tuple(f"account{number}" for number in range(12))


class Browsers:
    """Renews, and notes who is renewed by two at once."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.running: Counter[str] = Counter()
        self.twice: list[str] = []
        self.done: Counter[str] = Counter()

    async def __call__(self, secret: Secret) -> Secret:
        email = read(secret).email
        self.running[email] += 1
        if self.running[email] > 1:
            self.twice.append(email)
        try:
            for _ in range(20):
                await asyncio.sleep(0)
            self.done[email] += 1
            return self.site.fresh(secret)
        finally:
            self.running[email] -= 1


async def test_no_account_is_renewed_by_two_at_once(tmp_path: Path) -> None:
    reason = available("postgres")
    if reason is not None:
        pytest.skip(reason)
    with fresh_database("postgres") as url:
        async with AsyncExitStack() as stack:
            database = {"PLUGWAY__DATABASE__URL": url}
            home = tmp_path / "home"
            one = await stack.enter_async_context(Site(home, *ACCOUNTS, environ=database))
            other = await stack.enter_async_context(
                Site(home, clock=one.clock, emulator=one.emulator, environ=database)
            )
            await other.server.gateway.snapshots.refresh()
            browsers = Browsers(one)
            relay = await stack.enter_async_context(Relay(one))
            for place in (relay.url, one.url, other.url, other.url):
                await stack.enter_async_context(one.worker(browsers, url=place, threads=3))
            for turn in (1, 2, 3):
                await one.want(*ACCOUNTS)
                if turn == 2:
                    relay.cut()
                await one.until(lambda: all_fresh(one), step=0.2)
                assert browsers.twice == []
                assert set(browsers.done.values()) == {turn}


async def all_fresh(site: Site) -> bool:
    rows = {row.label: row for row in await site.rows()}
    return all(rows[site.email(name)].renewal_at is None for name in ACCOUNTS)


async def test_a_worker_that_comes_back_to_the_other_gateway_keeps_its_renewal(
    tmp_path: Path,
) -> None:
    reason = available("postgres")
    if reason is not None:
        pytest.skip(reason)
    with fresh_database("postgres") as url:
        async with AsyncExitStack() as stack:
            database = {"PLUGWAY__DATABASE__URL": url}
            home = tmp_path / "home"
            one = await stack.enter_async_context(Site(home, "first", environ=database))
            other = await stack.enter_async_context(
                Site(home, clock=one.clock, emulator=one.emulator, environ=database)
            )
            await other.server.gateway.snapshots.refresh()
            go, begun = asyncio.Event(), list[str]()

            async def renew(secret: Secret) -> Secret:
                begun.append(read(secret).email)
                await go.wait()
                return one.fresh(secret)

            await one.want("first")
            relay = await stack.enter_async_context(Relay(one))
            running = await stack.enter_async_context(one.worker(renew, url=relay.url))
            await one.until(lambda: len(begun) == 1)
            claimed_until = (await one.row("first")).renewal_until

            async def is_taken_up() -> bool:
                now = (await one.row("first")).renewal_until
                return bool(now != claimed_until)

            relay.lead_to(other)
            relay.cut()
            await one.until(lambda: not running.worker.is_connected)
            await one.until(lambda: running.worker.is_connected)
            # It has said what it has; the gateway that it left waits only for so long for that
            # to be heard, so no time may pass until it was.
            await one.until(is_taken_up, step=0)
            # Those who wait for it at either gateway do not get it.
            idle = list[str]()
            await stack.enter_async_context(one.worker(one.renews(idle)))
            await stack.enter_async_context(one.worker(one.renews(idle), url=other.url))
            for _ in range(10):
                one.clock.advance(6)
                await asyncio.sleep(0.01)
            assert (await one.row("first")).renewal_owner == f"worker:{running.worker.id}"
            go.set()
            await one.until(lambda: one.is_fresh("first"))
            assert (begun, idle) == ([one.email("first")], [])
