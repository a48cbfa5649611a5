"""When a message is tried again, and when it is given up."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway.callbacks import listing
from plugway.callbacks.schedule import FIRST, LONGEST, gives_up, wait_after
from plugway.testing.scripted import Seen, answer

if TYPE_CHECKING:
    from core.tests.callbacks.conftest import Post

pytestmark = pytest.mark.anyio

SECOND = 1_000_000
HOUR = 3600 * SECOND
NO = answer("500 No", b"")
OK = answer("200 OK", b"")
CHANCE = st.floats(0, 1)


@given(st.integers(1, 10_000), st.none() | st.floats(0, 1e9), CHANCE)
def test_a_wait_is_bounded(tries: int, retry_after: float | None, chance: float) -> None:
    wait = wait_after(tries, retry_after, chance)
    assert 0.8 * FIRST - 0.001 < wait < 1.2 * LONGEST + 0.001
    if retry_after is not None:
        assert wait >= min(retry_after, LONGEST)


@given(st.integers(1, 100), CHANCE, CHANCE)
def test_waits_grow(tries: int, one: float, other: float) -> None:
    # Whatever chance says, up to the longest.
    if FIRST * 2**tries <= LONGEST:
        assert wait_after(tries, None, one) < wait_after(tries + 1, None, other)
    assert wait_after(tries, None, 0.5) <= wait_after(tries + 1, None, 0.5)


@given(st.integers(1, 100), st.integers(0, 10**15), st.integers(0, 10**12), st.floats(0, 720))
def test_five_tries_are_made_in_any_case(tries: int, made: int, later: int, hours: float) -> None:
    over = gives_up(tries, made, made + later, hours)
    assert over == (tries >= 5 and later > round(hours * HOUR))


async def tries_of(post: Post, number: int) -> list[int]:
    """Let a message be tried until it is given up; return the microseconds of the tries."""
    node, start = await post.node(), post.clock.now()
    moments = []
    while (due := (await post.get(number)).next_try_at) is not None:
        # A moment before it is due, nothing happens.
        post.clock.advance((due - 1 - post.clock.now()) / SECOND)
        assert await node.run_once(post.clock.now()) == 0
        post.clock.advance(1 / SECOND)
        assert await node.run_once(post.clock.now()) == 1
        moments.append(due - start)
    return moments


async def test_a_dead_receiver_is_tried_for_a_day_and_then_there_is_an_alert(post: Post) -> None:
    post.receiver.scripts = [NO]
    number = await post.put(next_try_at=post.clock.now() + 1)
    moments = await tries_of(post, number)
    gaps = [later - earlier for earlier, later in pairwise(moments)]
    assert gaps[:4] == [5 * SECOND, 10 * SECOND, 20 * SECOND, 40 * SECOND]
    assert gaps[-1] == HOUR
    assert gaps == sorted(gaps)
    assert 23 * HOUR < moments[-1] <= 24 * HOUR
    record = await post.get(number)
    assert (record.state, record.tries, record.status) == ("failed", len(moments), 500)
    assert len(post.receiver.seen) == len(moments)
    assert len({seen.header("webhook-id") for seen in post.receiver.seen}) == 1
    assert post.counted("callbacks_total", result="retried") == len(moments) - 1
    assert post.counted("callbacks_total", result="failed") == 1
    assert post.counted("alerts_total", kind="callback_failed") == 1


async def test_a_message_found_late_gets_five_tries_all_the_same(post: Post) -> None:
    post.receiver.scripts = [NO]
    week = 7 * 24 * HOUR
    now = post.clock.now()
    number = await post.put(created_at=now - week, next_try_at=now + 1)
    assert len(await tries_of(post, number)) == 5
    assert (await post.get(number)).state == "failed"


@pytest.mark.parametrize(
    ("stated", "seconds"), [("60", 60), ("1", 5), ("86400", 3600), ("soon", 5), ("-9", 5)]
)
async def test_a_receiver_may_ask_for_time(post: Post, stated: str, seconds: int) -> None:
    post.receiver.scripts = [answer("429 Slow", b"", f"Retry-After: {stated}")]
    number = await post.put()
    await (await post.node()).run_once(post.clock.now())
    assert (await post.get(number)).next_try_at == post.clock.now() + seconds * SECOND


async def test_a_failed_message_is_sent_again_when_somebody_asks(post: Post) -> None:
    post.receiver.scripts = [NO]
    post.settings = msgspec.structs.replace(post.settings, hours=0)
    number = await post.put(next_try_at=post.clock.now() + 1)
    assert len(await tries_of(post, number)) == 5
    post.receiver.scripts = [NO, OK]
    record = await listing.resend(post.database, number, post.clock.now())
    assert (record.state, record.tries) == ("waiting", 0)
    node = await post.node()
    assert await node.run_once(post.clock.now()) == 1
    # It has its five tries anew.
    assert (await post.get(number)).state == "waiting"
    post.clock.advance(5)
    assert await node.run_once(post.clock.now()) == 1
    assert (await post.get(number)).state == "delivered"
    assert len({seen.header("webhook-id") for seen in post.receiver.seen}) == 1


async def test_sent_again_while_it_is_being_sent(post: Post) -> None:
    arrived, go = asyncio.Event(), asyncio.Event()

    async def hesitate(seen: Seen, reader: Any, writer: Any) -> None:
        arrived.set()
        await go.wait()
        await NO(seen, reader, writer)

    post.receiver.scripts = [hesitate, OK]
    number = await post.put()
    node = await post.node()
    first = asyncio.create_task(node.run_once(post.clock.now()))
    async with asyncio.timeout(10):
        await arrived.wait()
    await listing.resend(post.database, number, post.clock.now())
    go.set()
    await first
    # The failure of the first does not put the second off.
    assert (await post.get(number)).next_try_at == post.clock.now()
    assert post.counted("callbacks_total", result="retried") == 0
    assert await node.run_once(post.clock.now()) == 1
    assert (await post.get(number)).state == "delivered"
