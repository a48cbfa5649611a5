from __future__ import annotations

import asyncio

import pytest

from plugway.credentials.vault import Vault
from plugway.errors import Conflict
from plugway.identity import bootstrap, users
from plugway.identity.identity import Identity
from plugway.identity.limits import Limits
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


async def test_the_first_administrator_gets_in(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    new = await bootstrap.administrator(database, vault, clock)
    identity = Identity(database, vault, clock, Limits(clock=clock))
    await identity.load()
    principal = identity.identify([(b"x-api-key", new.secret.reveal().encode())])
    assert (principal.user, principal.role, principal.key_name) == ("admin", "admin", "first")


async def test_a_second_one_only_when_asked_for(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    first = await bootstrap.administrator(database, vault, clock)
    for name in ("admin", "root"):
        with pytest.raises(Conflict, match="administrator"):
            await bootstrap.administrator(database, vault, clock, name=name)
    with pytest.raises(Conflict, match="admin"):
        await bootstrap.administrator(database, vault, clock, another=True)
    second = await bootstrap.administrator(database, vault, clock, name="root", another=True)
    assert first.secret != second.secret
    assert [user.name for user in await users.search(database)] == ["admin", "root"]


async def test_a_user_of_the_name_is_not_promoted(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    user = await users.add(database, clock, name="admin")
    with pytest.raises(Conflict):
        await bootstrap.administrator(database, vault, clock)
    assert (await users.get(database, user.id)).role == "user"


async def test_two_starts_at_once_make_one(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    results = await asyncio.gather(
        *(bootstrap.administrator(database, vault, clock) for _ in range(3)),
        return_exceptions=True,
    )
    assert sorted(type(result).__name__ for result in results) == [
        "Conflict", "Conflict", "NewKey",
    ]  # fmt: skip
