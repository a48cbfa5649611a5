"""A secret that changes while its account is used: it is saved, and no word of the call is lost."""

from __future__ import annotations

from typing import Any

import pytest
from bank import Bank
from plugway_bank import account

from plugway import BadRequest, Secret
from plugway.credentials import store
from plugway.credentials.credential import open_secret
from plugway.credentials.pool import Claim, Credential
from plugway.credentials.quotas import Quotas
from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio

ANN = "ann@example.com"


async def secret_of(bank: Bank) -> Secret:
    return open_secret(bank.gateway.vault, await bank.row())


async def values(bank: Bank) -> dict[str, Any]:
    """Return all that the row says."""
    rows = await bank.gateway.database.run(lambda: CredentialRow.filter(id=1).values())
    return dict(rows[0])


async def refresh(bank: Bank, token: str, before: Secret | None = None) -> bool:
    """Save a fresh secret of Ann's, and have the pool know it."""
    before = before or await secret_of(bank)
    done = await bank.gateway.renewals.refresh(1, before, account(ANN, token))
    await bank.gateway.credentials.load()
    return done


async def claimed(bank: Bank) -> tuple[Claim, Credential]:
    """Claim Ann's account for a call."""
    channels = bank.gateway.channels.all()
    claim = await bank.gateway.credentials.claim(channels, ("text",), owner="call")
    assert claim is not None
    assert claim.credential is not None
    return claim, claim.credential


async def written(bank: Bank) -> Quotas:
    """Wait until the pool has written what it knows, and return the quotas."""
    await bank.gateway.background.stop(30)
    return Quotas.read((await bank.row()).quotas)


async def test_nothing_but_the_secret_changes(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one", 600)
    kept: dict[str, Any] = {"state": "cooling", "reason": "429", "cooling_until": 5, "failures": 2}
    await bank.put(**kept, renewal_at=7, renewal_failures=1)
    before = await values(bank)
    bank.clock.advance(5)
    ends = bank.clock.now() / 1_000_000 + 900
    fresh = account(ANN, "two", ends)
    assert await bank.gateway.renewals.refresh(1, await secret_of(bank), fresh)
    row = await bank.row()
    changed = {"digest", "sealed", "masked", "expires_at", "updated_at"}
    after = await values(bank)
    assert {name for name, value in after.items() if value != before[name]} == changed
    assert row.expires_at == round(ends * 1_000_000)
    assert (await secret_of(bank)).reveal() == fresh
    # The same again is no news.
    assert await bank.gateway.renewals.refresh(1, await secret_of(bank), fresh)


async def test_what_was_replaced_meanwhile_stays(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one")
    before = await secret_of(bank)
    await bank.save(ANN, "imported")
    assert not await refresh(bank, "two", before)
    assert '"imported"' in (await secret_of(bank)).reveal()
    # Nor does it bring a removed one back.
    await store.remove(bank.gateway.database, 1)
    assert not await refresh(bank, "two", before)


@pytest.mark.parametrize(
    ("fresh", "told"),
    [
        (account("bob@example.com", "two"), "another account"),
        (account(ANN, "two", 5), "has ended"),
        ("nonsense", "no account"),
    ],
)
async def test_what_is_no_fresh_secret_of_the_account_is_refused(
    bank: Bank, fresh: str, told: str
) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    with pytest.raises(BadRequest, match=told):
        await bank.gateway.renewals.refresh(1, await secret_of(bank), fresh)
    assert '"one"' in (await secret_of(bank)).reveal()


async def test_a_renewal_that_was_under_way_comes_late(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    assert await bank.gateway.renewals.wanted(1)
    (renewal,) = await bank.claim()
    assert await refresh(bank, "two")
    assert not await bank.gateway.renewals.complete(renewal, account(ANN, "renewed"))
    assert '"two"' in (await secret_of(bank)).reveal()


@pytest.mark.parametrize("times", [0, 1, 2])
async def test_a_use_is_counted_however_often_the_secret_changed_meanwhile(
    bank_anywhere: Bank, times: int
) -> None:
    bank = bank_anywhere
    await bank.channel(daily_text=5, use_cooldown=0)
    await bank.save(ANN, "one")
    await bank.gateway.snapshots.refresh()
    claim, credential = await claimed(bank)
    for number in range(times):
        assert await refresh(bank, f"fresh-{number}")
    bank.gateway.credentials.succeeded(credential, claim.channel)
    # Once is enough.
    bank.gateway.credentials.succeeded(credential, claim.channel)
    bank.gateway.credentials.free(claim)
    assert (await written(bank)).uses == {"text": 1}
    row = await bank.row()
    assert (row.state, row.claim) == ("ready", None)


async def test_a_quota_is_the_accounts_whatever_its_secret(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel(use_cooldown=0)
    await bank.save(ANN, "one")
    await bank.gateway.snapshots.refresh()
    claim, credential = await claimed(bank)
    assert await refresh(bank, "two")
    bank.gateway.credentials.exhausted(credential, claim.channel, 600, "429")
    bank.gateway.credentials.free(claim)
    await written(bank)
    assert (await bank.row()).state == "cooling"


async def test_an_account_whose_quota_is_there_again_is_ready(bank: Bank) -> None:
    await bank.channel(use_cooldown=0)
    await bank.save(ANN, "one")
    await bank.put(state="cooling", cooling_until=bank.clock.now() - 1)
    await bank.gateway.snapshots.refresh()
    claim, credential = await claimed(bank)
    assert await refresh(bank, "two")
    bank.gateway.credentials.succeeded(credential, claim.channel)
    bank.gateway.credentials.free(claim)
    assert (await written(bank)).uses == {"text": 1}
    assert (await bank.row()).state == "ready"


async def test_that_the_old_secret_was_refused_says_nothing_of_the_new_one(bank: Bank) -> None:
    await bank.channel(use_cooldown=0)
    await bank.save(ANN, "one")
    await bank.gateway.snapshots.refresh()
    claim, credential = await claimed(bank)
    assert await refresh(bank, "two")
    bank.gateway.credentials.refused(credential, claim.channel, "401")
    bank.gateway.credentials.free(claim)
    await written(bank)
    assert (await bank.row()).state == "ready"


async def test_a_call_that_is_over_says_nothing_of_the_next_ones(bank: Bank) -> None:
    await bank.channel(use_cooldown=0)
    await bank.save(ANN, "one")
    await bank.gateway.snapshots.refresh()
    first, credential = await claimed(bank)
    assert await refresh(bank, "two")
    bank.gateway.credentials.free(first)
    second, fresh = await claimed(bank)
    bank.gateway.credentials.succeeded(credential, first.channel)
    bank.gateway.credentials.exhausted(credential, first.channel, 600, "429")
    bank.gateway.credentials.succeeded(fresh, second.channel)
    bank.gateway.credentials.free(second)
    assert (await written(bank)).uses == {"text": 1}
    assert (await bank.row()).state == "ready"
