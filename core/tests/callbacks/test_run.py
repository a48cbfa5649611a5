"""The loop that a serving process runs."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from plugway.callbacks.delivery import BUSY, IDLE
from plugway.storage.database import Database
from plugway.testing.scripted import Seen, answer

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio

OK = answer("200 OK", b"")


async def until(post: Post, states: list[str]) -> None:
    """Let the clock go on until the messages are in these states."""
    async with asyncio.timeout(10):
        while await post.states() != states:
            post.clock.advance(max(BUSY, IDLE))
            await asyncio.sleep(0.01)


async def stop(loop: asyncio.Task[None]) -> None:
    loop.cancel()
    async with asyncio.timeout(10):
        await asyncio.gather(loop, return_exceptions=True)


async def test_messages_go_out_as_they_come(post: Post) -> None:
    post.receiver.scripts = [answer("503 x"), OK]
    loop = asyncio.create_task((await post.node()).run())
    await post.put("a")
    await until(post, ["delivered"])
    await post.put("b")
    await until(post, ["delivered"] * 2)
    await stop(loop)
    assert len(post.receiver.seen) == 3


async def test_what_is_being_sent_at_the_end_is_sent_to_its_end(post: Post) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def hesitate(seen: Seen, reader: Any, writer: Any) -> None:
        arrived.set()
        await go.wait()
        await OK(seen, reader, writer)

    post.receiver.scripts = [hesitate]
    await post.put("a")
    loop = asyncio.create_task((await post.node()).run())
    async with asyncio.timeout(10):
        await arrived.wait()
    loop.cancel()
    await asyncio.sleep(0)
    assert not loop.done()
    go.set()
    async with asyncio.timeout(10):
        await asyncio.wait([loop])
    assert await post.states() == ["delivered"]


async def test_the_loop_outlives_a_database_that_is_away(
    post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    database = Database(post.database.url)
    loop = asyncio.create_task((await post.node(database=database)).run())
    await post.put("a")
    async with asyncio.timeout(10):
        while "the outbox cannot be read" not in caplog.text:
            await asyncio.sleep(0.01)
    await post.stack.enter_async_context(database)
    await until(post, ["delivered"])
    await stop(loop)


async def test_a_result_that_cannot_be_written_is_delivered_again(post: Post) -> None:
    database = Database(post.database.url)
    await database.open()

    async def leave(seen: Seen, reader: Any, writer: Any) -> None:
        await database.close()
        await OK(seen, reader, writer)

    post.receiver.scripts = [leave, OK]
    number = await post.put("a")
    node = await post.node(database=database)
    assert await node.run_once(post.clock.now()) == 1
    assert (await post.get(number)).state == "waiting"
    post.clock.advance(60)
    assert await (await post.node()).run_once(post.clock.now()) == 1
    assert (await post.get(number)).state == "delivered"
    assert len({seen.header("webhook-id") for seen in post.receiver.seen}) == 1
