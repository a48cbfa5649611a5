"""Claims: one credential, one call, one node, and a rest after it; on every database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from pool_nodes import KIND, SECOND, VAULT, PoolNode, channel

from plugway.credentials import store
from plugway.credentials.possession import MARGIN_SECONDS
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

COOLDOWN = 15.0


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def nodes(database_url: str, clock: ManualClock) -> AsyncIterator[list[PoolNode]]:
    """Give two nodes on one database; none of their calls waits."""
    async with Database(database_url) as one, Database(database_url) as other:
        its = channel(use_cooldown=COOLDOWN, wait=0)
        yield [PoolNode(one, clock, its), PoolNode(other, clock, its)]


async def test_each_is_used_once_and_then_rests(nodes: list[PoolNode], clock: ManualClock) -> None:
    node, _ = nodes
    ids = await node.fill(3)
    claims = [await node.claim() for _ in range(4)]
    assert claims.pop() is None
    for claim in claims:
        assert claim is not None
        clock.advance(1)
        await node.free(claim)
    # From the moment it was handed back, and the one that has rested longest first.
    clock.advance(COOLDOWN - 3)
    assert await node.claim() is None
    served = []
    for _ in ids:
        clock.advance(1)
        served.append((await node.claimed())[1].id)
    assert served == ids


async def test_the_row_tells_who_has_it_and_until_when(
    nodes: list[PoolNode], clock: ManualClock
) -> None:
    node, _ = nodes
    (id_,) = await node.fill(1)
    claim = await node.claim(owner="call")
    assert claim is not None
    row = await node.row(id_)
    lease = node.channel.settings.total_timeout + MARGIN_SECONDS
    assert (row.claim, row.claimed_until) == ("call", clock.now() + round(lease * SECOND))
    clock.advance(5)
    await node.free(claim)
    row = await node.row(id_)
    assert (row.claim, row.claimed_until) == (None, None)
    assert row.next_use_at == clock.now() + round(COOLDOWN * SECOND)
    # Again changes nothing.
    clock.advance(1)
    await node.free(claim)
    assert (await node.row(id_)).next_use_at == row.next_use_at


async def test_what_one_node_uses_another_does_not(
    nodes: list[PoolNode], clock: ManualClock
) -> None:
    one, other = nodes
    await one.fill(1)
    await other.pool.load()
    claim, _ = await one.claimed()
    assert await other.claim() is None
    assert other.count("lost") == 1
    await one.free(claim)
    clock.advance(COOLDOWN - 0.001)
    assert await other.claim() is None
    clock.advance(0.001)
    assert await other.claim() is not None


async def test_of_many_at_once_each_gets_another(nodes: list[PoolNode]) -> None:
    one, other = nodes
    ids = await one.fill(6)
    await other.pool.load()
    claims = await asyncio.gather(*(node.claim() for _ in range(5) for node in (one, other)))
    got = [claim.credential.id for claim in claims if claim and claim.credential]
    assert sorted(got) == ids


async def test_a_node_that_died_frees_its_credentials(
    nodes: list[PoolNode], clock: ManualClock
) -> None:
    dead, other = nodes
    (id_,) = await dead.fill(1)
    await dead.claimed()
    # It says nothing any more: its task that would extend the claim is not run.
    dead.pool._claims._possession._leases._alarm.set(None)  # noqa: SLF001  # what its death does
    await other.pool.load()
    lease = dead.channel.settings.total_timeout + MARGIN_SECONDS
    # It may have used it to the last moment.
    clock.advance(lease + COOLDOWN - 1)
    assert await other.claim() is None
    clock.advance(1)
    assert (await other.claimed())[1].id == id_


async def test_a_call_that_takes_long_keeps_its_credential(
    nodes: list[PoolNode], clock: ManualClock
) -> None:
    one, other = nodes
    (id_,) = await one.fill(1)
    await other.pool.load()
    claim, _ = await one.claimed()
    lease = one.channel.settings.total_timeout + MARGIN_SECONDS
    for _ in range(8):
        clock.advance(lease / 2)
        await asyncio.sleep(0)
        await one.idle()
        assert ((await one.row(id_)).claimed_until or 0) >= clock.now() + round(lease / 2 * SECOND)
        assert await other.claim() is None
    await one.free(claim)
    clock.advance(COOLDOWN)
    assert (await other.claimed())[1].id == id_


async def test_the_operator_s_word_wins(nodes: list[PoolNode], clock: ManualClock) -> None:
    one, other = nodes
    ids = await one.fill(2)
    await other.pool.load()
    claim, credential = await one.claimed()
    for id_ in ids:
        await store.set_state(other.database, id_, "disabled", "by hand", clock)
    # This node has not heard of it, and the upstream says something else.
    one.pool.exhausted(credential, one.channel, 60, "429", ("text",))
    await one.free(claim)
    for id_ in ids:
        row = await one.row(id_)
        assert (row.state, row.reason, row.cooling_until) == ("disabled", "by hand", None)
        assert (row.claim, row.claimed_until) == (None, None)
    clock.advance(COOLDOWN)
    assert await one.claim() is None
    assert {one.state for one in one.pool.all(1)} == {"disabled"}


async def test_a_secret_that_was_renewed_meanwhile_is_not_blamed(
    nodes: list[PoolNode], clock: ManualClock
) -> None:
    one, other = nodes
    (id_,) = await one.fill(1)
    claim, credential = await one.claimed()
    await store.replace(other.database, VAULT, KIND, id_, "another-secret", clock)
    one.pool.refused(credential, one.channel, "401")
    await one.free(claim)
    assert ((await one.row(id_)).state, credential.secret.reveal()) == ("ready", "secret-00000")
    await one.pool.load()
    clock.advance(COOLDOWN)
    claim, credential = await one.claimed()
    assert (credential.state, credential.secret.reveal()) == ("ready", "another-secret")
    # What was said of the old one is no longer heard.
    await store.replace(other.database, VAULT, KIND, id_, "third-secret", clock)
    await one.pool.load()
    one.pool.refused(credential, one.channel, "401")
    await one.free(claim)
    assert [each.state for each in one.pool.all(1)] == ["ready"]
    assert (await one.row(id_)).claim is None


async def test_a_load_disturbs_no_claim(nodes: list[PoolNode], clock: ManualClock) -> None:
    node, _ = nodes
    (id_, gone) = await node.fill(2)
    claim, credential = await node.claimed()
    await node.pool.load()
    assert node.pool.get(1, id_) is credential
    assert (await node.claimed())[1].id == gone
    assert await node.claim() is None
    await store.remove(node.database, gone)
    await node.pool.load()
    node.pool.free(claim)
    # Handed back, but not written yet.
    await node.pool.load()
    await node.idle()
    assert (await node.row(id_)).claim is None
    clock.advance(COOLDOWN)
    assert (await node.claimed())[1].id == id_
    assert await node.claim() is None


async def test_two_channels_share_nothing(database: Database, clock: ManualClock) -> None:
    node = PoolNode(database, clock, channel(1, wait=0))
    other = PoolNode(database, clock, channel(2, wait=0))
    await node.fill(1)
    await other.fill(1)
    await node.pool.load()
    both = [node.channel, other.channel]
    first, second, third = [
        await node.pool.claim(both, ("text",), owner=str(place)) for place in range(3)
    ]
    assert first is not None
    assert second is not None
    assert (first.channel.id, second.channel.id, third) == (1, 2, None)
