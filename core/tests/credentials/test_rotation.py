from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from plugway.contract import BearerKey
from plugway.credentials import rotation
from plugway.credentials import store as credentials
from plugway.credentials.pool import open_secret
from plugway.credentials.rotation import KEY_SECRET, reseal, retire
from plugway.credentials.vault import Vault, VaultError
from plugway.errors import Conflict
from plugway.identity import keys, users
from plugway.storage.database import Database
from plugway.storage.models import CredentialRow, Key
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    async with Database(database_url) as database:
        yield database


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def fill(database: Database, vault: Vault, clock: ManualClock, pairs: int) -> dict[str, str]:
    """Save pairs, a plain key and one credential; return the pairs' secrets by digest."""
    user = await users.add(database, clock, name="ada")
    secrets = {}

    async def work() -> None:
        for number in range(pairs):
            new = await keys.insert(vault, clock, user_id=user.id, name=f"pair {number}", pair=True)
            secrets[keys.digest(new.access_key or "")] = new.secret.reveal()
        await keys.insert(vault, clock, user_id=user.id, name="plain")

    await database.transact(work)
    await credentials.add(database, vault, BearerKey("example"), 1, "upstream-secret", clock)
    return secrets


async def opened(database: Database, vault: Vault) -> dict[str, str]:
    rows = await database.run(lambda: Key.filter(kind="pair"))
    return {row.digest: vault.open(row.sealed, **KEY_SECRET.of(row.digest)) for row in rows}


async def test_everything_is_sealed_anew_in_bounded_transactions(
    database: Database, clock: ManualClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rotation, "BATCH", 3)
    vault = Vault.create(tmp_path)
    secrets = await fill(database, vault, clock, pairs=6)
    vault.rotate()
    assert await reseal(database, vault) == 7
    assert await reseal(database, vault) == 0
    assert await retire(database, vault) == 1

    fresh = Vault.load(tmp_path, {})
    assert len(fresh.key_ids) == 1
    assert await opened(database, fresh) == secrets
    row = await database.run(lambda: CredentialRow.get())
    assert open_secret(fresh, row).reveal() == "upstream-secret"


async def test_old_keys_stay_while_something_needs_them(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    vault = Vault.create(tmp_path)
    secrets = await fill(database, vault, clock, pairs=1)
    vault.rotate()
    with pytest.raises(Conflict, match="reseal first"):
        await retire(database, vault)
    assert len(Vault.load(tmp_path, {}).key_ids) == 2
    assert await opened(database, vault) == secrets


async def test_a_value_that_does_not_open_is_named_and_the_others_are_done(
    database: Database, clock: ManualClock, tmp_path: Path
) -> None:
    vault = Vault.create(tmp_path)
    await fill(database, vault, clock, pairs=2)

    async def swap() -> int:
        one, two = await Key.filter(kind="pair").order_by("id")
        await Key.filter(id=one.id).update(sealed=two.sealed)
        return int(one.id)

    moved = await database.transact(swap)
    vault.rotate()
    with pytest.raises(VaultError, match=f"plugway_key {moved}$"):
        await reseal(database, vault)
    row = await database.run(lambda: CredentialRow.get())
    assert vault.is_current(row.sealed)
    with pytest.raises(Conflict):
        await retire(database, vault)
