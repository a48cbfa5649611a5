from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from plugway.credentials.rotation import KEY_SECRET
from plugway.credentials.vault import Vault
from plugway.errors import BadRequest, Conflict, LedgerUnavailable, NotFound
from plugway.identity import keys, quotas, users
from plugway.ledger.operations import Operation, Outcome
from plugway.storage.database import Database
from plugway.storage.models import Account, Entry, Key
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

DAY = 86_400_000_000


class Broken:
    """Is a ledger whose database is away."""

    def submit(self, operation: Operation) -> asyncio.Future[Outcome]:
        answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        answer.set_exception(LedgerUnavailable())
        return answer


BROKEN: Any = Broken()


async def add(database: Database, vault: Vault, clock: ManualClock, **values: Any) -> keys.NewKey:
    """Add a key without a quota, which needs no ledger."""
    return await keys.add(database, vault, BROKEN, clock, actor="test", **values)


async def test_a_key_from_add_to_remove(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="ada")
    new = await add(
        database,
        vault,
        clock,
        user_id=user.id,
        name="laptop",
        expires_at=clock.now() + DAY,
        models=["pika", "kling"],
        networks=["192.0.2.0/24", "2001:DB8::1"],
        rate="60/minute",
    )
    secret = new.secret.reveal()
    assert re.fullmatch(r"sk-[A-Za-z0-9_-]{43,}", secret)
    assert new.access_key is None
    assert new.key == keys.KeyRecord(
        id=new.key.id,
        user_id=user.id,
        user="ada",
        name="laptop",
        kind="key",
        masked=f"{secret[:7]}…{secret[-4:]}",
        enabled=True,
        expires_at=clock.now() + DAY,
        models=["kling", "pika"],
        networks=["192.0.2.0/24", "2001:db8::1/128"],
        rate="60/minute",
        quota=None,
        account_id=None,
        created_at=clock.now(),
    )
    assert await keys.get(database, new.key.id) == new.key
    assert await keys.search(database, "LAP", user_id=user.id) == [new.key]
    assert await keys.search(database, user_id=user.id + 1) == []

    changed = await keys.change(
        database,
        clock,
        new.key.id,
        name="desk",
        enabled=False,
        expires_at=None,
        models=None,
        networks=None,
        rate=None,
    )
    assert (changed.name, changed.enabled) == ("desk", False)
    assert (changed.expires_at, changed.models, changed.networks, changed.rate) == (None,) * 4
    assert await keys.change(database, clock, new.key.id) == changed

    await keys.remove(database, new.key.id)
    for gone in (
        keys.get(database, new.key.id),
        keys.remove(database, new.key.id),
        keys.change(database, clock, new.key.id, name="x"),
    ):
        with pytest.raises(NotFound):
            await gone
    # Neither its id nor, with it, its account and usage pass to another key.
    assert (await add(database, vault, clock, user_id=user.id, name="desk")).key.id > new.key.id


async def test_only_a_hash_of_a_key_is_kept(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="ada")
    plain = await add(database, vault, clock, user_id=user.id, name="plain")
    pair = await add(database, vault, clock, user_id=user.id, name="pair", pair=True)
    assert pair.access_key is not None
    assert re.fullmatch(r"ak-[A-Za-z0-9_-]{32,}", pair.access_key)
    assert pair.key.kind == "pair"
    assert pair.key.masked == f"{pair.access_key[:7]}…{pair.access_key[-4:]}"
    secrets = (plain.secret.reveal(), pair.secret.reveal(), pair.access_key)
    for row in await database.run(lambda: Key.all().values()):
        assert not [secret for secret in secrets if secret in repr(row)]
    kept = await database.run(lambda: Key.get(id=pair.key.id))
    assert vault.open(kept.sealed, **KEY_SECRET.of(kept.digest)) == pair.secret.reveal()
    for new in (plain, pair):
        assert new.secret.reveal() not in repr(new)
        assert new.secret.reveal() not in str(new)


async def test_keys_are_long_and_differ(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="ada")

    async def work() -> list[str]:
        made = [
            await keys.insert(vault, clock, user_id=user.id, name=str(number))
            for number in range(50)
        ]
        return [new.secret.reveal() for new in made]

    secrets = await database.transact(work)
    assert len({secret[:10] for secret in secrets}) == 50
    assert min(map(len, secrets)) >= 46


async def test_names_are_unique_for_each_user(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    ada = await users.add(database, clock, name="ada")
    bob = await users.add(database, clock, name="bob")
    await add(database, vault, clock, user_id=ada.id, name="one")
    two = await add(database, vault, clock, user_id=ada.id, name="two")
    await add(database, vault, clock, user_id=bob.id, name="one")
    with pytest.raises(Conflict) as caught:
        await add(database, vault, clock, user_id=ada.id, name="one")
    assert caught.value.field == "name"
    with pytest.raises(Conflict):
        await keys.change(database, clock, two.key.id, name="one")
    with pytest.raises(NotFound) as missing:
        await add(database, vault, clock, user_id=bob.id + 1, name="one")
    assert missing.value.field == "user_id"


async def test_a_key_whose_quota_cannot_be_credited_is_not_made(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="ada")
    with pytest.raises(LedgerUnavailable):
        await add(database, vault, clock, user_id=user.id, name="one", quota=5)
    assert await keys.search(database) == []
    assert await database.run(lambda: Entry.all().count()) == 0
    # The name is free, and the next key does not meet the account of the first.
    new = await add(database, vault, clock, user_id=user.id, name="one", quota=0)
    assert new.key.quota == 0


async def test_a_quota_of_nothing_is_no_quota_of_everything(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="ada")
    new = await add(database, vault, clock, user_id=user.id, name="one", quota=0)
    assert (new.key.quota, new.key.account_id is None) == (0, False)
    account = await database.run(lambda: Account.get(id=new.key.account_id))
    assert (account.owner, account.balance) == (f"key:{new.key.id}", 0)
    await quotas.set_quota(database, BROKEN, clock, new.key.id, None, actor="a", reason="r")
    assert (await keys.get(database, new.key.id)).quota is None


async def test_a_quota_that_the_ledger_refuses_stays_as_it_was(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="ada")
    new = await add(database, vault, clock, user_id=user.id, name="one")
    with pytest.raises(LedgerUnavailable):
        await quotas.set_quota(database, BROKEN, clock, new.key.id, 9, actor="a", reason="r")
    assert await keys.get(database, new.key.id) == new.key
    with pytest.raises(NotFound):
        await quotas.set_quota(database, BROKEN, clock, new.key.id + 1, 9, actor="a", reason="r")


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"expires_at": 0}, "expires_at"),
        ({"expires_at": -1}, "expires_at"),
        ({"expires_at": 1_800_000_000}, "expires_at"),
        ({"expires_at": 1_800_000_000_000_000}, "expires_at"),
        ({"expires_at": 2**63}, "expires_at"),
        ({"models": []}, "models"),
        ({"networks": []}, "networks"),
        ({"networks": "192.0.2.1"}, "networks"),
        ({"networks": ["192.0.2.1/8"]}, "networks"),
        ({"networks": ["example.com"]}, "networks"),
        ({"networks": ["192.0.2.0/24", ""]}, "networks"),
        ({"rate": "0/minute"}, "rate"),
    ],
)
async def test_a_bad_value_is_named(
    sqlite: Database, clock: ManualClock, vault: Vault, values: dict[str, Any], field: str
) -> None:
    user = await users.add(sqlite, clock, name="ada")
    with pytest.raises(BadRequest) as caught:
        await add(sqlite, vault, clock, **{"user_id": user.id, "name": "one", **values})
    assert caught.value.field == field
    new = await add(sqlite, vault, clock, user_id=user.id, name="known")
    with pytest.raises(BadRequest) as caught:
        await keys.change(sqlite, clock, new.key.id, **values)
    assert caught.value.field == field
    assert await keys.search(sqlite) == [new.key]


@pytest.mark.parametrize("quota", [-1, 2**53 + 1])
async def test_a_quota_out_of_range_is_refused(
    sqlite: Database, clock: ManualClock, vault: Vault, quota: int
) -> None:
    user = await users.add(sqlite, clock, name="ada")
    with pytest.raises(BadRequest) as caught:
        await add(sqlite, vault, clock, user_id=user.id, name="one", quota=quota)
    assert caught.value.field == "quota"
    assert await keys.search(sqlite) == []
