"""With ten thousand credentials a claim looks at a handful."""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from pool_nodes import VAULT, PoolNode, channel

from plugway.contract import Quota
from plugway.credentials import index as index_module
from plugway.credentials import rows
from plugway.credentials.claims import ATTEMPTS
from plugway.credentials.index import Index
from plugway.credentials.pool import Credential
from plugway.credentials.possession import LOOK
from plugway.credentials.rotation import CREDENTIAL_SECRET
from plugway.storage.database import Database
from plugway.storage.models import CredentialRow
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

NUMBER = 10_000
COOLDOWN = 15.0

#: What a claim and its end may touch, places in queues included: some times the depth of a heap.
MOST = 4 * round(math.log2(NUMBER))


class Counting:
    """Counts what a pool does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.counts: Counter[str] = Counter()
        ready_at, read, taken = Index.ready_at, rows.read, rows.take

        def count_ready_at(*given: Any) -> int | None:
            self.counts["looked at"] += 1
            return ready_at(*given)

        async def count_read(database: Database, ids: Any) -> Any:
            found = await read(database, ids)
            self.counts["rows"] += len(found)
            return found

        async def count_taken(*given: Any, **options: Any) -> Any:
            taking = await taken(*given, **options)
            self.counts["rows"] += len(taking[1])
            self.counts["asked"] += 1
            return taking

        patch.setattr(Index, "ready_at", count_ready_at)
        patch.setattr(rows, "read", count_read)
        patch.setattr(rows, "take", count_taken)
        patch.setattr(index_module, "heapq", self)

    def heappush(self, queue: list[Any], place: Any) -> None:
        self.counts["places"] += 1
        heapq.heappush(queue, place)

    def heappop(self, queue: list[Any]) -> Any:
        self.counts["places"] += 1
        return heapq.heappop(queue)

    def heapify(self, queue: list[Any]) -> None:
        self.counts["rebuilt"] += 1
        heapq.heapify(queue)

    def taken(self) -> Counter[str]:
        counts, self.counts = self.counts, Counter()
        return counts


async def fill(database: Database, number: int) -> None:
    def row(place: int) -> CredentialRow:
        made = CredentialRow(
            channel_id=1, kind="pooled", masked="…", digest=f"{place:064x}", state="ready",
            reason="", failures=0, created_at=0, updated_at=0,
        )  # fmt: skip
        place_ = CREDENTIAL_SECRET.of(CREDENTIAL_SECRET.row(made))
        made.sealed = VAULT.seal(f"secret-{place}", **place_)
        return made

    async def work() -> None:
        for start in range(0, number, 500):
            await CredentialRow.bulk_create([row(place) for place in range(start, start + 500)])

    await database.transact(work)


@pytest.fixture
async def node(sqlite_url: str) -> AsyncIterator[PoolNode]:
    """Give a node with ten thousand credentials, loaded."""
    async with Database(sqlite_url) as database:
        await fill(database, NUMBER)
        node = PoolNode(database, ManualClock(), channel(use_cooldown=COOLDOWN, wait=0))
        await node.pool.load()
        yield node


async def test_a_claim_touches_a_handful(node: PoolNode, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = node.clock
    assert isinstance(clock, ManualClock)
    kinds: list[tuple[Quota, ...]] = [("text",), ("text", "images"), ("text", "videos")]
    for quotas in kinds:
        await node.free((await node.claimed(*quotas))[0])
    counting = Counting(monkeypatch)
    for round_ in range(60):
        claim, credential = await node.claimed(*kinds[round_ % 3])
        if round_ % 3 == 1:
            node.pool.exhausted(credential, node.channel, 100, "429", kinds[1])
        elif round_ % 5 == 0:
            node.pool.refused(credential, node.channel, "401")
        else:
            node.pool.succeeded(credential, node.channel)
        await node.free(claim)
        counts = counting.taken()
        assert counts["asked"] == 1
        assert counts["rows"] == 1
        assert counts["looked at"] + counts["places"] <= MOST
        assert not counts["rebuilt"]
    # Also at the moment when a great many have become ready, or none has.
    clock.advance(COOLDOWN)
    await node.claimed()
    assert counting.taken()["places"] <= MOST
    assert node.pool.ready_in(node.channel) == 0
    assert node.pool.resting(node.channel)
    assert counting.taken()["looked at"] == 0


async def test_one_that_finds_all_used_elsewhere_asks_a_few_times(
    node: PoolNode, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = node.clock.now()

    async def use_all() -> None:
        await CredentialRow.all().update(claim="other", claimed_until=now + 10**12)

    async with Database(sqlite_url) as database:
        await database.run(use_all)
    counting = Counting(monkeypatch)
    assert await node.claim() is None
    first = counting.taken()
    assert first["asked"] <= 2 * ATTEMPTS
    assert first["rows"] <= 2 * ATTEMPTS * (1 + LOOK)
    # Each time it learns of more, until it has seen all.
    for _ in range(NUMBER // (ATTEMPTS * LOOK)):
        assert await node.claim() is None
        assert counting.taken()["asked"] <= 2 * ATTEMPTS
    assert await node.claim() is None
    assert counting.taken()["asked"] == 0


async def test_a_load_that_brings_nothing_new_opens_nothing(
    node: PoolNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node.pool.all(1)
    claim, credential = await node.claimed()
    counting = Counting(monkeypatch)

    async def never(*_: Any) -> Any:
        pytest.fail("a secret was read that is known")

    monkeypatch.setattr(rows, "sealed", never)
    await node.pool.load()
    assert list(map(id, node.pool.all(1))) == list(map(id, before))
    # Of what has not changed nothing is looked at but whether it has.
    assert counting.taken()["looked at"] <= 2
    assert isinstance(credential, Credential)
    await node.free(claim)


async def test_queues_do_not_grow_with_use(sqlite_url: str) -> None:
    clock = ManualClock()
    async with Database(sqlite_url) as database:
        node = PoolNode(database, clock, channel(use_cooldown=0, wait=0))
        await node.fill(3)
        for _ in range(150):
            await node.use()
            clock.advance(1)
        index = node.pool._claims.line(node.channel).index  # noqa: SLF001  # its memory
        places = sum(len(queue) for queues in index._queues.values() for queue in queues)  # noqa: SLF001
        assert places <= 2 * 3 + 65
