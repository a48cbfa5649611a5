"""What is said of a credential is written in order, and the last word stands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from pool_nodes import PoolNode, channel

from plugway import Channel, ChannelSettings
from plugway.credentials import rows, store
from plugway.credentials.pool import Credential
from plugway.credentials.verdicts import MAX_REFUSALS
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

SHARED = msgspec.structs.replace(channel(), settings=ChannelSettings())


@pytest.fixture(params=[SHARED, channel(use_cooldown=0, wait=0)], ids=["shared", "pooled"])
async def node(sqlite_url: str, request: pytest.FixtureRequest) -> AsyncIterator[PoolNode]:
    """Give a node with one channel, of either sort."""
    its: Channel = request.param
    async with Database(sqlite_url) as database:
        yield PoolNode(database, ManualClock(), its)


async def only(node: PoolNode) -> Credential:
    await node.fill(1)
    (credential,) = node.pool.all(1)
    return credential


def refuse(node: PoolNode, credential: Credential) -> None:
    for _ in range(MAX_REFUSALS):
        node.pool.refused(credential, node.channel, "401")


async def test_of_many_words_the_last_one_stands(
    node: PoolNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await only(node)
    written, write = [], rows.write

    async def counted(database: Database, changes: Any, now: int, *, revise: bool) -> Any:
        written.extend(changes)
        return await write(database, changes, now, revise=revise)

    monkeypatch.setattr(rows, "write", counted)
    for _ in range(50):
        refuse(node, credential)
        node.pool.exhausted(credential, node.channel, 60, "429")
        node.pool.refused(credential, node.channel, "401")
        node.pool.succeeded(credential, node.channel)
    await node.idle()
    row = await node.row(credential.id)
    assert (row.state, row.failures, row.cooling_until) == ("ready", 0, None)
    assert len(written) == 1


async def test_what_is_said_while_something_is_written_is_written_after_it(
    node: PoolNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await only(node)
    write = rows.write
    said = iter([lambda: node.pool.exhausted(credential, node.channel, 60, "429")])

    async def slow(*given: Any, **options: Any) -> Any:
        done = await write(*given, **options)
        next(said, lambda: None)()
        # Another process, or this write itself, has all rows loaded again.
        await node.pool.load()
        return done

    monkeypatch.setattr(rows, "write", slow)
    refuse(node, credential)
    await node.idle()
    assert (await node.row(credential.id)).state == credential.state == "cooling"


async def test_a_load_in_the_middle_brings_no_old_news(
    node: PoolNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    credential = await only(node)
    page, may, read = rows.page, asyncio.Event(), asyncio.Event()

    async def slow(*given: Any) -> Any:
        found = await page(*given)
        read.set()
        await may.wait()
        return found

    monkeypatch.setattr(rows, "page", slow)
    loading = asyncio.create_task(node.pool.load())
    await read.wait()
    # Said and written after the rows were read.
    refuse(node, credential)
    await node.idle()
    may.set()
    await loading
    assert (await node.row(credential.id)).state == credential.state == "expired"


async def test_the_operator_s_word_is_not_overwritten(node: PoolNode) -> None:
    credential = await only(node)
    for state in ("disabled", "ready"):
        # This process has not heard of it when the upstream says something else.
        await store.set_state(node.database, credential.id, state, "by hand", node.clock)
        refuse(node, credential)
        await node.idle()
        row = await node.row(credential.id)
        assert (row.state, row.reason) == (state, "by hand")


@pytest.mark.parametrize("node", [SHARED], indirect=True)
async def test_shared_ones_take_turns(node: PoolNode) -> None:
    ids = await node.fill(3)
    chosen = [node.pool.choose(node.channel) for _ in range(6)]
    assert [one.id for one in chosen if one] == ids * 2
    claims = [await node.claim() for _ in range(6)]
    assert [claim.exclusive for claim in claims if claim] == [False] * 6


@pytest.mark.parametrize("node", [channel()], indirect=True)
async def test_pooled_ones_are_not_chosen(node: PoolNode) -> None:
    # Whoever does not claim would share what serves one call at a time.
    await node.fill(3)
    assert node.pool.choose(node.channel) is None


@pytest.mark.parametrize("node", [SHARED], indirect=True)
async def test_refusals_in_a_row_are_counted_across_loads(node: PoolNode) -> None:
    credential = await only(node)
    for _ in range(MAX_REFUSALS):
        assert credential.state == "ready"
        node.pool.refused(credential, node.channel, "401")
        # Somebody has added a user, say.
        await node.pool.load()
    assert credential.state == "expired"
