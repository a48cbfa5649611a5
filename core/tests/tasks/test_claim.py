from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator

import pytest
from task_rows import NOW, SECOND, TaskRows

from plugway.storage.database import Database
from plugway.storage.models import TaskRow
from plugway.tasks.claim import Claimed, Due, choose, claim
from plugway.testing.databases import DIALECTS, available, fresh_database

pytestmark = pytest.mark.anyio

LEASE = 60 * SECOND


async def take(
    database: Database, room: dict[int, int], limit: int = 1000, now: int = NOW, owner: str = "a"
) -> list[Claimed]:
    return await claim(database, now, lease_us=LEASE, owner=owner, room=room, limit=limit)


def ids(claimed: list[Claimed]) -> list[int]:
    return [one.task.id for one in claimed]


async def test_what_is_due_is_claimed_in_its_order(database: Database) -> None:
    rows = TaskRows(database)
    late = await rows.add(due=-1)
    latest = await rows.add("processing", due=-5, progress=40)
    await rows.add(due=1)
    now = await rows.add(due=0)
    claimed = await take(database, {1: 10})
    assert ids(claimed) == [latest, late, now]
    first = claimed[0]
    assert (first.task.state, first.task.progress) == ("processing", 40)
    assert (first.due, first.until) == (NOW - 5 * SECOND, NOW + LEASE)
    assert first.task.next_poll_at == first.until
    row = await rows.row(latest)
    assert (row.next_poll_at, row.lease) == (first.until, first.lease)


async def test_a_lease_keeps_others_away_until_it_is_over(database: Database) -> None:
    rows = TaskRows(database)
    task = await rows.add()
    first = await take(database, {1: 10})
    assert ids(first) == [task]
    assert await take(database, {1: 10}, now=NOW + LEASE - 1, owner="b") == []
    again = await take(database, {1: 10}, now=NOW + LEASE, owner="b")
    assert ids(again) == [task]
    assert first[0].lease != again[0].lease


async def test_a_lease_fits_its_column_whoever_owns_it(database: Database) -> None:
    rows = TaskRows(database)
    task = await rows.add()
    (claimed,) = await take(database, {1: 1}, owner="n" * 64)
    assert (await rows.row(task)).lease == claimed.lease


async def test_of_each_channel_only_so_many(database: Database) -> None:
    rows = TaskRows(database)
    await rows.add_all([{"channel_id": 1 + place % 3, "due": -place} for place in range(30)])
    claimed = await take(database, {1: 2, 2: 5, 4: 5})
    assert Counter(one.task.channel_id for one in claimed) == {1: 2, 2: 5}
    # Those that have waited longest.
    assert [one.due for one in claimed if one.task.channel_id == 1] == [
        NOW - 27 * SECOND,
        NOW - 24 * SECOND,
    ]
    assert await take(database, {}) == []
    assert await take(database, {3: 0}) == []
    assert await take(database, {3: 5}, limit=0) == []


async def test_a_submit_that_died_before_it_had_a_channel_is_claimed(database: Database) -> None:
    rows = TaskRows(database)
    lost = await rows.add("pending", channel_id=None, credential_id=None, due=-3)
    await rows.add("pending", channel_id=None, credential_id=None, due=3)
    await rows.add("failed", channel_id=None, credential_id=None)
    other = await rows.add(channel_id=9, due=-4)
    assert ids(await take(database, {9: 1})) == [other, lost]
    assert ids(await take(database, {}, now=NOW + LEASE)) != []


async def test_what_has_ended_is_never_claimed(database: Database) -> None:
    rows = TaskRows(database)
    await rows.add_all([{"state": state} for state in ("succeed", "failed", "expired")])
    assert await take(database, {1: 10}, now=NOW * 2) == []


async def test_a_backlog_of_one_channel_leaves_turns_to_others(database: Database) -> None:
    rows = TaskRows(database)
    await rows.add_all([{"channel_id": 1, "due": -1000 + place} for place in range(300)])
    await rows.add_all([{"channel_id": 2, "due": -1}] * 3)
    claimed = await take(database, {1: 50, 2: 50}, limit=10)
    assert Counter(one.task.channel_id for one in claimed) == {1: 7, 2: 3}
    assert [one.due for one in claimed] == sorted(one.due for one in claimed)


async def test_more_channels_than_one_statement_looks_at(database: Database) -> None:
    rows = TaskRows(database)
    made = await rows.add_all([{"channel_id": 1 + place} for place in range(250)])
    room = dict.fromkeys(range(1, 1001), 3)
    assert sorted(ids(await take(database, room))) == made


async def test_claimers_at_the_same_time_share_without_overlap(
    database: Database, database_url: str
) -> None:
    rows = TaskRows(database)
    made = await rows.add_all(
        [{"channel_id": 1 + place % 4, "due": -place % 60} for place in range(240)]
    )
    await rows.database.run(lambda: TaskRow.all().update(next_poll_at=NOW))
    room = dict.fromkeys(range(1, 5), 8)
    seen: list[int] = []

    async def node(mine: Database, owner: str) -> None:
        while claimed := await take(mine, room, limit=20, owner=owner):
            seen.extend(ids(claimed))

    async with Database(database_url) as second, Database(database_url) as third:
        nodes = (database, second, third) * 2
        await asyncio.gather(*(node(mine, str(place)) for place, mine in enumerate(nodes)))
    assert sorted(seen) == made


async def test_many_nodes_at_once_each_get_something(database: Database, database_url: str) -> None:
    rows = TaskRows(database)
    await rows.add_all([{"due": -place} for place in range(100)])
    async with Database(database_url) as second:
        got = await asyncio.gather(
            *(take(mine, {1: 10}, limit=10) for mine in (database, second) * 2)
        )
    seen = [task for one in got for task in ids(one)]
    assert all(got)
    assert len(seen) == len(set(seen)) >= 20


@pytest.fixture(params=[dialect for dialect in DIALECTS if dialect != "sqlite"])
def server_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give a database that locks rows; SQLite locks all of the file."""
    reason = available(request.param)
    if reason is not None:
        pytest.skip(reason)
    with fresh_database(request.param) as url:
        yield url


async def test_what_somebody_else_is_writing_is_left_to_him(server_url: str) -> None:
    ready, done = asyncio.Event(), asyncio.Event()
    async with Database(server_url) as database, Database(server_url) as other:
        rows = TaskRows(database)
        held = await rows.add(due=-10)
        free = await rows.add(due=-5)

        async def write() -> None:
            await TaskRow.filter(id=held).update(reason="being written")
            ready.set()
            await done.wait()

        writing = asyncio.create_task(other.transact(write, revise=False))
        await asyncio.wait_for(ready.wait(), 10)
        async with asyncio.timeout(5):
            assert ids(await take(database, {1: 1})) == [free]
        done.set()
        await writing
        (claimed,) = await take(database, {1: 1})
    assert (claimed.task.id, claimed.task.reason) == (held, "being written")


async def test_a_claim_does_not_tell_others_to_load_their_snapshots_again(
    database: Database,
) -> None:
    rows = TaskRows(database)
    await rows.add()
    told: list[None] = []

    async def revised() -> None:
        told.append(None)

    database.on_revise(revised)
    assert len(await take(database, {1: 1})) == 1
    assert told == []


def test_turns_go_on_from_what_was_taken() -> None:
    due = [Due(place, place, 7) for place in range(10)] + [Due(20, 20, 8), Due(30, 30, None)]
    assert [one.id for one in choose(due, {7: 9, 8: 9}, 4)] == [0, 20, 30, 1]
    taken = [Due(-1, 90, 7), Due(-1, 91, 7)]
    assert [one.id for one in choose(due, {7: 3, 8: 9}, 6, taken)] == [20, 30, 0]
    assert choose(due, {7: 9}, 2, taken) == []
