"""Several nodes on one outbox, and nodes that die."""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from plugway.callbacks.delivery import SPARE, Deliveries
from plugway.storage.database import Database
from plugway.testing.scripted import Seen, answer

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio

OK = answer("200 OK", b"")
NODE = Path(__file__).with_name("node.py")


async def nodes(post: Post, count: int) -> list[Deliveries]:
    """Make nodes, each with connections of its own."""
    made = []
    for _ in range(count):
        database = await post.stack.enter_async_context(Database(post.database.url))
        made.append(await post.node(database=database))
    return made


async def test_two_nodes_send_each_message_once_and_in_order(post_anywhere: Post) -> None:
    post = post_anywhere
    for step in range(3):
        for task in range(15):
            url = post.url if task % 2 else post.other_url
            await post.put(f"t{task}", f"{task}.{step}", url)
    both = await nodes(post, 2)
    while "waiting" in await post.states():
        await asyncio.gather(*(node.run_once(post.clock.now()) for node in both))
    bodies = [seen.body.decode() for seen in (*post.receiver.seen, *post.other.seen)]
    assert Counter(bodies) == {f"{task}.{step}": 1 for task in range(15) for step in range(3)}
    for task in range(15):
        own = [body for body in bodies if body.startswith(f"{task}.")]
        assert own == sorted(own)
    assert post.counted("callbacks_total", result="delivered") == 45


async def test_a_claim_is_one_node_s_until_it_ends(post_anywhere: Post) -> None:
    post = post_anywhere
    arrived, go = asyncio.Event(), asyncio.Event()

    async def hesitate(seen: Seen, reader: Any, writer: Any) -> None:
        arrived.set()
        await go.wait()
        await answer("500 No")(seen, reader, writer)

    post.receiver.scripts = [hesitate, OK]
    number = await post.put()
    one, two = await nodes(post, 2)
    first = asyncio.create_task(one.run_once(post.clock.now()))
    async with asyncio.timeout(10):
        await arrived.wait()
    claim = post.settings.timeout + SPARE
    post.clock.advance(claim - 0.001)
    assert await two.run_once(post.clock.now()) == 0
    # The first node hangs for longer than its claim: another takes over, and what the first
    # says then changes nothing.
    post.clock.advance(0.001)
    assert await two.run_once(post.clock.now()) == 1
    go.set()
    await first
    record = await post.get(number)
    assert (record.state, record.tries, record.status) == ("delivered", 1, 200)
    ids = {seen.header("webhook-id") for seen in post.receiver.seen}
    assert (len(post.receiver.seen), len(ids)) == (2, 1)


async def test_a_node_that_is_killed_leaves_its_message_to_others(post: Post) -> None:
    process: asyncio.subprocess.Process

    async def kill(seen: Seen, reader: Any, writer: Any) -> None:
        # It is sent, and nobody is told.
        process.kill()
        await process.wait()

    post.receiver.scripts = [kill, OK]
    number = await post.put("call1", '{"task_status":"succeed"}')
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(NODE), post.database.url.reveal(), str(post.clock.now())),
        str(post.receiver.port),
        env=os.environ,
        stdout=PIPE,
    )
    try:
        async with asyncio.timeout(60):
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
    assert len(post.receiver.seen) == 1
    (node,) = await nodes(post, 1)
    assert await node.run_once(post.clock.now()) == 0
    record = await post.get(number)
    assert (record.state, record.tries) == ("waiting", 0)
    post.clock.advance(post.settings.timeout + SPARE)
    assert await node.run_once(post.clock.now()) == 1
    assert (await post.get(number)).state == "delivered"
    first, second = post.receiver.seen
    assert first.header("webhook-id") == second.header("webhook-id") == f"msg_call1_{number}"
    assert first.body == second.body == b'{"task_status":"succeed"}'
