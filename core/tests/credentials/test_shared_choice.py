"""Credentials that calls share: a call that has tried one gets another."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest
from pool_nodes import PoolNode, channel

from plugway.contract import ChannelSettings
from plugway.credentials.states import RETRY_SECONDS
from plugway.credentials.verdicts import MAX_REFUSALS
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def node(sqlite_url: str, clock: ManualClock) -> AsyncIterator[PoolNode]:
    """Give a node whose channel is not pooled."""
    shared = msgspec.structs.replace(channel(), settings=ChannelSettings())
    async with Database(sqlite_url) as database:
        yield PoolNode(database, clock, shared)


async def test_another_call_in_between_hides_none(node: PoolNode) -> None:
    first, second = await node.fill(2)
    _, credential = await node.claimed()
    assert credential.id == first
    # Somebody else takes the second, so that the first would be next.
    assert (await node.claimed())[1].id == second
    assert (await node.claimed(tried=[first]))[1].id == second
    assert await node.claim(tried=[first, second]) is None


async def test_one_that_is_not_wanted_loses_no_trial(node: PoolNode, clock: ManualClock) -> None:
    (id_,) = await node.fill(1)
    _, credential = await node.claimed()
    for _ in range(MAX_REFUSALS):
        node.pool.refused(credential, node.channel, "401")
    clock.advance(RETRY_SECONDS)
    assert await node.claim(tried=[id_]) is None
    assert (await node.claimed())[1].id == id_
    await node.idle()
