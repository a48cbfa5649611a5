from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from plugway.errors import Unavailable
from plugway.storage.database import Database
from plugway.storage.models import Group
from plugway.storage.snapshots import Snapshots
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


class Names:
    """Is a snapshot: the groups' names."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now: list[str] = []
        self.loads = 0
        self.fail: Exception | None = None

    async def load(self) -> None:
        self.loads += 1
        if self.fail is not None:
            raise self.fail
        rows = await self.database.run(lambda: Group.all().order_by("name"))
        self.now = [row.name for row in rows]


def adding(name: str) -> Callable[[], Awaitable[Group]]:
    return lambda: Group.create(name=name, created_at=1)


class Ticks(ManualClock):
    """Lets a loop do one round at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.asleep = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        self.asleep.set()
        await super().sleep(seconds)

    async def tick(self) -> None:
        await self.asleep.wait()
        self.asleep.clear()
        self.advance(1.0)
        await self.asleep.wait()


async def test_commits_of_this_process_are_seen_at_once(database: Database) -> None:
    snapshots, names = Snapshots(database, ManualClock()), Names(database)
    snapshots.add("names", names.load)
    await snapshots.load_all()

    await database.transact(adding("a"))
    assert names.now == ["a"]
    await database.transact(adding("b"), revise=False)
    assert names.now == ["a"]


async def test_commits_of_others_are_seen_by_the_revision(
    database: Database, database_url: str
) -> None:
    snapshots, names = Snapshots(database, ManualClock()), Names(database)
    snapshots.add("names", names.load)
    await snapshots.load_all()

    async with Database(database_url) as other:
        assert await snapshots.refresh() is False
        await other.transact(adding("a"))
        assert await snapshots.refresh() is True
        assert await snapshots.refresh() is False

    assert (names.now, names.loads) == (["a"], 2)


async def test_one_broken_snapshot_leaves_the_others_fresh(database: Database) -> None:
    snapshots = Snapshots(database, ManualClock())
    broken, names = Names(database), Names(database)
    snapshots.add("broken", broken.load)
    snapshots.add("names", names.load)
    await snapshots.load_all()
    broken.fail = LookupError("a row nobody can read")

    await database.transact(adding("a"))
    assert (broken.now, names.now) == ([], ["a"])
    with pytest.raises(LookupError) as failed:
        await snapshots.refresh()
    assert failed.value.__notes__ == ["while loading the snapshot 'broken'"] * 2

    broken.fail = None
    assert await snapshots.refresh() is True
    assert broken.now == ["a"]


async def test_the_watch_keeps_the_old_while_the_database_is_away(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Ticks()
    async with Database(database_url) as database, Database(database_url) as other:
        snapshots, names = Snapshots(database, clock), Names(database)
        snapshots.add("names", names.load)
        await other.transact(adding("a"))
        await snapshots.load_all()
        watching = asyncio.create_task(snapshots.watch(1.0))

        async with asyncio.timeout(20):
            await database.close()
            await other.transact(adding("b"))
            for _ in range(3):
                await clock.tick()
            assert names.now == ["a"]
            assert caplog.text.count("snapshots are not refreshed: The database is closed.") == 1

            await database.open()
            for _ in range(3):
                await clock.tick()
            assert names.now == ["a", "b"]
            assert caplog.text.count("snapshots are refreshed again") == 1
        watching.cancel()
        await asyncio.wait((watching,))


async def test_loading_at_the_start_fails_loudly(database_url: str) -> None:
    database = Database(database_url)

    with pytest.raises(Unavailable):
        await Snapshots(database, ManualClock()).load_all()
