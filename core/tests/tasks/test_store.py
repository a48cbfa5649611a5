from __future__ import annotations

from typing import Any

import pytest
from task_rows import NOW, SECOND, TaskRows

from plugway.contract import Task
from plugway.storage.database import Database
from plugway.tasks import store

pytestmark = pytest.mark.anyio


@pytest.fixture
def rows(database: Database) -> TaskRows:
    """Give what writes rows."""
    return TaskRows(database)


def ids(tasks: list[Task]) -> list[int]:
    return [task.id for task in tasks]


async def test_a_row_becomes_a_task(rows: TaskRows) -> None:
    given = {
        "call_id": "c1",
        "upstream_id": "u1",
        "external_id": "e1",
        "callback_url": "https://client.test/hook",
        "progress": 40,
        "reason": "it was busy",
        "request": '{"prompt": "猫"}',
        "answer": "{}",
        "price": 2**40,
        "polls": 3,
        "failures": 2,
    }
    task_id = await rows.add("processing", due=5, **given)
    task = await store.get(rows.database, task_id)
    assert task == store.record(await rows.row(task_id))
    assert task is not None
    assert {name: getattr(task, name) for name in given} == given
    assert (task.state, task.ended, task.next_poll_at) == ("processing", False, NOW + 5 * SECOND)
    assert await store.get(rows.database, task_id + 1) is None


async def test_a_task_is_found_by_each_of_its_names(rows: TaskRows) -> None:
    database = rows.database
    task_id = await rows.add(call_id="c1", upstream_id="Up-1", external_id="Mine")
    for found in (
        await store.by_call(database, "c1"),
        await store.by_upstream(database, "kling", "Up-1"),
        await store.owned(database, "kling", "Up-1", user_id=1),
        await store.owned(database, "kling", "Mine", user_id=1),
    ):
        assert found is not None
        assert found.id == task_id
    assert await store.by_upstream(database, "other", "Up-1") is None
    assert await store.by_call(database, "Up-1") is None


# The first two differ by what some databases do not tell apart, the others cannot be kept.
@pytest.mark.parametrize("name", ["up-1", "Up-1 ", "", "%", "Up_1", "a" * 191, "a\0b", "\ud800"])
async def test_a_name_is_compared_whole(rows: TaskRows, name: str) -> None:
    await rows.add(call_id="Up-1", upstream_id="Up-1", external_id="Up-1")
    assert await store.by_call(rows.database, name) is None
    assert await store.by_upstream(rows.database, "kling", name) is None
    assert await store.owned(rows.database, "kling", name, user_id=1) is None
    if name:
        assert await store.search(rows.database, text=name) == []


async def test_only_its_owner_has_a_task(rows: TaskRows) -> None:
    database = rows.database
    theirs = await rows.add(user_id=2, upstream_id="7", external_id="x")
    assert await store.owned(database, "kling", "7", user_id=1) is None
    assert await store.owned(database, "kling", "x", user_id=1) is None
    # Mine is called as theirs is by the upstream.
    mine = await rows.add(user_id=1, upstream_id="8", external_id="7")
    found = await store.owned(database, "kling", "7", user_id=1)
    assert found is not None
    assert found.id == mine
    found = await store.owned(database, "kling", "7", user_id=2)
    assert found is not None
    assert found.id == theirs


async def test_the_upstreams_name_wins(rows: TaskRows) -> None:
    first = await rows.add(upstream_id="7", external_id="a", kind="image")
    second = await rows.add(upstream_id="8", external_id="7", kind="video")
    database = rows.database
    for kinds, task_id in (((), first), (("image",), first), (("video", "x"), second)):
        found = await store.owned(database, "kling", "7", user_id=1, kinds=kinds)
        assert found is not None
        assert found.id == task_id
    assert await store.owned(database, "kling", "7", user_id=1, kinds=("audio",)) is None


async def test_pages_of_a_users_own_tasks(rows: TaskRows) -> None:
    made = await rows.add_all(
        [{"kind": ("image", "video", "audio")[place % 3]} for place in range(9)]
    )
    await rows.add(user_id=2)
    await rows.add(provider="other")
    newest = made[::-1]

    async def page(number: int, size: int, *kinds: str) -> list[int]:
        found = await store.page(
            rows.database, "kling", user_id=1, kinds=kinds, page=number, size=size
        )
        return ids(found)

    assert await page(1, 4) == newest[:4]
    assert await page(3, 4) == newest[8:]
    assert await page(4, 4) == []
    assert await page(1, 100, "video") == made[1::3][::-1]
    assert await page(2, 2, "video") == [made[1]]
    both = sorted(made[0::3] + made[2::3], reverse=True)
    assert await page(1, 4, "image", "audio", "none") == both[:4]
    assert await page(2, 4, "image", "audio", "image") == both[4:]
    assert await page(1, 4, "none") == []


async def test_search_chooses_and_pages(rows: TaskRows) -> None:
    database = rows.database
    made = await rows.add_all(
        [
            {"state": state, "user_id": 1 + place % 2, "channel_id": place}
            for place, state in enumerate(
                ["pending", "succeed", "failed", "processing", "submitted", "unknown", "expired"]
            )
        ]
    )
    other = await rows.add("succeed", provider="other", kind="image", user_id=3)
    newest = [other, *made[::-1]]
    assert ids(await store.search(database)) == newest
    assert ids(await store.search(database, limit=3)) == newest[:3]
    assert ids(await store.search(database, after=newest[2], limit=3)) == newest[3:6]
    open_ = [made[place] for place in (5, 4, 3, 0)]
    assert ids(await store.search(database, state="open")) == open_
    assert ids(await store.search(database, state="open", after=made[5], limit=2)) == open_[1:3]
    assert ids(await store.search(database, state="ended")) == [other, made[6], made[2], made[1]]
    assert ids(await store.search(database, state="succeed")) == [other, made[1]]
    assert ids(await store.search(database, state=("failed", "unknown"))) == [made[5], made[2]]
    assert await store.search(database, state=()) == []
    assert ids(await store.search(database, provider="other")) == [other]
    assert ids(await store.search(database, kind="image")) == [other]
    assert ids(await store.search(database, user_id=2)) == [made[5], made[3], made[1]]
    assert ids(await store.search(database, channel_id=3, state="open")) == [made[3]]


async def test_search_by_a_name(rows: TaskRows) -> None:
    database = rows.database
    by_call = await rows.add(call_id="n")
    by_upstream = await rows.add("failed", upstream_id="n")
    by_user = await rows.add(external_id="n", user_id=2)
    by_both = await rows.add(upstream_id="n", external_id="n", provider="other")
    await rows.add(upstream_id="nn", external_id="N")
    every = [by_both, by_user, by_upstream, by_call]
    assert ids(await store.search(database, text="n")) == every
    assert ids(await store.search(database, text="n", limit=2)) == every[:2]
    assert ids(await store.search(database, text="n", after=by_user)) == every[2:]
    assert ids(await store.search(database, text="n", state="ended")) == [by_upstream]
    assert ids(await store.search(database, text="n", user_id=2)) == [by_user]
    wild = await rows.add(external_id="100%_\\")
    assert ids(await store.search(database, text="100%_\\")) == [wild]
    for pattern in ("%", "_", "n%", "*", "100%"):
        assert await store.search(database, text=pattern) == []


async def test_counts_and_the_latest_poll(rows: TaskRows) -> None:
    database = rows.database
    none = await store.counts(database, NOW)
    assert none.by_state == dict.fromkeys(("pending", "processing", "submitted", "unknown"), 0)
    assert none.lag == 0
    first, second = await rows.channel("first"), await rows.channel("second")
    await rows.add_all(
        [
            {"channel_id": first, "due": 10},
            {"channel_id": second, "due": 30, "state": "processing"},
            {"channel_id": second, "due": 20, "state": "processing"},
            {"channel_id": second, "state": "succeed"},
            {"channel_id": None, "due": 40, "state": "pending"},
        ]
    )
    counted = await store.counts(database, NOW + 12_500_000)
    assert counted.by_state == {"pending": 1, "processing": 2, "submitted": 1, "unknown": 0}
    assert counted.lag == 2.5
    assert (await store.counts(database, NOW)).lag == 0
    await rows.add("pending", channel_id=None, due=-1)
    assert (await store.counts(database, NOW)).lag == 1


async def test_wake_makes_an_open_task_due(rows: TaskRows) -> None:
    database = rows.database
    later = await rows.add(call_id="later", due=60)
    now = NOW + SECOND
    assert await store.wake(database, "later", now)
    assert (await rows.row(later)).next_poll_at == now
    # What is due already stays due since then.
    assert await store.wake(database, "later", now + SECOND)
    assert (await rows.row(later)).next_poll_at == now


@pytest.mark.parametrize("state", ["succeed", "failed", "expired"])
async def test_wake_leaves_an_ended_task_alone(rows: TaskRows, state: str) -> None:
    task = await rows.add(state, call_id="over")
    before = store.record(await rows.row(task))
    assert not await store.wake(rows.database, "over", NOW)
    assert store.record(await rows.row(task)) == before
    assert not await store.wake(rows.database, "nobody", NOW)


async def test_overdue_is_what_is_open_past_its_deadline(rows: TaskRows) -> None:
    late = await rows.add(deadline=NOW)
    later = await rows.add(deadline=NOW - 1)
    await rows.add(deadline=NOW + 1)
    await rows.add("succeed")
    assert ids(await store.overdue(rows.database, NOW, 10)) == [later, late]
    assert ids(await store.overdue(rows.database, NOW, 1)) == [later]


async def test_a_page_is_of_tasks_that_were_made(rows: TaskRows) -> None:
    made = await rows.add_all(
        [
            {"state": "submitted"},
            {"state": "unknown", "external_id": "lost"},
            {"state": "failed", "upstream_id": "u1"},
            {"state": "failed", "external_id": "gone"},
            {"state": "succeed", "upstream_id": "u2"},
        ]
    )
    await rows.add_all([{"state": "failed"} for _ in range(5)])
    for page, wanted in ((1, made[:2:-1]), (2, made[2:0:-1]), (3, made[:1]), (4, [])):
        found = await store.page(rows.database, "kling", user_id=1, page=page, size=2)
        assert ids(found) == wanted


async def test_tasks_of_several_providers_are_listed_together(rows: TaskRows) -> None:
    made: dict[str, Any] = {"state": "processing", "user_id": 1}
    first = await rows.add(kind="video", provider="kling", **made)
    second = await rows.add(kind="video", provider="flow", **made)
    await rows.add(kind="image", provider="flow", **made)
    await rows.add(kind="video", provider="flow", user_id=2, state="processing")
    third = await rows.add(kind="video", provider="kling", **made)

    async def listed(**options: object) -> list[int]:
        given = {"kinds": ["video"], "after": None, "limit": 10, "oldest_first": False, **options}
        both = ["flow", "kling"]
        return ids(await store.listed(rows.database, both, user_id=1, **given))  # type: ignore[arg-type]  # a test's options

    assert await listed() == [third, second, first]
    assert await listed(limit=2) == [third, second]
    assert await listed(after=second) == [first]
    assert await listed(oldest_first=True, after=first, limit=1) == [second]
    assert await listed(kinds=[]) == []


async def test_what_an_account_has_under_way_is_counted(rows: TaskRows) -> None:
    busy: dict[str, Any] = {"channel_id": 3, "credential_id": 7, "kind": "video"}
    await rows.add("processing", due=5, call_id="mine", **busy)
    await rows.add("submitted", due=5, **busy)
    await rows.add("unknown", due=5, **busy)
    await rows.add("succeed", **busy)
    await rows.add("processing", due=5, **{**busy, "credential_id": 8})
    await rows.add("processing", due=5, **{**busy, "kind": "image"})
    assert await store.under_way(rows.database, 3, 7, kind="video", but="mine") == 2
    assert await store.under_way(rows.database, 3, 7, kind="video", but="") == 3
