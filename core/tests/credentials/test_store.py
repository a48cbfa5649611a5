"""A secret is saved once: of an account that is known it replaces the one before."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from bank import Bank
from plugway_bank import account

from plugway.credentials import rotation, store
from plugway.credentials.credential import open_secret
from plugway.errors import BadRequest, Conflict, NotFound
from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio

ANN = "ann@example.com"


async def secret_of(bank: Bank, number: int = 1) -> str:
    return open_secret(bank.gateway.vault, await bank.row(number)).reveal()


async def test_a_new_secret_of_a_known_account_replaces_the_old_one(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    first = await bank.save(ANN, "one", 3600)
    assert (first.outcome, first.row.label) == ("added", ANN)
    assert first.row.expires_at == bank.clock.now() + 3_600_000_000
    quotas = '{"day":"2027-01-15","uses":{"text":3}}'
    await bank.put(
        state="expired",
        reason="401",
        failures=4,
        cooling_until=1,
        quotas=quotas,
        renewal_at=1,
        renewal_owner="lost",
        renewal_until=2,
        renewal_failures=2,
    )
    bank.clock.advance(10)
    second = await bank.save(ANN, "two", 7200)
    assert (second.outcome, second.row.id) == ("updated", first.row.id)
    row = await bank.row()
    assert (row.state, row.reason, row.failures, row.cooling_until) == ("ready", "", 0, None)
    assert (row.renewal_at, row.renewal_owner, row.renewal_until) == (None, None, None)
    assert (row.renewal_failures, row.renewed_at) == (0, bank.clock.now())
    assert row.expires_at == bank.clock.now() + 7_200_000_000
    # What it has used of its quotas it has used.
    assert row.quotas == quotas
    assert '"two"' in await secret_of(bank)
    assert row.digest != first.row.digest
    # The pool has it without waiting.
    (held,) = bank.gateway.credentials.all(1)
    assert '"two"' in held.secret.reveal()


async def test_the_same_secret_again_changes_nothing(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    for email in (ANN, None):
        assert (await bank.save(email, "one")).outcome == "added"
        # Who sends an old secret again has not renewed it.
        await bank.put(1, state="expired", reason="401")
        again = await bank.save(email, "one")
        assert (again.outcome, again.row.state) == ("unchanged", "expired" if email else "ready")
    with pytest.raises(Conflict, match="has this secret already"):
        await store.add(
            bank.gateway.database,
            bank.gateway.vault,
            bank.plugin.kind,
            1,
            account(ANN, "one"),
            bank.clock,
        )


async def test_accounts_belong_to_their_channel(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.channel("other")
    assert [(await bank.save(ANN, "one", channel=number)).outcome for number in (1, 2)] == [
        "added",
        "added",
    ]
    # As it is written: another spelling is another account.
    assert (await bank.save("Ann@example.com", "one")).outcome == "added"


async def test_an_account_that_was_removed_is_added_again(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one")
    await store.remove(bank.gateway.database, 1)
    assert (await bank.save(ANN, "one")).outcome == "added"


async def test_a_disabled_account_stays_disabled(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await store.set_state(bank.gateway.database, 1, "disabled", "by me", bank.clock)
    assert (await bank.save(ANN, "two")).outcome == "updated"
    row = await bank.row()
    assert (row.state, row.reason) == ("disabled", "by me")
    assert '"two"' in await secret_of(bank)
    with pytest.raises(Conflict):
        await store.clear(bank.gateway.database, 1, bank.clock)
    assert not await store.verified(
        bank.gateway.database, 1, open_secret(bank.gateway.vault, row), bank.clock
    )


async def test_many_at_once_make_one_account(
    home: Path, database_url: str, bank_anywhere: Bank
) -> None:
    bank = bank_anywhere
    await bank.channel()
    async with Bank(home, database_url, bank.clock) as other:
        nodes = [bank, other] * 8
        done = await asyncio.gather(
            *(node.save(ANN, f"token-{number}") for number, node in enumerate(nodes)),
            return_exceptions=True,
        )
    assert not [error for error in done if isinstance(error, BaseException)], done
    row = await bank.row()
    assert await bank.gateway.database.run(_count) == 1
    assert '"token-' in open_secret(bank.gateway.vault, row).reveal()


async def _count() -> int:
    return await CredentialRow.all().count()


async def test_a_secret_is_replaced_by_id(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.save(None, "plain")
    await bank.save(None, "other")

    async def replace(number: int, email: str | None, token: str) -> store.Saved:
        return await store.replace(
            bank.gateway.database,
            bank.gateway.vault,
            bank.plugin.kind,
            number,
            account(email, token),
            bank.clock,
        )

    assert (await replace(1, ANN, "one")).outcome == "unchanged"
    assert (await replace(1, ANN, "two")).outcome == "updated"
    assert '"two"' in await secret_of(bank)
    with pytest.raises(BadRequest, match="another account's"):
        await replace(1, "bob@example.com", "three")
    with pytest.raises(Conflict):
        await replace(2, None, "other")
    with pytest.raises(Conflict):
        await replace(2, ANN, "three")
    with pytest.raises(NotFound):
        await replace(9, ANN, "three")
    assert '"plain"' in await secret_of(bank, 2)
    # One that nobody could tell says now whose it is.
    assert (await replace(2, "bob@example.com", "plain")).row.label == "bob@example.com"


async def test_what_was_replaced_is_sealed_for_its_place(bank_anywhere: Bank) -> None:
    bank = bank_anywhere
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.save(ANN, "two")
    bank.gateway.vault.rotate()
    assert await rotation.reseal(bank.gateway.database, bank.gateway.vault) == 1
    assert await rotation.retire(bank.gateway.database, bank.gateway.vault) == 1
    assert '"two"' in await secret_of(bank)


async def test_clearing_forgets_rests_and_uses(bank: Bank) -> None:
    await bank.channel()
    await bank.save(ANN, "one")
    await bank.put(
        state="quarantined",
        reason="renewal: no",
        failures=2,
        cooling_until=5,
        next_use_at=7,
        quotas='{"rests":{"images":[70]}}',
        renewal_failures=3,
    )
    row = await store.clear(bank.gateway.database, 1, bank.clock)
    assert (row.state, row.reason, row.failures, row.cooling_until) == ("ready", "", 0, None)
    assert (row.next_use_at, row.quotas, row.renewal_failures) == (0, "{}", 0)
    await bank.put(state="quarantined")
    secret = open_secret(bank.gateway.vault, await bank.row())
    assert await store.verified(bank.gateway.database, 1, secret, bank.clock)
    assert (await bank.row()).state == "ready"
    assert not await store.verified(bank.gateway.database, 1, secret, bank.clock)
    await bank.put(state="expired")
    await bank.save(ANN, "two")
    await bank.put(state="expired")
    # What was tried is not what it has now.
    assert not await store.verified(bank.gateway.database, 1, secret, bank.clock)
    assert (await bank.row()).state == "expired"
