"""Users take turns at a pool, on every database, and what one does costs the others nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pool_nodes import PoolNode, channel

from plugway.credentials.pool import Claim
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

WAIT = 3_600.0


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def node(sqlite_url: str, clock: ManualClock) -> AsyncIterator[PoolNode]:
    """Give a node whose credentials do not rest."""
    async with Database(sqlite_url) as database:
        yield PoolNode(database, clock, channel(use_cooldown=0, wait=WAIT))


async def settle(node: PoolNode) -> None:
    """Let everybody go on who can."""
    for _ in range(10):
        await asyncio.sleep(0)
        await node.idle()


class Queue:
    """Is a pool's queue, whose calls end as soon as they have a credential.

    Attributes:
        served: Calls, in the order in which they had one.
    """

    def __init__(self, node: PoolNode) -> None:
        self.node = node
        self.served: list[str] = []
        self.calls: dict[str, asyncio.Task[None]] = {}

    async def come(self, user: str, *names: str) -> None:
        """Let calls of a user come one after the other."""
        for name in names:
            self.calls[name] = asyncio.create_task(self._call(user, name))
            await settle(self.node)

    async def _call(self, user: str, name: str) -> None:
        claim = await self.node.claim(owner=name, user=user)
        if claim is not None:
            self.served.append(name)
            await self.node.free(claim)

    async def ended(self) -> list[str]:
        """Wait for all; return who was served, in order."""
        async with asyncio.timeout(60):
            await asyncio.gather(*self.calls.values(), return_exceptions=True)
        return self.served


async def test_users_take_turns_on_every_database(database: Database, clock: ManualClock) -> None:
    node = PoolNode(database, clock, channel(use_cooldown=0, wait=WAIT))
    await node.fill(1)
    claim, _ = await node.claimed()
    queue = Queue(node)
    await queue.come("ann", "a1", "a2", "a3", "a4")
    await queue.come("bob", "b1", "b2")
    await queue.come("cem", "c1")
    assert node.pool.positions() == {
        "a1": 1, "b1": 2, "c1": 3, "a2": 4, "b2": 5, "a3": 6, "a4": 7,
    }  # fmt: skip
    await node.free(claim)
    assert await queue.ended() == ["a1", "b1", "c1", "a2", "b2", "a3", "a4"]
    assert node.pool.positions() == {}


async def test_who_leaves_costs_its_user_no_turn(node: PoolNode) -> None:
    await node.fill(1)
    claim, _ = await node.claimed()
    queue = Queue(node)
    await queue.come("ann", "a1", "a2", "a3")
    await queue.come("bob", "b1", "b2")
    for name in ("a1", "a2"):
        queue.calls[name].cancel()
    await settle(node)
    assert node.pool.positions() == {"a3": 1, "b1": 2, "b2": 3}
    await node.free(claim)
    assert await queue.ended() == ["a3", "b1", "b2"]


async def test_a_turn_of_which_no_use_was_made_is_not_counted(node: PoolNode) -> None:
    (id_,) = await node.fill(1)
    claim, _ = await node.claimed()
    queue = Queue(node)
    await queue.come("ann", "a1", "a2")
    await queue.come("bob", "b1", "b2")
    node.pool.free(claim)
    slot = node.pool._roster.get(1, id_)  # noqa: SLF001  # the very moment is what it is about
    assert slot is not None
    async with asyncio.timeout(60):
        while slot.owner != "a1":
            await asyncio.sleep(0)
    queue.calls["a1"].cancel()
    assert await queue.ended() == ["a2", "b1", "b2"]


async def test_another_try_stands_where_its_call_came(node: PoolNode, clock: ManualClock) -> None:
    first, second = await node.fill(2)
    claims = [(await node.claimed())[0] for _ in range(2)]
    came = clock.now()
    clock.advance(1)
    tasks = [
        asyncio.create_task(node.claim(owner=name, user="ann", since=since, tried=tried))
        for name, since, tried in (("new", None, ()), ("again", came, (first,)))
    ]
    await settle(node)
    assert node.pool.positions() == {"again": 1, "new": 2}
    # The first one does not want what is ready: the other need not wait for that.
    await node.free(_of(claims, first))
    await settle(node)
    assert [task.done() for task in tasks] == [True, False]
    await node.free(_of(claims, second))
    found = await tasks[1]
    assert found is not None
    assert found.owner == "again"


def _of(claims: list[Claim], id_: int) -> Claim:
    (found,) = [one for one in claims if one.credential is not None and one.credential.id == id_]
    return found


async def test_patience_is_for_all_tries_of_a_call(node: PoolNode, clock: ManualClock) -> None:
    await node.fill(1)
    claim, _ = await node.claimed()
    waiting = asyncio.create_task(node.claim(owner="again", waited=WAIT - 10))
    await settle(node)
    clock.advance(9)
    await settle(node)
    assert not waiting.done()
    clock.advance(2)
    assert await waiting is None
    await node.free(claim)


async def test_who_waits_longer_keeps_hope_when_another_gives_up(
    sqlite_url: str, clock: ManualClock
) -> None:
    async with Database(sqlite_url) as database:
        node = PoolNode(database, clock, channel(use_cooldown=100, wait=300))
        await node.fill(1)
        claim, _ = await node.claimed()
        patient = asyncio.create_task(node.claim(owner="patient", user="ann"))
        await settle(node)
        brief = asyncio.create_task(node.claim(owner="brief", user="bob", waited=250))
        await settle(node)
        # What is in use will not be ready for it in time, even if it were freed now.
        assert brief.done()
        assert brief.result() is None
        assert not patient.done()
        brief = asyncio.create_task(node.claim(owner="brief", user="bob", waited=150))
        await settle(node)
        assert node.pool.positions() == {"patient": 1, "brief": 2}
        clock.advance(60)
        credential = claim.credential
        assert credential is not None
        # Behind the other, and yet without hope before it.
        node.pool.exhausted(credential, node.channel, 120, "429")
        await node.free(claim)
        await settle(node)
        assert brief.done()
        assert not patient.done()
        clock.advance(120)
        await settle(node)
        assert await patient is not None
