"""Accounts are counted from their rows, on every database, as two nodes see them alike."""

from __future__ import annotations

import pytest
from bank import Bank

from plugway.credentials import census
from plugway.credentials.census import Headcount
from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio


async def put(bank: Bank, number: int, **values: object) -> None:
    await bank.save(f"{number}@example.com", f"token {number}")
    if values:
        await bank.put(number, **values)


async def test_states_are_ready_or_pending(bank_anywhere: Bank) -> None:
    bank, now = bank_anywhere, bank_anywhere.clock.now()
    await bank.channel()
    await put(bank, 1)
    await put(bank, 2, claim="call", claimed_until=now + 1, next_use_at=now + 9)
    await put(bank, 3, state="cooling", cooling_until=now)
    await put(bank, 4, state="cooling", cooling_until=now + 1)
    await put(bank, 5, state="expired", cooling_until=now - 1)
    await put(bank, 6, state="restricted", cooling_until=now + 1)
    await put(bank, 7, state="quarantined")
    await put(bank, 8, state="disabled")
    found = await bank.gateway.census.count("bank")
    assert found == Headcount(ready=3, pending=4, spent=0)
    assert found.total == 7
    bank.clock.advance(1)
    assert (await bank.gateway.census.count("bank")).ready == 4
    assert await bank.gateway.census.in_states("bank", ["expired", "quarantined"]) == [5, 7]
    assert await bank.gateway.census.labelled("bank", "8@example.com") == [8]
    assert await bank.gateway.census.labelled("bank", "9@example.com") == []


async def test_what_a_day_has_is_counted_where_the_channels_day_is(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    # The clock stands at 2027-01-15, 08:00 UTC, which is midnight in Los Angeles.
    await bank.channel(daily_text=2, day_zone="America/Los_Angeles")
    for number, day, uses in ((1, "15", 2), (2, "14", 2), (3, "15", 1)):
        quotas = f'{{"day":"2027-01-{day}","uses":{{"text":{uses}}}}}'
        await put(bank, number, quotas=quotas)
    await put(bank, 4, quotas="not JSON")
    assert await bank.gateway.census.count("bank") == Headcount(ready=4, pending=0, spent=1)
    bank.clock.advance(86_400)
    assert (await bank.gateway.census.count("bank")).spent == 0


async def test_only_channels_that_take_calls_count(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    assert await bank.gateway.census.count("bank") == Headcount(ready=0, pending=0, spent=0)
    await bank.channel()
    await put(bank, 1)
    assert (await bank.gateway.census.count("bank")).total == 1
    assert (await bank.gateway.census.count("other")).total == 0
    (channel,) = bank.gateway.census.channels("bank")
    assert channel.name == "main"


async def test_a_large_pool_is_counted_whole(
    bank_anywhere: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(census, "PAGE", 2)
    monkeypatch.setattr(census, "MOST", 3)
    bank = bank_anywhere
    await bank.channel()
    for number in range(1, 6):
        await put(bank, number, state="expired" if number % 2 else "ready")
    assert await bank.gateway.census.count("bank") == Headcount(ready=2, pending=3, spent=0)
    assert await bank.gateway.census.in_states("bank", ["ready", "expired"]) == [1, 2, 3]
    everything = await bank.gateway.database.run(lambda: CredentialRow.all().count())
    assert everything == 5


async def test_settings_of_a_channel_are_changed_for_good(bank_anywhere: Bank) -> None:
    gateway = bank_anywhere.gateway
    await bank_anywhere.channel(use_cooldown=9, wait=3)
    (channel,) = gateway.census.channels("bank")
    await gateway.channels.adjust(channel, {"use_cooldown": 1.5})
    (changed,) = gateway.census.channels("bank")
    assert (changed.settings.use_cooldown, changed.settings.wait) == (1.5, 3)  # type: ignore[attr-defined]  # the bank's
