"""What moves a credential of a pool from one state to another, and what a restart keeps."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import get_args

import pytest
from pages import text_of
from pool_nodes import FAILING, KIND, RENEWED, SECOND, VAULT, PoolNode, channel

from plugway.contract import Quota
from plugway.credentials import store
from plugway.credentials.quotas import Quotas
from plugway.credentials.states import (
    MAX_RETRY_SECONDS,
    MEANINGS,
    RETRY_SECONDS,
    Condition,
    CredentialState,
)
from plugway.storage.database import Database
from plugway.storage.models import Revision
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

COOLDOWN = 15.0
TEXT: tuple[Quota, ...] = ("text",)
IMAGES: tuple[Quota, ...] = ("text", "images")
VIDEOS: tuple[Quota, ...] = ("text", "videos")


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def node(sqlite_url: str, clock: ManualClock) -> AsyncIterator[PoolNode]:
    """Give a node whose calls do not wait."""
    async with Database(sqlite_url) as database:
        yield PoolNode(database, clock, channel(use_cooldown=COOLDOWN, wait=0))


async def restarted(node: PoolNode) -> PoolNode:
    """Return the node as it is after a restart."""
    await node.idle()
    again = PoolNode(node.database, node.clock, node.channel)
    await again.pool.load()
    return again


async def failing(node: PoolNode, state: CredentialState, reason: str = "401") -> int:
    """Use one that is refused."""
    claim, credential = await node.claimed()
    node.pool.refused(credential, node.channel, reason, state)
    await node.free(claim)
    return credential.id


def conditions(node: PoolNode) -> dict[Condition, int]:
    return dict(node.pool.conditions(node.channel))


def test_every_state_has_a_meaning() -> None:
    assert set(MEANINGS) == set(get_args(Condition))
    assert set(get_args(CredentialState)) < set(get_args(Condition))
    page = text_of("docs/explanation/pool.md")
    for name, meaning in MEANINGS.items():
        assert f"\n| `{name}` | {meaning} |\n" in page


async def test_a_refused_one_is_out_of_use_at_once_and_its_renewal_is_asked_for(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    assert await failing(node, "expired", "signed out") == id_
    row = await node.row(id_)
    assert (row.state, row.reason, row.failures) == ("expired", "signed out", 1)
    assert node.wanted == [(id_, "signed out")]
    assert node.changes == [(id_, "expired")]
    clock.advance(COOLDOWN)
    assert await node.claim() is None
    assert not node.pool.resting(node.channel)
    assert node.pool.ready_in(node.channel) == RETRY_SECONDS - COOLDOWN


async def test_a_restricted_one_is_not_renewed(node: PoolNode) -> None:
    (id_,) = await node.fill(1)
    await failing(node, "restricted", "403")
    assert ((await node.row(id_)).state, node.wanted) == ("restricted", [])


@pytest.mark.parametrize("state", ["expired", "restricted"])
async def test_it_is_tried_ever_more_rarely_and_one_success_clears_all(
    node: PoolNode, clock: ManualClock, state: CredentialState
) -> None:
    (id_,) = await node.fill(1)
    distance = RETRY_SECONDS
    for _ in range(9):
        await failing(node, state)
        clock.advance(distance - 1)
        assert await node.claim() is None
        assert conditions(node) == {state: 1}
        clock.advance(1)
        assert conditions(node) == {"half_open": 1}
        distance = min(2 * distance, MAX_RETRY_SECONDS)
    # Half open: one call finds out, others do not ask.
    claim, credential = await node.claimed()
    assert await node.claim() is None
    node.pool.succeeded(credential, node.channel)
    await node.free(claim)
    row = await node.row(id_)
    assert (row.state, row.reason, row.failures, row.cooling_until) == ("ready", "", 0, None)
    assert node.changes == [(id_, state), (id_, "ready")]


async def test_a_trial_is_for_a_call_that_has_not_failed_and_one_at_a_time(
    node: PoolNode, clock: ManualClock
) -> None:
    ids = await node.fill(4)
    assert [await failing(node, "expired") for _ in range(3)] == ids[:3]
    clock.advance(RETRY_SECONDS)
    # Who has failed elsewhere gets one that works.
    healthy, credential = await node.claimed(tried=[99])
    assert credential.id == ids[3]
    await node.free(healthy)
    clock.advance(COOLDOWN)
    assert (await node.claimed())[1].id == ids[0]
    assert (await node.claimed())[1].id == ids[3]
    # With nothing else to be had, trying is better than refusing.
    assert (await node.claimed(tried=[99]))[1].id == ids[1]


async def test_a_429_is_no_failure(node: PoolNode, clock: ManualClock) -> None:
    (id_,) = await node.fill(1)
    for round_ in range(5):
        claim, credential = await node.claimed()
        node.pool.exhausted(credential, node.channel, 100, "slow down", TEXT)
        # Many of the same news do not add up.
        node.pool.exhausted(credential, node.channel, 100, "slow down", TEXT)
        await node.free(claim)
        row = await node.row(id_)
        assert (row.state, row.failures, row.reason) == ("cooling", 0, "slow down")
        assert row.cooling_until == clock.now() + 100 * SECOND
        assert node.pool.resting(node.channel)
        assert node.pool.ready_in(node.channel) == 100
        clock.advance(99)
        assert await node.claim() is None
        clock.advance(1)
        assert len(node.changes) == 1, round_
    assert node.wanted == []
    assert await node.use() == id_
    assert node.changes == [(id_, "cooling"), (id_, "ready")]


@pytest.mark.parametrize(
    ("quotas", "asked", "rest"),
    [
        (TEXT, None, 7_200.0),
        (IMAGES, None, 14_400.0),
        (VIDEOS, None, 14_400.0),
        (TEXT, 12.5, 12.5),
        (VIDEOS, 1e9, 86_400.0),
        (IMAGES, -5.0, COOLDOWN),
        (TEXT, 0.0, COOLDOWN),
    ],
)
async def test_how_long_it_rests(
    node: PoolNode,
    clock: ManualClock,
    quotas: tuple[Quota, ...],
    asked: float | None,
    rest: float,
) -> None:
    await node.fill(1)
    claim, credential = await node.claimed(*quotas)
    node.pool.exhausted(credential, node.channel, asked, "429", quotas)
    await node.free(claim)
    assert node.pool.ready_in(node.channel, quotas) == max(rest, COOLDOWN)


async def test_one_kind_used_up_does_not_stop_the_others(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    claim, credential = await node.claimed(*IMAGES)
    node.pool.exhausted(credential, node.channel, 1_000, "no more images today", IMAGES)
    await node.free(claim)
    assert (await node.row(id_)).state == "ready"
    node = await restarted(node)
    clock.advance(COOLDOWN)
    assert await node.claim(*IMAGES) is None
    assert node.pool.ready_in(node.channel, IMAGES) == 1_000 - COOLDOWN
    assert await node.use(*TEXT) == id_
    clock.advance(COOLDOWN)
    assert await node.use(*VIDEOS) == id_
    clock.advance(1_000)
    assert await node.use(*IMAGES) == id_
    assert Quotas.read((await node.row(id_)).quotas).rests == {}


async def test_used_up_text_stops_all_and_its_end_is_kept(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    claim, credential = await node.claimed()
    node.pool.exhausted(credential, node.channel, None, "429", TEXT)
    await node.free(claim)
    node = await restarted(node)
    clock.advance(7_199)
    assert await node.claim(*IMAGES) is None
    assert conditions(node) == {"cooling": 1}
    clock.advance(1)
    assert await node.use(*IMAGES) == id_
    assert conditions(node) == {"ready": 1}


async def test_a_day_has_so_many_uses_after_a_restart_too(
    sqlite_url: str, clock: ManualClock
) -> None:
    async with Database(sqlite_url) as database:
        its = channel(use_cooldown=0, wait=0, daily_text=4, daily_images=2)
        node = PoolNode(database, clock, its)
        (id_,) = await node.fill(1)
        for _ in range(2):
            await node.use(*IMAGES)
        assert await node.claim(*IMAGES) is None
        node = await restarted(node)
        assert await node.claim(*IMAGES) is None
        # What did not succeed is not counted.
        claim, _ = await node.claimed()
        await node.free(claim)
        for _ in range(2):
            await node.use(*TEXT)
        assert await node.claim(*TEXT) is None
        assert conditions(node) == {"cooling": 1}
        used = Quotas.read((await node.row(id_)).quotas)
        assert used.uses == {"text": 4, "images": 2}
        wait = node.pool.ready_in(node.channel, IMAGES)
        assert wait is not None
        assert node.pool.resting(node.channel)
        clock.advance(wait - 1)
        assert await node.claim() is None
        clock.advance(1)
        await node.use(*IMAGES)
        assert Quotas.read((await node.row(id_)).quotas).uses == {"text": 1, "images": 1}


async def test_two_nodes_count_together(sqlite_url: str, clock: ManualClock) -> None:
    its = channel(use_cooldown=1, wait=0, daily_text=6)
    async with Database(sqlite_url) as one, Database(sqlite_url) as other:
        nodes = [PoolNode(one, clock, its), PoolNode(other, clock, its)]
        await nodes[0].fill(1)
        await nodes[1].pool.load()
        for place in range(6):
            await nodes[place % 2].use()
            clock.advance(1)
        assert [await node.claim() for node in nodes] == [None, None]


async def test_new_limits_count_at_once(node: PoolNode, clock: ManualClock) -> None:
    await node.fill(1)
    for _ in range(3):
        await node.use()
        clock.advance(COOLDOWN)
    node.channel = channel(use_cooldown=COOLDOWN, wait=0, daily_text=3)
    assert await node.claim() is None
    node.channel = channel(use_cooldown=COOLDOWN, wait=0, daily_text=4)
    assert await node.claim() is not None


async def test_a_quarantine_ends_with_a_renewal_and_not_by_itself(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    await failing(node, "expired")
    assert await node.decided(id_, FAILING, "quarantined", "three renewals failed")
    clock.advance(10 * MAX_RETRY_SECONDS)
    assert await node.claim() is None
    assert node.pool.ready_in(node.channel) is None
    assert conditions(node) == {"quarantined": 1}
    node = await restarted(node)
    assert await node.claim() is None
    assert await node.decided(id_, RENEWED, "ready")
    assert await node.use() == id_


async def test_a_renewed_one_has_its_new_secret_and_its_rests(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    claim, credential = await node.claimed(*IMAGES)
    node.pool.exhausted(credential, node.channel, 50_000, "429", IMAGES)
    await node.free(claim)
    clock.advance(COOLDOWN)
    await failing(node, "expired")
    await store.replace(node.database, VAULT, KIND, id_, "fresh-secret", clock)
    await node.decided(id_, RENEWED, "ready")
    clock.advance(COOLDOWN)
    assert await node.claim(*IMAGES) is None
    _, credential = await node.claimed()
    assert (credential.secret.reveal(), credential.failures) == ("fresh-secret", 0)


async def test_the_operator_clears_everything(node: PoolNode, clock: ManualClock) -> None:
    (id_,) = await node.fill(1)
    for quotas in (IMAGES, TEXT):
        claim, credential = await node.claimed(*quotas)
        node.pool.exhausted(credential, node.channel, 50_000, "429", quotas)
        await node.free(claim)
        clock.advance(COOLDOWN)
    assert await node.claim() is None
    await store.clear(node.database, id_, clock)
    await node.pool.load()
    assert await node.use(*IMAGES) == id_


async def test_a_test_that_works_ends_what_a_refusal_began(
    node: PoolNode, clock: ManualClock
) -> None:
    (id_,) = await node.fill(1)
    await failing(node, "expired")
    (credential,) = node.pool.all(1)
    node.pool.succeeded(credential, node.channel)
    await node.idle()
    clock.advance(COOLDOWN)
    claim, credential = await node.claimed()
    node.pool.exhausted(credential, node.channel, None, "429", TEXT)
    await node.free(claim)
    # That it signs in says nothing of its quota.
    node.pool.succeeded(credential, node.channel)
    await node.idle()
    assert (await node.row(id_)).state == "cooling"
    assert Quotas.read((await node.row(id_)).quotas).uses == {}


async def test_other_nodes_hear_of_what_matters(
    node: PoolNode, sqlite_url: str, clock: ManualClock
) -> None:
    async def revision() -> int:
        return int((await node.database.run(lambda: Revision.get(id=1))).number)

    await node.fill(2)
    before = await revision()
    await node.use()
    claim, credential = await node.claimed()
    node.pool.exhausted(credential, node.channel, 1, "429", TEXT)
    await node.free(claim)
    # Ten thousand accounts that cool now and then do not make every node load all the time.
    assert await revision() == before
    clock.advance(COOLDOWN)
    await failing(node, "expired")
    assert await revision() == before + 1
