"""Rounds find what must be renewed, renew it beside each other, and tell of pools that run low."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

import pytest
from bank import Bank
from leaks import Leaks
from plugway_bank import account, bringing, failing, waiting

from plugway.credentials import rounds as rounds_module
from plugway.credentials.credential import open_secret
from plugway.credentials.renewal import Renewal
from plugway.errors import (
    ConfigurationError,
    CredentialExpired,
    QuotaExhausted,
    Unavailable,
    UpstreamUnreachable,
)

pytestmark = pytest.mark.anyio

ANN, BOB = "ann@example.com", "bob@example.com"
HOUR = 3600.0


async def secret_of(bank: Bank, number: int = 1) -> str:
    return open_secret(bank.gateway.vault, await bank.row(number)).reveal()


async def test_what_was_refused_is_renewed(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.save(BOB, "two")
    await bank.renew()
    assert bank.plugin.kind.renewed == []
    await bank.put(2, state="expired", reason="401", failures=3)
    await bank.renew()
    assert bank.plugin.kind.renewed == [BOB]
    row = await bank.row(2)
    assert (row.state, row.reason) == ("ready", "")
    assert '"two+"' in await secret_of(bank, 2)


async def test_what_ends_soon_is_renewed_before(bank: Bank) -> None:
    await bank.channel(renew_before=3 * HOUR)
    await bank.save(ANN, "one", ends=12 * HOUR)
    now = bank.clock.now() / 1_000_000
    bank.plugin.kind.script[ANN] = bringing(account(ANN, "two", now + 21 * HOUR))
    bank.clock.advance(9 * HOUR - 1)
    await bank.renew()
    assert bank.plugin.kind.renewed == []
    bank.clock.advance(1)
    await bank.renew()
    assert bank.plugin.kind.renewed == [ANN]
    bank.clock.advance(9 * HOUR - 1)
    await bank.renew()
    assert len(bank.plugin.kind.renewed) == 1
    bank.clock.advance(1)
    await bank.renew()
    assert len(bank.plugin.kind.renewed) == 2


async def test_one_that_lives_shortly_is_renewed_after_half_of_its_life(bank: Bank) -> None:
    await bank.channel(renew_before=3 * HOUR)
    await bank.save(ANN, "one", ends=HOUR)
    bank.clock.advance(HOUR / 2 - 1)
    await bank.renew()
    assert bank.plugin.kind.renewed == []
    bank.clock.advance(1)
    # It brings no more time than there was: not a reason to do nothing else.
    for _ in range(10):
        await bank.renew()
    assert len(bank.plugin.kind.renewed) == 1
    bank.clock.advance(HOUR / 4)
    await bank.renew()
    assert len(bank.plugin.kind.renewed) == 2


async def test_accounts_out_of_use_are_left_alone(bank: Bank) -> None:
    await bank.channel()
    for number, state in enumerate(["disabled", "quarantined"], start=1):
        await bank.save(f"{number}@example.com", "one", ends=60)
        await bank.put(number, state=state)
    await bank.renew()
    assert bank.plugin.kind.renewed == []


async def test_the_slow_and_the_dead_hold_nobody_up(bank: Bank) -> None:
    await bank.channel()
    never = asyncio.Event()
    for number in range(3):
        await bank.save(f"slow-{number}@example.com", "one")
        bank.plugin.kind.script[f"slow-{number}@example.com"] = waiting(never)
    for number in range(6):
        await bank.save(f"good-{number}@example.com", f"token-{number}")
    for number in range(1, 10):
        await bank.put(number, state="expired")
    rounds = bank.rounds(limit=1000)
    running = 0
    for _ in range(8):
        # Waits for one that ends, as a node does from one look to the next.
        running += await rounds.round()
        for _ in range(200):
            if len(bank.plugin.kind.renewed) == 9:
                break
            await bank.gateway.database.ping()
    states = [(await bank.row(number)).state for number in range(1, 10)]
    assert running == 9
    never.set()
    await rounds.idle()
    assert states.count("ready") == 6, states
    assert [(await bank.row(number)).state for number in range(1, 10)] == ["ready"] * 9


async def test_one_that_takes_too_long_is_tried_later(bank: Bank) -> None:
    await bank.channel(max_failures=1)
    await bank.save(ANN, "one")
    await bank.put(state="expired")
    bank.plugin.kind.script[ANN] = waiting(asyncio.Event())
    rounds = bank.rounds(limit=0.01)
    assert await rounds.round() == 1
    await rounds.idle()
    row = await bank.row()
    assert (row.state, row.renewal_failures, row.renewal_owner) == ("expired", 0, None)
    assert "more than 0.01 s" in row.reason


@pytest.mark.parametrize(
    ("error", "state", "pause"),
    [
        (CredentialExpired("a person must sign in"), "quarantined", None),
        (UpstreamUnreachable("no network"), "expired", 60),
        (QuotaExhausted("too often", retry_after=900), "expired", 900),
        (ConfigurationError("there is no browser"), "expired", 60),
        (TimeoutError(), "expired", 60),
        (KeyError("token"), "quarantined", None),
    ],
)
async def test_what_is_held_against_an_account(
    bank: Bank, error: Exception, state: str, pause: int | None
) -> None:
    await bank.channel(max_failures=1)
    await bank.save(ANN, "one")
    await bank.put(state="expired")
    bank.plugin.kind.script[ANN] = failing(error)
    await bank.renew()
    row = await bank.row()
    assert row.state == state
    assert row.renewal_at == (None if pause is None else bank.clock.now() + pause * 1_000_000)


async def test_renewal_elsewhere_is_left_to_workers(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.put(state="expired")
    rounds = bank.rounds(local=lambda provider: provider != "bank")
    assert await rounds.round() == 0
    (renewal,) = await bank.claim("elsewhere")
    assert renewal.label == ANN


async def test_a_pool_that_runs_low_is_told_of_once(bank: Bank) -> None:
    await bank.channel(min_count=2, target_count=5)
    await bank.channel("calm")
    await bank.renew()
    await bank.renew()
    ((kind, subject, message),) = bank.alerts
    assert (kind, subject) == ("credentials_low", "main")
    assert "0 credentials" in message
    assert "2 should be, and 5 are wanted" in message
    for number in (1, 2, 3):
        await bank.save(f"{number}@example.com", "one")
        await bank.renew()
    await bank.put(1, state="cooling", cooling_until=bank.clock.now() + 1)
    await bank.put(2, state="disabled")
    await bank.renew()
    assert len(bank.alerts) == 1
    for number in (3, 1):
        await bank.put(number, state="restricted")
        await bank.renew()
        await bank.renew()
    assert [message[:13] for _, _, message in bank.alerts] == [
        "0 credentials",
        "1 credentials",
        "0 credentials",
    ]


async def test_one_node_looks_and_all_renew(home: Path, database_url: str) -> None:
    async with Bank(home, database_url) as one, Bank(home, database_url, one.clock) as two:
        await one.channel(min_count=9)
        await two.gateway.snapshots.refresh()
        for number in range(8):
            await one.save(f"{number}@example.com", f"token-{number}")
        for number in range(1, 9):
            await one.put(number, state="expired")
        nodes = (one, two)
        await one.gateway.renewing.round()
        await asyncio.gather(*(node.renew() for node in nodes))
        await asyncio.gather(*(node.renew() for node in nodes))
        renewed = [email for node in nodes for email in node.plugin.kind.renewed]
        assert sorted(renewed, key=str) == [f"{number}@example.com" for number in range(8)]
        assert len(one.alerts) == 1
        assert two.alerts == []
        assert [(await one.row(number)).state for number in range(1, 9)] == ["ready"] * 8


async def test_what_was_brought_is_saved_when_the_database_is_back(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.put(state="expired")
    renewals = bank.gateway.renewals
    complete, tried = renewals.complete, asyncio.Event()

    async def away(renewal: Renewal, text: str) -> bool:
        if not tried.is_set():
            tried.set()
            raise Unavailable("The database is not available; try again.")
        return await complete(renewal, text)

    monkeypatch.setattr(renewals, "complete", away)
    await bank.gateway.renewing.round()
    await tried.wait()
    await asyncio.sleep(0)
    bank.clock.advance(rounds_module.SAVE_PAUSE)
    await bank.gateway.renewing.idle()
    assert '"one+"' in await secret_of(bank)


async def test_a_gateway_that_stops_leaves_the_rest_to_others(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rounds_module, "STOP", 0.01)
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.put(state="expired")
    bank.plugin.kind.script[ANN] = waiting(asyncio.Event())
    running = asyncio.create_task(bank.gateway.renewing.run())
    while not bank.plugin.kind.renewed:
        await bank.gateway.database.ping()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    await bank.gateway.renewing.idle()
    assert (await bank.row()).renewal_owner == bank.gateway.node
    bank.clock.advance(1000)
    assert len(await bank.claim("other")) == 1


async def test_no_log_row_or_metric_shows_a_secret(
    bank: Bank, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    leaks = Leaks()
    old, new = leaks.new("old token"), leaks.new("new token")
    await bank.channel(max_failures=1)
    errors: dict[str, Any] = {
        "key": failing(KeyError(old)),
        "known": failing(CredentialExpired(f"refused: Authorization: Bearer {old}")),
        "wrong": bringing(f"no account: {new}"),
        "good": bringing(account("good", new)),
    }
    for name, line in errors.items():
        number = (await bank.save(name, old)).row.id
        bank.plugin.kind.script[name] = line
        await bank.put(number, state="expired")
    await bank.renew()
    rows = [await bank.row(number) for number in range(1, 5)]
    assert [row.state for row in rows] == ["quarantined"] * 3 + ["ready"]
    said = [caplog.text, bank.gateway.metrics.render().decode(), str(bank.alerts)]
    said += [f"{row.label} {row.masked} {row.reason} {row.quotas}" for row in rows]
    assert "credentials of the kind bank failed in plugway_bank.py:" in caplog.text
    assert not leaks.found("\n".join(said))
    metrics = bank.gateway.metrics.render().decode()
    assert 'plugway_renewals_total{provider="bank",result="failed"} 3.0' in metrics
    assert 'plugway_renewals_total{provider="bank",result="renewed"} 1.0' in metrics
