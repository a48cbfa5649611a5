"""Claims of renewals that are kept, given back, or done without; and who renews at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from bank import Bank
from plugway_bank import account

from plugway.credentials.credential import open_secret
from plugway.errors import BadRequest

pytestmark = pytest.mark.anyio

ANN, BOB = "ann@example.com", "bob@example.com"


async def due(bank: Bank, *emails: str) -> None:
    await bank.channel()
    for email in emails:
        saved = await bank.save(email, f"token of {email}")
        await bank.gateway.renewals.demand(saved.row.id)


async def test_what_is_given_back_is_for_others_at_once(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await due(bank, ANN)
    (renewal,) = await bank.claim("one")
    assert await bank.claim("two") == []
    assert await bank.gateway.renewals.release(renewal)
    row = await bank.row()
    assert (row.renewal_failures, row.reason, row.state) == (0, "", "ready")
    (again,) = await bank.claim("two")
    # Who gave it back, or lost it, cannot give back what another one has.
    assert not await bank.gateway.renewals.release(renewal)
    assert (await bank.row()).renewal_owner == "two"
    assert await bank.gateway.renewals.complete(again, account(ANN, "new"))
    assert not await bank.gateway.renewals.release(again)


async def test_what_is_kept_stays_longer(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await due(bank, ANN)
    (renewal,) = await bank.claim("one", lease=60)
    bank.clock.advance(50)
    kept = await bank.gateway.renewals.keep(renewal, 60)
    assert kept is not None
    assert kept.until == bank.clock.now() + 60_000_000
    bank.clock.advance(59)
    assert await bank.claim("two") == []
    # Whoever knew it before it was kept cannot take it from its owner.
    assert not await bank.gateway.renewals.release(renewal)
    bank.clock.advance(1)
    assert len(await bank.claim("two")) == 1
    assert await bank.gateway.renewals.keep(kept, 60) is None


async def test_what_was_replaced_is_not_kept(bank: Bank) -> None:
    await due(bank, ANN)
    (renewal,) = await bank.claim("one")
    await bank.save(ANN, "the operator's")
    assert await bank.gateway.renewals.keep(renewal, 60) is None
    assert not await bank.gateway.renewals.release(renewal)


async def test_a_secret_is_taken_in_without_a_claim(bank: Bank) -> None:
    await due(bank, ANN)
    renewals = bank.gateway.renewals
    channel = next(iter(renewals.renewable()), None)
    if channel is None:
        await bank.gateway.snapshots.refresh()
        (channel,) = renewals.renewable()
    assert await renewals.adopt(channel, account(BOB, "new")) == "added"
    assert await renewals.adopt(channel, account(BOB, "new")) == "unchanged"
    await bank.claim("one")
    assert await renewals.adopt(channel, account(ANN, "newer")) == "updated"
    row = await bank.row(1)
    assert (row.renewal_at, row.renewal_owner) == (None, None)
    assert "newer" in open_secret(bank.gateway.vault, row).reveal()
    with pytest.raises(BadRequest):
        await renewals.adopt(channel, "no account")


async def test_who_renews_elsewhere_does_not_renew_here(home: Path, sqlite_url: str) -> None:
    async with Bank(home, sqlite_url) as bank:
        await due(bank, ANN)
        bank.plugin.kind.renews_here = False
        assert not bank.gateway.renewals.here("bank")
        await bank.renew()
        assert bank.plugin.kind.renewed == []
        # It is on the list all the same.
        assert len(await bank.claim("elsewhere")) == 1
