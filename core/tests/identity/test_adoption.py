"""Keys that clients had before: adopted one by one, and by lists."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from front_door import Door

from plugway.credentials.vault import Vault
from plugway.errors import BadRequest, Conflict, NotAuthenticated, NotFound
from plugway.identity import keys, users
from plugway.identity.adopted import Adoption
from plugway.identity.keys import mask
from plugway.storage.database import Database
from plugway.storage.models import Key, Revision
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

OLD = "old-key!1"


def enters(door: Door, key: str) -> bool:
    """Say whether a key lets its user in."""
    try:
        door.identity.identify([(b"authorization", f"Bearer {key}".encode())])
    except NotAuthenticated:
        return False
    return True


def listed(*secrets: str) -> Callable[[], list[str]]:
    return lambda: list(secrets)


async def test_an_adopted_key_goes_on_working(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    door = Door(database, clock, vault)
    user = await users.add(database, clock, name="ada")
    new = await door.key(user.id, "old", secret=OLD)
    assert (new.secret.reveal(), new.access_key, new.key.kind) == (OLD, None, "key")
    assert door.enter(new).key_name == "old"
    (row,) = await database.run(lambda: Key.filter(id=new.key.id).values())
    assert OLD not in repr(row)
    # Only the first quarter of a short key is shown.
    assert new.key.masked == "ol…"


async def test_a_key_is_one_users_and_once(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    door = Door(database, clock, vault)
    ada = await users.add(database, clock, name="ada")
    bob = await users.add(database, clock, name="bob")
    made = await door.key(ada.id, "made")
    await door.key(ada.id, "old", secret=OLD)
    for user_id, secret in ((ada.id, OLD), (bob.id, OLD), (bob.id, made.secret.reveal())):
        with pytest.raises(Conflict) as caught:
            await door.key(user_id, "again", secret=secret)
        assert caught.value.field == "secret"
        assert secret not in caught.value.message
    with pytest.raises(Conflict) as caught:
        await door.key(ada.id, "old", secret="another-old-key")
    assert caught.value.field == "name"


@pytest.mark.parametrize(
    "secret", ["", "short77", "two words", "tab\tinside", "quoted'key", "ключ-ключ", "x" * 257]
)
async def test_what_cannot_be_a_key_is_refused(door: Door, secret: str) -> None:
    user = await users.add(door.database, door.clock, name="ada")
    with pytest.raises(BadRequest) as caught:
        await door.key(user.id, secret=secret)
    assert caught.value.field == "secret"
    assert not secret or secret not in caught.value.message
    with pytest.raises(BadRequest):
        door.identity.adopted.check(secret)
    with pytest.raises(BadRequest):
        await door.key(user.id, secret="long-enough", pair=True)
    assert await keys.search(door.database) == []


@pytest.mark.parametrize("length", [*range(8, 40), 46, 256])
def test_no_more_than_a_quarter_of_a_short_key_is_shown(length: int) -> None:
    key = "".join(chr(ord("a") + at % 26) for at in range(length))
    first, dots, last = mask(key).partition("…")
    assert dots
    assert key.startswith(first)
    assert key.endswith(last)
    assert len(first) + len(last) <= (11 if length >= 32 else length // 4)
    assert len(first) >= 1


# Lists.


async def records(door: Door) -> list[keys.KeyRecord]:
    """Return the keys that a list may have made, oldest first."""
    found = await keys.search(door.database, "list ")
    return [record for record in found if record.name != "list of mine"]


async def test_a_list_is_followed(database: Database, clock: ManualClock, vault: Vault) -> None:
    door = Door(database, clock, vault)
    adopted = door.identity.adopted
    await users.add(database, clock, name="ada")
    assert await adopted.follow("list", "ada", listed(OLD, "second-key", OLD)) == Adoption(added=2)
    assert enters(door, OLD)
    assert enters(door, "second-key")
    first, _ = await records(door)
    assert (first.user, first.enabled, first.masked) == ("ada", True, "ol…")
    assert await adopted.follow("list", "ada", listed("second-key", "third-key")) == Adoption(
        added=1, removed=1
    )
    assert [enters(door, key) for key in (OLD, "second-key", "third-key")] == [False, True, True]
    assert await adopted.follow("list", "ada", listed()) == Adoption(removed=2)
    assert await records(door) == []


async def test_a_list_that_is_followed_already_changes_nothing(door: Door) -> None:
    adopted = door.identity.adopted
    await users.add(door.database, door.clock, name="ada")
    await adopted.follow("list", "ada", listed(OLD))
    before = await door.database.run(lambda: Revision.get(id=1))
    assert await adopted.follow("list", "ada", listed(OLD)) == Adoption()
    assert await adopted.forget("other") == 0
    after = await door.database.run(lambda: Revision.get(id=1))
    assert after.number == before.number


async def test_keys_added_by_other_means_are_left_alone(door: Door) -> None:
    adopted, database = door.identity.adopted, door.database
    ada = await users.add(database, door.clock, name="ada")
    await door.key(ada.id, "list", secret="her-own-key")
    await door.key(ada.id, "list of mine", secret="another-key")
    renamed = await adopted.follow("list", "ada", listed(OLD, "second-key"))
    assert renamed.added == 2
    first = (await records(door))[0]
    await keys.change(database, door.clock, first.id, name="kept")
    # What somebody has already is named by its place, and stays as it is.
    assert await adopted.follow("list", "ada", listed("her-own-key", OLD)) == Adoption(
        removed=1, taken=(0, 1)
    )
    assert await adopted.forget("list") == 0
    assert [enters(door, key) for key in ("her-own-key", "another-key", OLD)] == [True] * 3


async def test_a_key_that_the_operator_disabled_stays_so(door: Door) -> None:
    adopted = door.identity.adopted
    await users.add(door.database, door.clock, name="ada")
    await adopted.follow("list", "ada", listed(OLD))
    (record,) = await records(door)
    await keys.change(door.database, door.clock, record.id, enabled=False)
    assert await adopted.follow("list", "ada", listed(OLD)) == Adoption()
    assert not enters(door, OLD)


async def test_a_list_changes_its_user(door: Door) -> None:
    adopted = door.identity.adopted
    for name in ("ada", "bob"):
        await users.add(door.database, door.clock, name=name)
    await adopted.follow("list", "ada", listed(OLD))
    with pytest.raises(NotFound):
        await adopted.follow("list", "Ada", listed(OLD))
    assert enters(door, OLD)
    assert await adopted.follow("list", "bob", listed(OLD)) == Adoption(added=1, removed=1)
    assert [record.user for record in await records(door)] == ["bob"]
    assert await adopted.forget("list") == 1
    assert not enters(door, OLD)


async def test_two_that_follow_a_list_at_once_agree(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    door = Door(database, clock, vault)
    adopted = door.identity.adopted
    await users.add(database, clock, name="ada")
    held = [OLD]
    follow = [adopted.follow("list", "ada", lambda: list(held)) for _ in range(5)]
    held.append("second-key")
    await asyncio.gather(*follow)
    assert len(await records(door)) == 2
    assert enters(door, OLD)
    assert enters(door, "second-key")
