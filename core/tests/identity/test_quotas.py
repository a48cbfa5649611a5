from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plugway.credentials.vault import Vault
from plugway.errors import Conflict, InsufficientCredits
from plugway.identity import keys, quotas, users
from plugway.identity.identity import Identity
from plugway.identity.limits import Limits
from plugway.ledger.ledger import Ledger
from plugway.ledger.operations import Adjust, Operation, Outcome, Reserve, Settle
from plugway.ledger.verify import verify
from plugway.storage.database import Database
from plugway.storage.models import Account, Entry
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(database: Database, clock: ManualClock) -> AsyncIterator[Ledger]:
    ledger = Ledger(database.url, clock)
    await ledger.open()
    yield ledger
    await ledger.close()


async def spend(ledger: Ledger, clock: ManualClock, key: keys.KeyRecord, amount: int) -> str:
    """Hold credits for a call of a key; return the call."""
    user_account = 1
    call_id = f"{amount:032x}"
    await ledger.reserve(
        Reserve(
            call_id=call_id,
            account_id=user_account,
            key_account_id=key.account_id,
            key_id=key.id,
            amount=amount,
            quote="{}",
            created_at=clock.now(),
            expires_at=clock.now() + 1,
        ),
        wait=5,
    )
    return call_id


async def credit_user(ledger: Ledger, user: users.UserRecord, amount: int) -> None:
    await ledger.submit(
        Adjust(
            account_id=user.account_id,
            kind="credit",
            amount=amount,
            actor="test",
            reason="paid",
            idempotency_key="paid",
            at=1,
        )
    )


async def test_a_quota_is_credited_by_the_ledger_and_limits_the_key(
    database: Database, clock: ManualClock, vault: Vault, ledger: Ledger
) -> None:
    user = await users.add(database, clock, name="ada")
    await credit_user(ledger, user, 1000)
    new = await keys.add(
        database, vault, ledger, clock, user_id=user.id, name="one", quota=100, actor="root"
    )
    assert new.key.quota == 100
    entry = await database.run(lambda: Entry.get(account_id=new.key.account_id))
    assert (entry.delta_balance, entry.actor, entry.reason) == (100, "root", "new key")

    identity = Identity(database, vault, clock, Limits(clock=clock))
    await identity.load()
    principal = identity.identify([(b"x-api-key", new.secret.reveal().encode())])
    assert principal.key_account_id == new.key.account_id

    call = await spend(ledger, clock, new.key, 60)
    assert (await keys.get(database, new.key.id)).quota == 40
    with pytest.raises(InsufficientCredits):
        await spend(ledger, clock, new.key, 41)
    await ledger.submit(Settle(call_id=call, amount=60, at=clock.now()))
    assert (await keys.get(database, new.key.id)).quota == 40
    assert (await users.get(database, user.id)).balance == 940
    assert (await verify(database.url)).ok


async def test_a_quota_is_set_whatever_it_was(
    database: Database, clock: ManualClock, vault: Vault, ledger: Ledger
) -> None:
    user = await users.add(database, clock, name="ada")
    await credit_user(ledger, user, 1000)
    new = await keys.add(database, vault, ledger, clock, user_id=user.id, name="one", actor="a")

    async def change(quota: int | None) -> keys.KeyRecord:
        await quotas.set_quota(
            database, ledger, clock, new.key.id, quota, actor="root", reason="asked"
        )
        return await keys.get(database, new.key.id)

    assert new.key.account_id is None
    first = await change(500)
    assert first.quota == 500
    await spend(ledger, clock, first, 200)
    # What is held is besides: it may be settled still.
    assert (await change(10)).quota == 10
    assert (await change(10)).quota == 10
    account = await database.run(lambda: Account.get(id=first.account_id))
    assert (account.balance, account.held) == (210, 200)
    none = await change(None)
    assert (none.quota, none.account_id) == (None, None)
    again = await change(7)
    assert (again.quota, again.account_id) == (7, first.account_id)
    assert (await change(0)).quota == 0
    assert (await verify(database.url)).ok


async def test_a_call_that_holds_credits_meanwhile_does_not_stop_a_lower_quota(
    database: Database, clock: ManualClock, vault: Vault, ledger: Ledger
) -> None:
    user = await users.add(database, clock, name="ada")
    await credit_user(ledger, user, 1000)
    new = await keys.add(
        database, vault, ledger, clock, user_id=user.id, name="one", quota=100, actor="root"
    )

    class Busy:
        """Is the ledger, with calls that come in between reading and writing."""

        def __init__(self, calls: list[int]) -> None:
            self.calls = calls

        def submit(self, operation: Operation) -> asyncio.Future[Outcome]:
            async def whole() -> Outcome:
                if self.calls:
                    await spend(ledger, clock, new.key, self.calls.pop())
                return await ledger.submit(operation)

            return asyncio.ensure_future(whole())

    async def change(quota: int, calls: list[int]) -> None:
        busy: Any = Busy(calls)
        await quotas.set_quota(
            database, busy, clock, new.key.id, quota, actor="root", reason="asked"
        )

    await change(20, [30])
    assert (await keys.get(database, new.key.id)).quota == 20
    with pytest.raises(Conflict, match="try again"):
        await change(0, [1, 2, 3])
    assert (await keys.get(database, new.key.id)).quota == 14
    assert (await verify(database.url)).ok
