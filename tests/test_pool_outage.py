"""The network is gone for a while: accounts stay what they were, and nobody has to repair them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pool_business
import pytest
from pool_business import Pool, told

from plugway.storage.models import CredentialRow
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio

ACCOUNTS = ("first", "second", "third")

#: Seconds that a breaker is open.
PAUSE = 30.0


@pytest.fixture
def clock() -> ManualClock:
    """Return the time of the gateway and of the upstream."""
    return pool_business.present()


@pytest.fixture
async def pool(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Pool]:
    """Run a gateway with a channel of three accounts, which does not wait for long."""
    async with (
        pool_business.upstream(clock, *ACCOUNTS) as emulator,
        pool_business.gateway(tmp_path / "home", emulator, clock) as running,
    ):
        await running.channel(*ACCOUNTS, connect_timeout=0.2, headers_timeout=0.2)
        yield running


async def begin(pool: Pool, outage: str) -> None:
    """Take the upstream away."""
    if outage == "refused":
        await pool.emulator.refuse()
    elif outage == "silent":
        await pool.emulator.silence()
    else:
        pool.emulator.fail(outage, times=10_000)


async def end(pool: Pool, outage: str) -> None:
    """Bring the upstream back."""
    if outage in ("refused", "silent"):
        await pool.emulator.resume()
    else:
        pool.emulator.faults.clear()


@pytest.mark.parametrize("outage", ["refused", "silent", "garbage", "drop"])
@pytest.mark.parametrize("minted", [False, True])
async def test_an_outage_is_over_when_it_is_over(
    pool: Pool, clock: ManualClock, outage: str, minted: bool
) -> None:
    if minted:
        for _ in ACCOUNTS:
            assert (await pool.ask()).status == 200
    before = await rows(pool)
    charged = await pool.charged()
    await begin(pool, outage)
    statuses = []
    for _ in range(8):
        answer = await pool.ask()
        statuses.append(answer.status)
        assert answer.status in (502, 503, 504), answer.body
        assert answer.status != 503 or int(answer.headers["retry-after"]) >= 1
    # After so many failures in a row the breaker spares clients the wait.
    assert statuses[-1] == 503
    # It goes on for hours: time and again one call finds out that it does.
    for _ in range(6):
        clock.advance(PAUSE * 20)
        assert (await pool.ask()).status in (502, 503, 504)
    after = await rows(pool)
    assert [told(row) for row in after] == [("ready", "", 0)] * len(ACCOUNTS)
    assert [row.digest for row in after] == [row.digest for row in before]
    assert [(row.renewal_at, row.renewal_failures) for row in after] == [(None, 0)] * 3
    assert await pool.charged() == charged
    await end(pool, outage)
    clock.advance(PAUSE)
    assert (await pool.ask()).status == 200
    assert (await pool.ask()).status == 200


async def test_an_outage_that_cuts_answers_touches_no_account(pool: Pool) -> None:
    for after in (0, 40, 400):
        pool.emulator.fail("cut", path="/v1alpha", after=after, times=3)
        assert (await pool.ask()).status in (200, 502, 503)
        pool.emulator.faults.clear()
    assert [told(row) for row in await rows(pool)] == [("ready", "", 0)] * len(ACCOUNTS)


async def rows(pool: Pool) -> list[Any]:
    """Return the accounts' rows, all that was said being written."""
    for name in ACCOUNTS:
        await pool.row(name)
    found = await pool.server.gateway.database.run(lambda: CredentialRow.all().order_by("id"))
    return list(found)
