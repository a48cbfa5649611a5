"""Calls wait for a credential in the order in which they came, and not for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pool_nodes import SECOND, PoolNode, channel

from plugway import Quota, Unavailable
from plugway.credentials import store
from plugway.credentials.pool import Claim
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

COOLDOWN, WAIT = 10.0, 30.0

Waiting = asyncio.Task[Claim | None]


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def node(sqlite_url: str, clock: ManualClock) -> AsyncIterator[PoolNode]:
    """Give a node whose calls wait for longer than a credential rests."""
    async with Database(sqlite_url) as database:
        yield PoolNode(database, clock, channel(use_cooldown=COOLDOWN, wait=WAIT))


async def turns(node: PoolNode) -> None:
    """Let everybody go on who can."""
    for _ in range(10):
        await asyncio.sleep(0)
        await node.idle()


async def line(node: PoolNode, *names: str, quotas: tuple[Quota, ...] = ("text",)) -> list[Waiting]:
    """Let calls come one after the other."""
    tasks = []
    for name in names:
        tasks.append(asyncio.create_task(node.claim(*quotas, owner=name)))
        await turns(node)
    return tasks


async def test_who_came_first_is_served_first(node: PoolNode, clock: ManualClock) -> None:
    await node.fill(1)
    claim, _ = await node.claimed()
    waiting = await line(node, "a", "b", "c")
    assert not any(task.done() for task in waiting)
    served: list[Claim] = []
    for _ in "ab":
        await node.free(claim)
        # It rests first.
        clock.advance(COOLDOWN - 1)
        await turns(node)
        assert sum(task.done() for task in waiting) == len(served)
        clock.advance(1)
        await turns(node)
        (done,) = [task for task in waiting if task.done() and task.result() not in served]
        found = done.result()
        assert found is not None
        served.append(found)
        claim = found
        assert found.owner == "ab"[len(served) - 1]
    for task in waiting:
        task.cancel()


async def test_a_newcomer_does_not_overtake(node: PoolNode, clock: ManualClock) -> None:
    await node.fill(1)
    claim, _ = await node.claimed()
    (first,) = await line(node, "first")
    await node.free(claim)
    clock.advance(COOLDOWN)
    # Before the first one has had a chance to run.
    newcomer = asyncio.create_task(node.claim(owner="newcomer"))
    await turns(node)
    found = first.result()
    assert found is not None
    assert not newcomer.done()
    await node.free(found)
    clock.advance(COOLDOWN)
    await turns(node)
    assert newcomer.result() is not None


async def test_each_waits_for_what_it_needs(node: PoolNode, clock: ManualClock) -> None:
    await node.fill(2)
    for _ in range(2):
        claim, credential = await node.claimed("text", "images")
        node.pool.exhausted(credential, node.channel, 20, "429", ("text", "images"))
        await node.free(claim)
    (painter,) = await line(node, "painter", quotas=("text", "images"))
    (writer,) = await line(node, "writer")
    clock.advance(COOLDOWN)
    await turns(node)
    assert (painter.done(), writer.done()) == (False, True)
    clock.advance(10)
    await turns(node)
    assert painter.result() is not None


async def test_patience_ends(node: PoolNode, clock: ManualClock) -> None:
    await node.fill(1)
    claim, _ = await node.claimed()
    (waiting,) = await line(node, "a")
    # Freed now, it would rest for too long.
    clock.advance(WAIT - COOLDOWN)
    await turns(node)
    assert not waiting.done()
    clock.advance(COOLDOWN)
    await turns(node)
    assert await waiting is None
    assert node.count("waited_in_vain") == 1
    await node.free(claim)


async def test_nobody_waits_for_nothing(node: PoolNode, clock: ManualClock) -> None:
    assert await node.claim() is None
    ids = await node.fill(2)
    claim, credential = await node.claimed()
    other, another = await node.claimed()
    waiting = await line(node, "a", "b")
    node.pool.exhausted(credential, node.channel, WAIT + COOLDOWN, "429")
    await node.free(claim)
    await turns(node)
    assert not any(task.done() for task in waiting)
    # What it waited for will not be ready in time either.
    node.pool.refused(another, node.channel, "403", "restricted")
    await node.free(other)
    await turns(node)
    assert [await task for task in waiting] == [None, None]
    assert await node.claim() is None
    assert node.count("none") == 2
    assert node.pool.ready_in(node.channel) == WAIT + COOLDOWN
    # One that has been tried is not waited for.
    clock.advance(WAIT + 1)
    assert await node.claim(tried=ids) is None


async def test_who_leaves_while_waiting_loses_nothing(node: PoolNode, clock: ManualClock) -> None:
    (id_,) = await node.fill(1)
    claim, _ = await node.claimed()
    left, stays = await line(node, "left", "stays")
    left.cancel()
    await turns(node)
    await node.free(claim)
    clock.advance(COOLDOWN)
    await turns(node)
    assert stays.result() is not None
    row = await node.row(id_)
    assert (left.cancelled(), row.claim) == (True, "stays")


async def test_who_leaves_when_its_turn_has_come_hands_it_on(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    claim, _ = await node.claimed()
    left, stays = await line(node, "left", "stays")
    await node.free(claim)
    clock.advance(COOLDOWN)
    # The alarm rings, and before the call runs it is cancelled.
    for _ in range(50):
        await asyncio.sleep(0)
        slot = node.pool._roster.get(1, id_)  # noqa: SLF001  # the very moment is what it is about
        assert slot is not None
        if slot.owner == "left":
            break
    else:
        pytest.fail("it was never its turn")
    left.cancel()
    await turns(node)
    assert left.cancelled()
    found = stays.result()
    assert found is not None
    assert (await node.row(id_)).claim == "stays"


@pytest.mark.parametrize("steps", [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144])
async def test_who_leaves_while_the_database_works_leaves_no_claim(
    node: PoolNode, clock: ManualClock, steps: int
) -> None:
    (id_,) = await node.fill(1)
    task = asyncio.create_task(node.claim(owner="left"))
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    try:
        claim = await task
    except asyncio.CancelledError:
        claim = None
    if claim is not None:
        node.pool.free(claim)
        clock.advance(COOLDOWN)
    await node.idle()
    row = await node.row(id_)
    assert (row.claim, row.claimed_until) == (None, None)
    # It was not used, so it does not rest.
    assert (await node.claimed())[1].id == id_


async def test_many_who_come_and_go_leave_nothing(node: PoolNode, clock: ManualClock) -> None:
    ids = await node.fill(3)

    async def call(place: int) -> None:
        claim = await node.claim(owner=f"call{place}")
        if claim is not None:
            try:
                await asyncio.sleep(0.001)
            finally:
                node.pool.free(claim)

    before = asyncio.all_tasks()
    tasks = [asyncio.create_task(call(place)) for place in range(40)]
    for step in range(60):
        await asyncio.sleep(0.001)
        clock.advance(0.5)
        if step % 3 == 0:
            tasks[step % len(tasks)].cancel()
    clock.advance(WAIT)
    await asyncio.gather(*tasks, return_exceptions=True)
    await node.idle()
    clock.advance(COOLDOWN)
    for id_ in ids:
        assert (await node.row(id_)).claim is None
    assert sorted([(await node.claimed())[1].id for _ in ids]) == ids
    assert not node.pool._claims.line(node.channel).order  # noqa: SLF001  # no leak
    assert asyncio.all_tasks() - before <= node_tasks(node)


def node_tasks(node: PoolNode) -> set[asyncio.Task[None]]:
    """Return the one task that a node with claims has beside its calls."""
    task = node.pool._claims._possession._leases._alarm._task  # noqa: SLF001  # see above
    return set() if task is None else {task}


async def test_while_the_database_is_away_calls_are_told(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    claim, _ = await node.claimed()
    await node.database.close()
    node.pool.free(claim)
    await turns_without_idle()
    waiting = asyncio.create_task(node.claim())
    await turns_without_idle()
    assert not waiting.done()
    waiting.cancel()
    await node.database.open()
    clock.advance(1)
    await node.idle()
    assert (await node.row(id_)).claim is None
    clock.advance(COOLDOWN)
    await node.database.close()
    with pytest.raises(Unavailable):
        await node.claim()
    await turns_without_idle()
    await node.database.open()
    for _ in range(3):
        clock.advance(1)
        await turns_without_idle()
    await node.idle()
    assert (await node.claimed())[1].id == id_


async def turns_without_idle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


async def test_what_another_node_uses_is_looked_at_again(
    sqlite_url: str, node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    claim, _ = await node.claimed()
    async with Database(sqlite_url) as database:
        other = PoolNode(database, clock, node.channel)
        await other.pool.load()
        (waiting,) = await line(other, "waits")
        await node.free(claim)
        # Nobody tells the other node; it looks now and then, and does not ask all the time.
        for _ in range(round(WAIT)):
            clock.advance(1)
            await turns(other)
        found = waiting.result()
        assert found is not None
        assert found.owner == "waits"
        assert other.count("lost") <= 6
        assert (await node.row(id_)).claimed_until > clock.now() + SECOND


@pytest.mark.parametrize("others", ["disabled", "resting", "none"])
async def test_nobody_waits_for_what_it_has_tried(
    node: PoolNode, clock: ManualClock, others: str
) -> None:
    tried, other = await node.fill(2)
    if others == "disabled":
        await store.set_state(node.database, other, "disabled", "by hand", clock)
        await node.pool.load()
    elif others == "resting":
        credential = node.pool.get(node.channel.id, other)
        assert credential is not None
        node.pool.exhausted(credential, node.channel, 3_600, "429")
        await node.idle()
    else:
        await store.remove(node.database, other)
        await node.pool.load()
    # The one that was tried is free, and would be at once: that is no hope for this call.
    assert await node.claim(tried=[tried]) is None
    # Neither is that it is in use by another call.
    claim, credential = await node.claimed()
    assert credential.id == tried
    assert await node.claim(tried=[tried]) is None
    await node.free(claim)


async def test_one_that_is_in_use_and_was_not_tried_is_waited_for(
    node: PoolNode, clock: ManualClock
) -> None:
    await node.fill(2)
    first, tried = await node.claimed()
    second, _ = await node.claimed()
    await node.free(first)
    waiting = asyncio.create_task(node.claim(tried=[tried.id]))
    await turns(node)
    assert not waiting.done()
    await node.free(second)
    clock.advance(COOLDOWN)
    await turns(node)
    found = await waiting
    assert found is not None
    assert found.credential is second.credential


@pytest.mark.parametrize("failed_before", [False, True])
async def test_nobody_waits_until_an_account_that_was_refused_may_be_tried_again(
    node: PoolNode, clock: ManualClock, failed_before: bool
) -> None:
    node = PoolNode(node.database, clock, channel(use_cooldown=COOLDOWN, wait=3_600))
    refused, other = await node.fill(2)
    credential = node.pool.get(node.channel.id, refused)
    assert credential is not None
    node.pool.refused(credential, node.channel, "403", "restricted")
    await node.idle()
    if failed_before:
        assert await node.claim(tried=[other]) is None
    else:
        await store.set_state(node.database, other, "disabled", "by hand", clock)
        await node.pool.load()
        assert await node.claim() is None
    # When its time has come, a call finds out.
    clock.advance(600)
    if not failed_before:
        assert (await node.claimed())[1].id == refused
