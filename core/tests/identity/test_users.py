from __future__ import annotations

import asyncio
import inspect

import pytest

from plugway.credentials.vault import Vault
from plugway.errors import BadRequest, Conflict, NotFound
from plugway.identity import bootstrap, groups, keys, users
from plugway.storage.database import Database
from plugway.storage.models import Account, Key, User
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


async def test_a_user_from_add_to_remove(
    database: Database, clock: ManualClock, vault: Vault
) -> None:
    group = await groups.add(database, clock, name="studio")
    added = await users.add(database, clock, name="Ada Łoś", group="studio")
    assert added == users.UserRecord(
        id=added.id,
        name="Ada Łoś",
        role="user",
        group=group.name,
        enabled=True,
        account_id=added.account_id,
        balance=0,
        held=0,
        webhook_secret=False,
        created_at=clock.now(),
    )
    account = await database.run(lambda: Account.get(id=added.account_id))
    assert (account.owner, account.balance, account.held) == (f"user:{added.id}", 0, 0)
    assert await users.get(database, added.id) == added
    assert await users.find(database, "Ada Łoś") == added

    changed = await users.change(
        database, added.id, name="Ada", role="operator", group=None, enabled=False
    )
    assert (changed.name, changed.role, changed.group, changed.enabled) == (
        "Ada", "operator", None, False,
    )  # fmt: skip
    assert await users.change(database, added.id) == changed
    # Saving what is there already is no conflict with itself.
    assert await users.change(database, added.id, name="Ada") == changed

    async def work() -> keys.NewKey:
        return await keys.insert(vault, clock, user_id=added.id, name="k")

    key = (await database.transact(work)).key
    await users.change(database, added.id, enabled=True)
    await users.remove(database, added.id)
    await users.change(database, added.id, enabled=True)
    row = await database.run(lambda: Key.get(id=key.id))
    assert row.enabled is False


async def test_names_are_unique_and_stay_taken(database: Database, clock: ManualClock) -> None:
    one = await users.add(database, clock, name="ada")
    two = await users.add(database, clock, name="bob")
    with pytest.raises(Conflict) as caught:
        await users.add(database, clock, name="ada")
    assert caught.value.field == "name"
    with pytest.raises(Conflict):
        await users.change(database, two.id, name="ada")
    await users.remove(database, one.id)
    with pytest.raises(Conflict):
        await users.add(database, clock, name="ada")
    # A refused user leaves no account behind.
    assert await database.run(lambda: Account.all().count()) == 2


async def test_what_is_not_there(database: Database, clock: ManualClock) -> None:
    user = await users.add(database, clock, name="ada")
    with pytest.raises(NotFound):
        await users.get(database, user.id + 1)
    with pytest.raises(NotFound):
        await users.find(database, "Ada")
    with pytest.raises(NotFound):
        await users.remove(database, user.id + 1)
    with pytest.raises(NotFound) as caught:
        await users.change(database, user.id, group="studio")
    assert caught.value.field == "group"
    with pytest.raises(NotFound):
        await users.add(database, clock, name="bob", group="studio")
    assert await database.run(lambda: User.all().count()) == 1


async def test_pages_and_search_without_wildcards(database: Database, clock: ManualClock) -> None:
    names = ["ann", "Anna", "100%", "a_n", "bob", "it's"]
    for name in names:
        await users.add(database, clock, name=name)

    async def found(text: str) -> list[str]:
        return [user.name for user in await users.search(database, text)]

    assert await found("") == names
    assert await found("AN") == ["ann", "Anna"]
    assert await found("%") == ["100%"]
    assert await found("_") == ["a_n"]
    assert await found("\\") == []
    assert await found("'") == ["it's"]
    assert await found("'; DROP TABLE plugway_user; --") == []

    first = await users.search(database, limit=3)
    rest = await users.search(database, after=first[-1].id, limit=500)
    assert [user.name for user in first + rest] == names


async def test_one_administrator_stays(database: Database, clock: ManualClock) -> None:
    ada = await users.add(database, clock, name="ada", role="admin")
    bob = await users.add(database, clock, name="bob", role="admin", enabled=False)
    for attempt in (
        lambda: users.change(database, ada.id, role="operator"),
        lambda: users.change(database, ada.id, enabled=False),
        lambda: users.remove(database, ada.id),
    ):
        with pytest.raises(Conflict, match="last administrator"):
            await attempt()
    await users.change(database, ada.id, name="ada lovelace")
    await users.change(database, bob.id, enabled=True)
    await users.change(database, ada.id, role="user")
    with pytest.raises(Conflict):
        await users.remove(database, bob.id)


async def test_two_administrators_cannot_remove_each_other_at_once(
    database: Database, clock: ManualClock
) -> None:
    both = [await users.add(database, clock, name=name, role="admin") for name in ("ada", "bob")]
    results = await asyncio.gather(
        *(users.remove(database, user.id) for user in both), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["Conflict", "NoneType"]
    assert await database.run(lambda: User.filter(enabled=True).count()) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": " ada"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": "a\x00b"}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "ada", "role": "root"}, "role"),
        ({"name": "ada", "role": "Admin"}, "role"),
        ({"name": "ada", "role": ""}, "role"),
    ],
)
async def test_a_bad_value_is_named(
    sqlite: Database, clock: ManualClock, values: dict[str, str], field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        await users.add(sqlite, clock, **values)  # type: ignore[arg-type]  # all are texts
    assert caught.value.field == field
    user = await users.add(sqlite, clock, name="known")
    with pytest.raises(BadRequest) as caught:
        await users.change(sqlite, user.id, **values)  # type: ignore[arg-type]  # all are texts
    assert caught.value.field == field
    assert await users.get(sqlite, user.id) == user


@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 501}, {"limit": -1}, {"after": -1}])
async def test_pages_are_bounded(sqlite: Database, page: dict[str, int]) -> None:
    with pytest.raises(BadRequest):
        await users.search(sqlite, **page)  # type: ignore[arg-type]  # all are numbers


def test_nothing_takes_a_table_of_values() -> None:
    """A body that is passed on whole would let a client set its own role or quota."""
    for module in (users, groups, keys, bootstrap):
        for name, function in inspect.getmembers(module, inspect.iscoroutinefunction):
            kinds = {one.kind for one in inspect.signature(function).parameters.values()}
            assert inspect.Parameter.VAR_KEYWORD not in kinds, f"{module.__name__}.{name}"
