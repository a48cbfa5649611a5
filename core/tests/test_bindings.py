from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from plugway.bindings import Binding, Bindings
from plugway.errors import NotFound
from plugway.storage.database import Database
from plugway.storage.models import BindingRow
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands still."""
    return ManualClock()


@pytest.fixture
def bindings(database: Database, clock: ManualClock) -> Bindings:
    """Give the bindings of each kind of database."""
    return Bindings(database, clock)


async def bind(bindings: Bindings, name: str = "s1", user: int = 1, **other: Any) -> bool:
    given: dict[str, Any] = {"channel_id": 3, "credential_id": 4, **other}
    return await bindings.bind("kling", "session", name, user_id=user, **given)


async def find(bindings: Bindings, name: str = "s1", user: int = 1) -> Binding | None:
    return await bindings.find("kling", "session", name, user_id=user)


async def test_a_resource_is_found_by_its_user(bindings: Bindings) -> None:
    await bind(bindings)
    assert await find(bindings) == Binding(
        provider="kling", kind="session", name="s1", user_id=1, channel_id=3, credential_id=4
    )
    assert await find(bindings, "s2") is None
    assert await bindings.find("kling", "voice", "s1", user_id=1) is None
    assert await bindings.find("other", "session", "s1", user_id=1) is None


async def test_it_is_nothing_to_other_users(bindings: Bindings) -> None:
    await bind(bindings)
    with pytest.raises(NotFound) as caught:
        await find(bindings, user=2)
    assert (caught.value.message, caught.value.field) == (NotFound().message, None)


async def test_the_same_user_moves_it(bindings: Bindings, clock: ManualClock) -> None:
    await bind(bindings, seconds=10)
    await bind(bindings, channel_id=5, credential_id=None)
    found = await find(bindings)
    assert found is not None
    assert (found.channel_id, found.credential_id, found.expires_at) == (5, None, None)
    await bind(bindings, seconds=60)
    found = await find(bindings)
    assert found is not None
    assert found.expires_at == clock.now() + 60_000_000


async def test_of_several_at_once_one_is_the_first(bindings: Bindings, clock: ManualClock) -> None:
    assert sorted(await asyncio.gather(*(bind(bindings, seconds=10) for _ in range(4)))) == [
        *(False, False, False),
        True,
    ]
    assert not await bind(bindings, user=2)
    clock.advance(11)
    assert await bind(bindings, user=2)


async def test_another_users_is_kept_as_it_is(
    bindings: Bindings, caplog: pytest.LogCaptureFixture
) -> None:
    await bind(bindings)
    before = await find(bindings)
    await bind(bindings, user=2, channel_id=9)
    assert "s1" in caplog.text
    assert await find(bindings) == before
    with pytest.raises(NotFound):
        await find(bindings, user=2)


async def test_it_is_forgotten_in_time(
    bindings: Bindings, database: Database, clock: ManualClock
) -> None:
    await bind(bindings, seconds=1.5)
    await bind(bindings, "s2", seconds=10)
    await bind(bindings, "s3")
    clock.advance(1.25)
    assert await find(bindings) is not None
    clock.advance(0.25)
    assert await find(bindings) is None
    assert await find(bindings, user=2) is None
    assert await bindings.prune(clock.now()) == 1
    assert await bindings.prune(clock.now()) == 0
    names = await database.run(lambda: BindingRow.all().order_by("name").values_list("name"))
    assert names == [("s2",), ("s3",)]


async def test_what_is_over_can_be_anybodys(bindings: Bindings, clock: ManualClock) -> None:
    await bind(bindings, seconds=1)
    clock.advance(1)
    await bind(bindings, user=2, channel_id=9)
    found = await find(bindings, user=2)
    assert found is not None
    assert found.channel_id == 9
    with pytest.raises(NotFound):
        await find(bindings)


async def test_prune_removes_more_than_one_statement_does(
    bindings: Bindings, database: Database, clock: ManualClock
) -> None:
    now = clock.now()
    rows = [
        BindingRow(
            provider="kling", kind="session", name=str(number), user_id=1, channel_id=1,
            expires_at=now - number, created_at=now,
        )
        for number in range(2500)
    ]  # fmt: skip

    async def work() -> None:
        await BindingRow.bulk_create(rows, batch_size=500)

    await database.transact(work)
    assert await bindings.prune(now) == 2500


@pytest.mark.parametrize("name", ["", "a" * 191, "a\0b", "\ud800"])
async def test_a_name_that_cannot_be_kept_is_nobodys(
    bindings: Bindings, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    await bind(bindings, name)
    assert "not bound" in caplog.text
    assert await find(bindings, name) is None
    assert await find(bindings, name, user=2) is None


async def test_the_longest_name_is_kept(bindings: Bindings) -> None:
    await bind(bindings, "猫" * 190)
    assert await find(bindings, "猫" * 190) is not None


async def test_names_are_compared_whole(
    bindings: Bindings, caplog: pytest.LogCaptureFixture
) -> None:
    await bind(bindings, "Abc")
    assert await find(bindings, "abc", user=2) is None
    assert await find(bindings, "Abc ", user=2) is None
    with caplog.at_level(logging.ERROR):
        await bind(bindings, "Abc ", channel_id=9)
    # A database for which they are one name keeps the first; none mixes them up.
    first, second = await find(bindings, "Abc"), await find(bindings, "Abc ")
    assert first is not None
    assert first.channel_id == 3
    if caplog.records:
        assert second is None
    else:
        assert second is not None
        assert second.channel_id == 9


async def test_of_many_at_once_one_has_it(
    bindings: Bindings, database_url: str, clock: ManualClock
) -> None:
    async with Database(database_url) as other:
        second = Bindings(other, clock)
        await asyncio.gather(
            *(bind(mine, user=user) for user, mine in enumerate([bindings, second] * 4))
        )
    owners = []
    for user in range(8):
        try:
            found = await find(bindings, user=user)
        except NotFound:
            continue
        assert found is not None
        owners.append(user)
    assert len(owners) == 1
    # Nobody is in the way of its own user.
    await asyncio.gather(*(bind(bindings, user=owners[0], channel_id=5) for _ in range(4)))
    moved = await find(bindings, user=owners[0])
    assert moved is not None
    assert moved.channel_id == 5
