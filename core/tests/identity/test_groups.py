from __future__ import annotations

import pytest

from plugway.errors import BadRequest, Conflict, NotFound
from plugway.identity import groups, users
from plugway.storage.database import Database
from plugway.storage.models import ChannelRow
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


async def add_channel(database: Database, group: str) -> None:
    async def work() -> None:
        await ChannelRow.create(
            provider="bltcy",
            name="one",
            base_url="https://example.com",
            models=["pika"],
            priority=0,
            weight=1,
            group=group,
            settings={},
            enabled=True,
            created_at=0,
            updated_at=0,
        )

    await database.transact(work)


async def test_a_group_from_add_to_remove(database: Database, clock: ManualClock) -> None:
    added = await groups.add(
        database, clock, name="studio", models=["pika", "kling", "pika"], rate="60/minute"
    )
    assert added == groups.GroupRecord(
        id=added.id,
        name="studio",
        models=["kling", "pika"],
        rate="60/minute",
        created_at=clock.now(),
    )
    assert await groups.get(database, added.id) == added
    assert await groups.find(database, "studio") == added
    assert await groups.search(database, "STU") == [added]
    assert await groups.search(database, "%") == []

    changed = await groups.change(database, added.id, models=None, rate=None)
    assert (changed.name, changed.models, changed.rate) == ("studio", None, None)
    assert await groups.change(database, added.id) == changed

    await groups.remove(database, added.id)
    for gone in (groups.get(database, added.id), groups.remove(database, added.id)):
        with pytest.raises(NotFound):
            await gone
    # Another one of the same name is another one.
    assert (await groups.add(database, clock, name="studio")).id != added.id


async def test_names_are_unique(database: Database, clock: ManualClock) -> None:
    await groups.add(database, clock, name="one")
    two = await groups.add(database, clock, name="two")
    with pytest.raises(Conflict):
        await groups.add(database, clock, name="one")
    with pytest.raises(Conflict):
        await groups.change(database, two.id, name="one")


async def test_a_group_with_users_stays(database: Database, clock: ManualClock) -> None:
    group = await groups.add(database, clock, name="studio")
    user = await users.add(database, clock, name="ada", group="studio")
    with pytest.raises(Conflict, match="users"):
        await groups.remove(database, group.id)
    await groups.change(database, group.id, name="atelier")
    assert (await users.get(database, user.id)).group == "atelier"
    await users.change(database, user.id, group=None)
    await groups.remove(database, group.id)


async def test_channels_follow_a_name_and_keep_the_group(
    database: Database, clock: ManualClock
) -> None:
    group = await groups.add(database, clock, name="studio")
    await add_channel(database, "studio")
    await groups.change(database, group.id, name="atelier")
    assert (await database.run(lambda: ChannelRow.get(name="one"))).group == "atelier"
    with pytest.raises(Conflict, match="channels"):
        await groups.remove(database, group.id)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"models": []}, "models"),
        ({"models": "pika"}, "models"),
        ({"models": [""]}, "models"),
        ({"models": ["x" * 129]}, "models"),
        ({"models": ["a\nb"]}, "models"),
        ({"models": [str(number) for number in range(1001)]}, "models"),
        ({"rate": "often"}, "rate"),
        ({"rate": ""}, "rate"),
    ],
)
async def test_a_bad_value_is_named(
    sqlite: Database, clock: ManualClock, values: dict[str, object], field: str
) -> None:
    with pytest.raises(BadRequest) as caught:
        await groups.add(sqlite, clock, **{"name": "studio", **values})  # type: ignore[arg-type]  # bad ones too
    assert caught.value.field == field
    group = await groups.add(sqlite, clock, name="known")
    with pytest.raises(BadRequest) as caught:
        await groups.change(sqlite, group.id, **values)  # type: ignore[arg-type]  # bad ones too
    assert caught.value.field == field
