"""The secret that signs a user's callbacks."""

from __future__ import annotations

import pytest

from plugway.credentials.rotation import reseal
from plugway.credentials.vault import Vault, VaultError
from plugway.errors import NotFound
from plugway.identity import users, webhook_secret
from plugway.identity.webhook_secret import OVERLAP
from plugway.storage.database import Database
from plugway.storage.models import User
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vault() -> Vault:
    return Vault([bytes(32)])


async def test_it_is_made_changed_and_removed(
    database: Database, vault: Vault, clock: ManualClock
) -> None:
    ada, bob = [(await users.add(database, clock, name=name)).id for name in ("ada", "bob")]

    async def read() -> tuple[str, ...]:
        return await webhook_secret.read(database, vault, ada, clock.now())

    assert await read() == ()
    first = (await webhook_secret.renew(database, vault, clock, ada)).reveal()
    assert first.startswith("whsec_")
    assert await read() == (first,)
    second = (await webhook_secret.renew(database, vault, clock, ada)).reveal()
    assert await read() == (second, first)
    clock.advance(1)
    third = (await webhook_secret.renew(database, vault, clock, ada)).reveal()
    # Two at the most.
    assert await read() == (third, second)
    clock.advance(OVERLAP - 0.001)
    assert await read() == (third, second)
    clock.advance(0.001)
    assert await read() == (third,)

    assert [(one.name, one.webhook_secret) for one in await users.search(database)] == [
        ("ada", True),
        ("bob", False),
    ]
    await webhook_secret.remove(database, bob)
    assert await read() == (third,)
    await webhook_secret.remove(database, ada)
    assert await read() == ()
    assert not (await users.get(database, ada)).webhook_secret


async def test_there_must_be_a_user(sqlite_url: str, vault: Vault, clock: ManualClock) -> None:
    async with Database(sqlite_url) as database:
        with pytest.raises(NotFound):
            await webhook_secret.renew(database, vault, clock, 7)
        with pytest.raises(NotFound):
            await webhook_secret.remove(database, 7)


async def test_it_is_sealed_for_its_user(sqlite_url: str, vault: Vault, clock: ManualClock) -> None:
    async with Database(sqlite_url) as database:
        ada, bob = [(await users.add(database, clock, name=name)).id for name in ("ada", "bob")]
        secret = (await webhook_secret.renew(database, vault, clock, ada)).reveal()
        row = await database.run(lambda: User.get(id=ada))
        assert secret not in (row.webhook_secret or "")
        await database.run(lambda: User.filter(id=bob).update(webhook_secret=row.webhook_secret))
        with pytest.raises(VaultError):
            await webhook_secret.read(database, vault, bob, clock.now())
        # A new one is the way out.
        fresh = (await webhook_secret.renew(database, vault, clock, bob)).reveal()
        assert await webhook_secret.read(database, vault, bob, clock.now()) == (fresh,)


async def test_it_is_sealed_anew_when_the_vault_is(sqlite_url: str, clock: ManualClock) -> None:
    async with Database(sqlite_url) as database:
        ada = (await users.add(database, clock, name="ada")).id
        await users.add(database, clock, name="bob")
        old, new = b"o" * 32, b"n" * 32
        secret = (await webhook_secret.renew(database, Vault([old]), clock, ada)).reveal()
        assert await reseal(database, Vault([new, old])) == 1
        assert await webhook_secret.read(database, Vault([new]), ada, 0) == (secret,)
