"""Renewals are claimed by one worker at a time, and overwrite nothing but what they renew."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bank import Bank
from plugway_bank import account

from plugway.credentials import store
from plugway.credentials.credential import open_secret
from plugway.credentials.renewal import HELPED
from plugway.errors import Conflict, NotFound

pytestmark = pytest.mark.anyio

ANN = "ann@example.com"


async def secret_of(bank: Bank, number: int = 1) -> str:
    return open_secret(bank.gateway.vault, await bank.row(number)).reveal()


async def expire(bank: Bank, *numbers: int) -> None:
    """Let the upstream refuse credentials, and ask for their renewal."""
    for number in numbers:
        await bank.put(number, state="expired", reason="401", failures=3)
        assert await bank.gateway.renewals.wanted(number)


async def test_two_nodes_never_claim_the_same(
    home: Path, database_url: str, bank_anywhere: Bank
) -> None:
    bank = bank_anywhere
    await bank.channel()
    numbers = [(await bank.save(f"{number}@example.com", "one")).row.id for number in range(12)]
    await expire(bank, *numbers)
    async with Bank(home, database_url, bank.clock) as other:
        found = await asyncio.gather(
            *(
                node.claim(f"worker-{number}", limit=3)
                for number, node in enumerate([bank, other] * 4)
            )
        )
        claimed = [renewal.credential_id for renewals in found for renewal in renewals]
        assert len(claimed) == len(set(claimed))
        rest = [one.credential_id for one in await other.claim("worker-9", limit=20)]
        assert sorted(claimed + rest) == numbers
        assert await bank.claim("worker-10", limit=20) == []


async def test_what_it_brings_makes_the_account_ready(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    assert not await bank.gateway.renewals.wanted(1), "once is enough"
    (renewal,) = await bank.claim()
    assert (renewal.label, renewal.owner, renewal.channel.name) == (ANN, "worker", "main")
    assert '"one"' in renewal.secret.reveal()
    assert "one" not in repr(renewal.secret)
    assert not await bank.gateway.renewals.wanted(1), "it is under way"
    bank.clock.advance(5)
    assert await bank.gateway.renewals.complete(renewal, account(ANN, "two"))
    row = await bank.row()
    assert (row.state, row.reason, row.failures) == ("ready", "", 0)
    assert (row.renewal_at, row.renewal_owner, row.renewal_until) == (None, None, None)
    assert row.renewed_at == bank.clock.now()
    assert '"two"' in await secret_of(bank)
    (held,) = bank.gateway.credentials.all(1)
    assert '"two"' in held.secret.reveal()
    assert await bank.claim() == []


async def test_a_lost_renewal_is_claimed_again_and_may_come_late(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    renewals = bank.gateway.renewals
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    (lost,) = await bank.claim("lost", lease=60)
    bank.clock.advance(59)
    assert await bank.claim("next") == []
    assert await renewals.held(1, "lost") == lost
    bank.clock.advance(1)
    (second,) = await bank.claim("next")
    assert await renewals.held(1, "lost") is None
    # It failed where it is nobody's any more: that is the next one's to say.
    assert not await renewals.fail(lost, "too slow")
    assert (await bank.row()).renewal_owner == "next"
    # What it brings is good all the same, whoever brings it first.
    assert await renewals.complete(lost, account(ANN, "late"))
    assert not await renewals.complete(second, account(ANN, "later"))
    assert not await renewals.fail(second, "no")
    row = await bank.row()
    assert (row.state, row.renewal_failures, row.renewal_at) == ("ready", 0, None)
    assert '"late"' in await secret_of(bank)


async def test_an_import_meanwhile_is_not_overwritten(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    (renewal,) = await bank.claim()
    await bank.save(ANN, "imported")
    assert not await bank.gateway.renewals.complete(renewal, account(ANN, "renewed"))
    assert not await bank.gateway.renewals.fail(renewal, "no")
    assert '"imported"' in await secret_of(bank)
    assert (await bank.row()).renewal_failures == 0
    await store.remove(bank.gateway.database, 1)
    assert not await bank.gateway.renewals.complete(renewal, account(ANN, "renewed"))


async def test_the_operator_disables_it_meanwhile(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    (renewal,) = await bank.claim()
    await store.set_state(bank.gateway.database, 1, "disabled", "by me", bank.clock)
    assert not await bank.gateway.renewals.fail(renewal, "no")
    assert await bank.gateway.renewals.complete(renewal, account(ANN, "two"))
    row = await bank.row()
    assert (row.state, row.reason) == ("disabled", "by me")
    assert '"two"' in await secret_of(bank)
    assert not await bank.gateway.renewals.wanted(1)


async def test_a_quota_that_is_used_up_stays_so(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    (renewal,) = await bank.claim()
    until = bank.clock.now() + 1_000_000
    await bank.put(state="cooling", reason="429", cooling_until=until)
    assert await bank.gateway.renewals.complete(renewal, account(ANN, "two"))
    row = await bank.row()
    assert (row.state, row.reason, row.cooling_until) == ("cooling", "429", until)


async def test_failures_pause_longer_and_end_in_quarantine(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    renewals = bank.gateway.renewals
    await bank.channel(max_failures=6)
    await bank.save(ANN, "one")
    await expire(bank, 1)
    for pause in (30, 60, 120, 240, 300):
        (renewal,) = await bank.claim()
        assert await renewals.fail(renewal, "the page\nasks  for a password")
        row = await bank.row()
        assert (row.state, row.reason) == ("expired", "renewal: the page asks for a password")
        assert not await renewals.wanted(1), "it waits for its time"
        bank.clock.advance(pause - 1)
        assert await bank.claim() == []
        bank.clock.advance(1)
    assert bank.alerts == []
    (renewal,) = await bank.claim()
    assert await renewals.fail(renewal, "no")
    row = await bank.row()
    assert (row.state, row.reason, row.renewal_failures) == ("quarantined", "renewal: no", 6)
    assert '"one"' in await secret_of(bank), "nothing is ever thrown away"
    ((kind, subject, message),) = bank.alerts
    assert (kind, subject) == ("credential_quarantined", "main/1")
    assert "6 renewals" in message
    assert ANN not in message
    bank.clock.advance(10_000)
    assert not await renewals.wanted(1)
    assert await bank.claim() == []
    # Only a person brings it back: here with a new secret.
    await bank.save(ANN, "two")
    row = await bank.row()
    assert (row.state, row.renewal_failures) == ("ready", 0)


async def test_what_is_no_fault_of_the_account_is_not_held_against_it(bank: Bank) -> None:
    renewals = bank.gateway.renewals
    await bank.channel(max_failures=2)
    await bank.save(ANN, "one")
    await expire(bank, 1)
    for after, pause in ((None, 60), (600.0, 600), (1e9, 3600)) * 3:
        (renewal,) = await bank.claim()
        assert await renewals.fail(renewal, "no network", counted=False, after=after)
        bank.clock.advance(pause - 1)
        assert await bank.claim() == []
        bank.clock.advance(1)
    row = await bank.row()
    assert (row.state, row.renewal_failures) == ("expired", 0)
    assert bank.alerts == []


async def test_renewals_that_do_not_help_end_too(bank: Bank) -> None:
    """A worker that brings the same dead cookies again and again is found out."""
    renewals = bank.gateway.renewals
    await bank.channel(max_failures=2)
    await bank.save(ANN, "one")
    for number, (failures, state) in enumerate([(0, "ready"), (1, "ready"), (2, "quarantined")]):
        await expire(bank, 1)
        bank.clock.advance(60)
        (renewal,) = await bank.claim()
        brought = account(ANN, "one" if number == 0 else f"new-{number}")
        assert await renewals.complete(renewal, brought)
        row = await bank.row()
        assert (row.renewal_failures, row.state) == (failures, state)
    assert [kind for kind, _, _ in bank.alerts] == ["credential_quarantined"]
    # One that has helped for a while begins anew.
    await store.clear(bank.gateway.database, 1, bank.clock)
    bank.clock.advance(HELPED)
    await expire(bank, 1)
    (renewal,) = await bank.claim()
    assert await renewals.complete(renewal, account(ANN, "good"))
    assert (await bank.row()).renewal_failures == 0


async def test_a_renewal_that_did_not_help_is_not_repeated_at_once(bank: Bank) -> None:
    renewals = bank.gateway.renewals
    await bank.channel()
    await bank.save(ANN, "one")
    for token in ("two", "three"):
        await expire(bank, 1)
        (renewal,) = await bank.claim()
        assert await renewals.complete(renewal, account(ANN, token))
    await expire(bank, 1)
    assert await bank.claim() == []
    bank.clock.advance(30)
    assert len(await bank.claim()) == 1


@pytest.mark.parametrize(
    ("brought", "reason"),
    [
        ("no account", "no account of the bank"),
        (account("bob@example.com", "two"), "another account"),
        (account(ANN, "two", ends=1.0), "has ended"),
        (account(None, "two"), "another account"),
    ],
)
async def test_what_is_no_fresh_secret_of_the_account_is_a_failure(
    bank: Bank, brought: str, reason: str
) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    (renewal,) = await bank.claim()
    assert not await bank.gateway.renewals.complete(renewal, brought)
    row = await bank.row()
    assert (row.renewal_failures, row.state) == (1, "expired")
    assert reason in row.reason
    assert '"one"' in await secret_of(bank)


async def test_the_secret_of_another_account_is_not_taken_twice(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(None, "one")
    await bank.save(None, "two")
    await expire(bank, 1)
    (renewal,) = await bank.claim()
    assert not await bank.gateway.renewals.complete(renewal, account(None, "two"))
    row = await bank.row()
    assert row.renewal_failures == 1
    assert "another credential" in row.reason


async def test_only_what_renews_is_claimed(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await expire(bank, 1)
    assert await bank.gateway.renewals.claim("shop", "worker", 10, 60) == []
    bank.plugin.kind.renews = False
    assert await bank.claim() == []
    await bank.put(renewal_at=None)
    assert not await bank.gateway.renewals.wanted(1)
    assert not await bank.gateway.renewals.wanted(9)
    with pytest.raises(Conflict, match="replace its secret"):
        await bank.gateway.renewals.demand(1)


async def test_what_cannot_be_opened_does_not_stop_the_others(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.save("bob@example.com", "two")
    await expire(bank, 1, 2)
    await bank.put(1, sealed="v1.00000000.AAAA")
    assert [one.credential_id for one in await bank.claim(limit=1)] == []
    assert [one.credential_id for one in await bank.claim(limit=1)] == [2]


async def test_the_operator_demands_a_renewal(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    renewals = bank.gateway.renewals
    await bank.channel()
    await bank.save(ANN, "one")
    row = await renewals.demand(1)
    assert (row.state, row.renewal_at) == ("ready", bank.clock.now())
    (renewal,) = await bank.claim()
    # Under way it is left alone.
    assert (await renewals.demand(1)).renewal_owner == "worker"
    assert await renewals.fail(renewal, "no")
    assert (await renewals.demand(1)).renewal_failures == 0
    await bank.put(state="quarantined", renewal_at=None)
    assert (await renewals.demand(1)).state == "expired"
    assert len(await bank.claim()) == 1
    await store.set_state(bank.gateway.database, 1, "disabled", "by me", bank.clock)
    with pytest.raises(Conflict, match="disabled"):
        await renewals.demand(1)
    with pytest.raises(NotFound):
        await renewals.demand(9)
