"""Calls that leave at the moment when another node was quicker."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest
from pool_nodes import SECOND, PoolNode, channel

from plugway.credentials import rows
from plugway.credentials.slot import Slot
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock

pytestmark = pytest.mark.anyio

COOLDOWN = 15.0


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def nodes(sqlite_url: str, clock: ManualClock) -> AsyncIterator[list[PoolNode]]:
    """Give two nodes on one database; none of their calls waits."""
    async with Database(sqlite_url) as one, Database(sqlite_url) as other:
        its = channel(use_cooldown=COOLDOWN, wait=0)
        yield [PoolNode(one, clock, its), PoolNode(other, clock, its)]


async def test_who_leaves_when_it_has_lost_ends_no_rest(
    nodes: list[PoolNode], clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    quicker, slower = nodes
    (id_,) = await quicker.fill(1)
    await slower.pool.load()
    claim = await quicker.claim()
    assert claim is not None

    asking: asyncio.Task[Any]
    possession = slower.pool._claims._possession  # noqa: SLF001  # the very moment counts
    lost = possession._lost  # noqa: SLF001  # see above

    def leave(*words: Any) -> None:
        lost(*words)
        # Told that it has lost, it is cancelled before it hears of it.
        asyncio.get_running_loop().call_soon(asking.cancel)

    freed = asyncio.Event()
    write = rows.write

    async def late(
        database: Database, changes: Sequence[rows.Change], now: int, *, revise: bool
    ) -> list[bool]:
        if database is slower.database:
            await freed.wait()
        return await write(database, changes, now, revise=revise)

    monkeypatch.setattr(possession, "_lost", leave)
    monkeypatch.setattr(rows, "write", late)
    asking = asyncio.create_task(slower.claim())
    with pytest.raises(asyncio.CancelledError):
        await asking
    await quicker.free(claim)
    freed.set()
    await slower.idle()
    row = await quicker.row(id_)
    assert row.next_use_at == clock.now() + round(COOLDOWN * SECOND)
    slot: Slot | None = slower.pool._roster.get(1, id_)  # noqa: SLF001  # see above
    assert slot is not None
    assert (slot.owner, slot.given) == (None, None)
