"""The messages of one task arrive in their order, and wait for nobody else's."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from plugway.callbacks import listing
from plugway.storage.models import CallbackRow
from plugway.testing.scripted import Seen, answer

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
NO = answer("500 No", b"")
OK = answer("200 OK", b"")


def bodies(post: Post) -> list[str]:
    return [seen.body.decode() for seen in post.receiver.seen]


async def test_a_task_s_messages_are_sent_one_after_another(post_anywhere: Post) -> None:
    post = post_anywhere
    for step in ("submitted", "processing", "succeed"):
        for task in ("a", "b"):
            await post.put(task, f"{task} {step}")
    node = await post.node()
    assert await post.work_off(node) == 3
    for task in ("a", "b"):
        own = [body.split()[1] for body in bodies(post) if body.startswith(task)]
        assert own == ["submitted", "processing", "succeed"]
    assert set(await post.states()) == {"delivered"}


async def test_a_later_message_waits_for_the_earlier_and_goes_with_it(post_anywhere: Post) -> None:
    post = post_anywhere
    post.receiver.scripts = [NO]
    first = await post.put("a", "first")
    node = await post.node()
    await node.run_once(post.clock.now())
    post.clock.advance(1)
    second = await post.put("a", "second")
    await post.put("b", "other task")
    assert await post.work_off(node) == 1
    assert bodies(post) == ["first", "other task"]
    # It is not looked at again before the first is.
    assert (await post.get(second)).next_try_at == (await post.get(first)).next_try_at
    assert (await post.get(second)).tries == 0
    post.receiver.scripts = [OK]
    post.clock.advance(10)
    await post.work_off(node)
    own = [body for body in bodies(post) if body != "other task"]
    assert own == ["first", "first", "second"]


async def test_a_later_message_goes_when_the_earlier_is_given_up(post: Post) -> None:
    post.settings = msgspec.structs.replace(post.settings, hours=0)
    post.receiver.scripts = [*[NO] * 5, OK]
    await post.put("a", "first")
    await post.put("a", "second")
    node = await post.node()
    for _ in range(5):
        await node.run_once(post.clock.now())
        post.clock.advance(100)
    assert await post.states() == ["failed", "waiting"]
    assert await node.run_once(post.clock.now()) == 1
    assert await post.states() == ["failed", "delivered"]
    assert bodies(post) == ["first"] * 5 + ["second"]


async def test_a_message_written_while_the_one_before_is_being_sent(post_anywhere: Post) -> None:
    post = post_anywhere
    arrived, go = asyncio.Event(), asyncio.Event()

    async def hesitate(seen: Seen, reader: Any, writer: Any) -> None:
        arrived.set()
        await go.wait()
        await OK(seen, reader, writer)

    post.receiver.scripts = [hesitate, OK]
    await post.put("a", "first")
    node, other = await post.node(), await post.node()
    sending = asyncio.create_task(node.run_once(post.clock.now()))
    async with asyncio.timeout(10):
        await arrived.wait()
    await post.put("a", "second")
    assert await other.run_once(post.clock.now()) == 0
    go.set()
    await sending
    # Due at once, though it was parked until the claim's end.
    assert await other.run_once(post.clock.now()) == 1
    assert bodies(post) == ["first", "second"]


async def test_all_messages_of_a_task_are_sent_again_in_their_order(post: Post) -> None:
    for body in ("first", "second"):
        await post.put("a", body)
    await post.put("b", "other")
    node = await post.node()
    await post.work_off(node)
    assert await listing.resend_all(post.database, "a", post.clock.now()) == 2
    assert await listing.resend_all(post.database, "none", post.clock.now()) == 0
    await post.work_off(node)
    assert bodies(post)[-2:] == ["first", "second"]
    assert len(bodies(post)) == 5


async def test_an_ended_message_holds_up_nobody(post: Post) -> None:
    first = await post.put("a", "first")
    await post.put("a", "second")
    await post.database.run(
        lambda: CallbackRow.filter(id=first).update(state="failed", next_try_at=None)
    )
    assert await (await post.node()).run_once(post.clock.now()) == 1
    assert bodies(post) == ["second"]
