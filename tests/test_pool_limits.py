"""Every account is limited: clients hear so at once, and the upstream is left in peace."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pool_business
import pytest
from business_gateway import Answer
from pool_business import Pool

from plugway.testing import ManualClock
from plugway_gemini_business.emulated.accounts import NewAccount

pytestmark = pytest.mark.anyio

ACCOUNTS = ("one", "two", "three", "four", "five", "six")
CLIENTS = 50
TRIES = 3

#: Seconds that a channel lets a call wait.
WAIT = 5.0

ASKS = "/v1alpha/locations/global/widgetStreamAssist"


@pytest.fixture
def clock() -> ManualClock:
    """Return the time of the gateway and of the upstream."""
    return pool_business.present()


@pytest.fixture
async def pool(tmp_path: Path, clock: ManualClock) -> AsyncIterator[Pool]:
    """Run a gateway with a channel of several accounts."""
    async with (
        pool_business.upstream(clock, *ACCOUNTS) as emulator,
        pool_business.gateway(tmp_path / "home", emulator, clock) as running,
    ):
        await running.channel(*ACCOUNTS, use_cooldown=1, wait=WAIT)
        yield running


def limit(pool: Pool, how: str) -> None:
    """Let the upstream refuse every account."""
    behaviour = pool.emulator.behaviour
    if how in ("expired", "restricted"):
        for name in ACCOUNTS:
            pool.emulator.change(NewAccount(name=name, state=how))  # type: ignore[arg-type]  # one of the states
        return
    behaviour.quota_as = "inside" if how == "inside" else "status"
    behaviour.retry_after = 90 if how == "429 with Retry-After" else None
    for name in ACCOUNTS:
        pool.emulator.change(NewAccount(name=name, quotas={"text": 0}))


def check(answer: Answer) -> None:
    """Expect what a client understands, and can wait for."""
    assert answer.status in (429, 503), answer.body
    assert int(answer.headers["retry-after"]) >= 1


WAYS = ["429 with Retry-After", "429 without", "inside", "restricted", "expired"]


@pytest.mark.parametrize("how", WAYS)
async def test_one_client_after_the_other_hears_when_to_come_again(pool: Pool, how: str) -> None:
    limit(pool, how)
    asked = 0
    for _ in range(8):
        began = pool.clock.monotonic()
        check(await pool.ask())
        assert pool.clock.monotonic() - began <= WAIT + TRIES
        now = _tried(pool)
        assert now - asked <= TRIES
        asked = now
    # Each account has said so once, and nobody asks it again before its time.
    assert asked == len(ACCOUNTS)
    assert await pool.charged() == 0


@pytest.mark.parametrize("how", WAYS)
async def test_many_clients_at_once_do_not_multiply_what_the_upstream_gets(
    pool: Pool, how: str
) -> None:
    limit(pool, how)
    began = pool.clock.monotonic()
    answers = await pool.crowd(CLIENTS)
    for answer in answers:
        check(answer)
    assert pool.clock.monotonic() - began <= (WAIT + 1) * TRIES
    assert _tried(pool) == len(ACCOUNTS)
    assert await pool.charged() == 0


async def test_many_clients_get_no_more_than_their_tries_where_nothing_is_learnt(
    pool: Pool,
) -> None:
    # An account that fails without a word of why stays in use: only the tries bound it.
    pool.emulator.mishap("refused", call="ask", code=500, times=10_000)
    answers = await pool.crowd(CLIENTS)
    assert {answer.status for answer in answers} <= {429, 502, 503}
    for answer in answers:
        if answer.status != 502:
            check(answer)
    assert len(pool_business.asks(pool.emulator)) <= TRIES * CLIENTS


@pytest.mark.parametrize("seconds", [7, 90])
async def test_the_clients_wait_is_the_upstreams(
    pool: Pool, clock: ManualClock, seconds: int
) -> None:
    limit(pool, "429 with Retry-After")
    pool.emulator.behaviour.retry_after = seconds
    for _ in range(3):
        answer = await pool.ask()
    # With each client that comes it is less, and never more.
    assert seconds - 3 * (WAIT + 1) <= int(answer.headers["retry-after"]) <= seconds
    for name in ACCOUNTS:
        pool.emulator.change(NewAccount(name=name, quotas={}))
    clock.advance(int(answer.headers["retry-after"]) + 1)
    assert (await pool.ask()).status == 200


def _tried(pool: Pool) -> int:
    """Return how many accounts the upstream was asked with, each time counted.

    A 401 is asked a second time with a fresh bearer, and counts as one try.
    """
    uses = pool.emulator.truth.uses
    tries = Counter(use.account for use in uses if use.call in ("mint", "ask", "create"))
    assert max(tries.values(), default=0) <= 4
    return len(tries)
