from __future__ import annotations

import asyncio

import pytest

from plugway.storage.database import Database
from plugway.storage.leases import acquire, release

pytestmark = pytest.mark.anyio

SECOND = 1_000_000


async def test_a_lease_is_kept_until_its_time(database: Database) -> None:
    assert await acquire(database, "poll", "a", 0, 60)
    assert not await acquire(database, "poll", "b", 60 * SECOND - 1, 60)
    assert await acquire(database, "poll", "b", 60 * SECOND, 60)
    assert not await acquire(database, "poll", "a", 61 * SECOND, 60)


async def test_the_owner_can_keep_it_for_longer(database: Database) -> None:
    assert await acquire(database, "poll", "a", 0, 60)
    assert await acquire(database, "poll", "a", 0, 60)
    assert await acquire(database, "poll", "a", 30 * SECOND, 60)
    assert not await acquire(database, "poll", "b", 80 * SECOND, 60)


async def test_names_are_leased_apart(database: Database) -> None:
    assert await acquire(database, "poll", "a", 0, 60)
    assert await acquire(database, "Poll", "b", 0, 60)


async def test_only_the_owner_gives_it_back(database: Database) -> None:
    assert await acquire(database, "poll", "a", 0, 60)
    assert not await release(database, "poll", "b")
    assert await release(database, "poll", "a")
    assert not await release(database, "poll", "a")
    assert await acquire(database, "poll", "b", 0, 60)


async def test_one_of_many_gets_it(database: Database, database_url: str) -> None:
    async with Database(database_url) as other:
        for round_ in range(10):
            # The first race is for a row that is not there yet, the others for one that ended.
            now = round_ * 100 * SECOND
            results = await asyncio.gather(
                *(
                    acquire(each, "poll", f"{round_}-{number}", now, 60)
                    for number, each in enumerate([database, other] * 5)
                )
            )
            assert results.count(True) == 1
