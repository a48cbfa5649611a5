"""Many messages: a slow or dead receiver holds up nobody else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from plugway.callbacks import delivery
from plugway.testing.scripted import Seen, answer

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio

OK = answer("200 OK", b"")


class Gate:
    """Is a script that answers when told, and counts who waits."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.waiting = self.most = 0
        self.changed = asyncio.Condition()

    async def __call__(self, seen: Seen, reader: Any, writer: Any) -> None:
        async with self.changed:
            self.waiting += 1
            self.most = max(self.most, self.waiting)
            self.changed.notify_all()
        await self.open.wait()
        self.waiting -= 1
        await OK(seen, reader, writer)

    async def reached(self, count: int) -> None:
        async with asyncio.timeout(10), self.changed:
            await self.changed.wait_for(lambda: self.waiting >= count)


async def test_a_slow_host_gets_few_at_once_and_others_go_on(post: Post) -> None:
    gate = Gate()
    post.receiver.scripts = [gate]
    post.settings = msgspec.structs.replace(post.settings, timeout=30, per_host=3)
    for number in range(20):
        await post.put(f"slow{number}")
    node = await post.node()
    slow = asyncio.create_task(node.run_once(post.clock.now()))
    await gate.reached(3)
    for number in range(20):
        await post.put(f"quick{number}", url=post.other_url)
    while await node.run_once(post.clock.now()):
        pass
    assert len(post.other.seen) == 20
    assert (gate.waiting, gate.most) == (3, 3)
    gate.open.set()
    assert await slow == 3
    await post.work_off(node)
    assert len(post.receiver.seen) == 20
    assert gate.most == 3
    assert set(await post.states()) == {"delivered"}


async def test_no_more_than_so_many_at_once(post: Post) -> None:
    gate = Gate()
    post.receiver.scripts = [gate]
    post.other.scripts = [gate]
    post.settings = msgspec.structs.replace(post.settings, timeout=30, concurrency=5, per_host=4)
    for number in range(10):
        await post.put(f"a{number}")
        await post.put(f"b{number}", url=post.other_url)
    node = await post.node()
    first = asyncio.create_task(node.run_once(post.clock.now()))
    await gate.reached(5)
    assert await node.run_once(post.clock.now()) == 0
    gate.open.set()
    assert await first == 5
    await post.work_off(node)
    assert gate.most == 5
    assert set(await post.states()) == {"delivered"}


async def test_the_backlog_of_one_host_does_not_hide_the_others(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery, "SCAN", 10)
    post.receiver.scripts = [answer("500 No", b"")]
    for number in range(50):
        await post.put(f"dead{number}")
        if number == 45:
            post.clock.advance(1)
            await post.put("alive", "hello", post.other_url)
    node = await post.node()
    for _ in range(10):
        if post.other.seen:
            break
        await node.run_once(post.clock.now())
    assert [seen.body for seen in post.other.seen] == [b"hello"]
    # Those that stood aside have not been counted as tried, and come again.
    assert len(post.receiver.seen) < 50
    post.clock.advance(10)
    before = len(post.receiver.seen)
    assert await node.run_once(post.clock.now()) == 4
    assert len(post.receiver.seen) == before + 4
