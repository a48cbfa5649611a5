"""Millions of tasks have ended: no query may read them all."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
from task_rows import NOW, TaskRows

from plugway.storage.database import Database
from plugway.tasks import receipts, store
from plugway.tasks.claim import claim

pytestmark = pytest.mark.anyio

Work = Callable[[Database], Awaitable[object]]

QUERIES: dict[str, Work] = {
    "get": lambda d: store.get(d, 1),
    "by call": lambda d: store.by_call(d, "c"),
    "by upstream": lambda d: store.by_upstream(d, "kling", "u"),
    "owned": lambda d: store.owned(d, "kling", "none", user_id=1),
    "page": lambda d: store.page(d, "kling", user_id=1, page=1, size=2),
    "page of kinds": lambda d: store.page(
        d, "kling", user_id=1, kinds=("text2video", "image"), page=2, size=2
    ),
    "search open": lambda d: store.search(d, state="open", after=9),
    "search ended": lambda d: store.search(d, state="ended", provider="kling"),
    "search after": lambda d: store.search(d, provider="kling", after=9),
    "search name": lambda d: store.search(d, text="n", state="open"),
    "counts": lambda d: store.counts(d, NOW),
    "wake": lambda d: store.wake(d, "c", NOW),
    "overdue": lambda d: store.overdue(d, NOW, 10),
    "claim": lambda d: claim(d, NOW, lease_us=1, owner="a", room={1: 5, 2: 5}, limit=8),
    "receipts": lambda d: receipts.of(d, "c", 10),
    "receipt": lambda d: receipts.keep(d, "c", "body", False, NOW),
}


@pytest.fixture
async def sqlite(sqlite_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """Give an open SQLite database, which tells best what it will do."""
    async with Database(sqlite_url) as database:
        yield database


@pytest.mark.parametrize("name", QUERIES)
async def test_it_is_found_by_an_index(
    sqlite: Database, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    rows = TaskRows(sqlite)
    await rows.channel("first")
    await rows.add_all([{}, {"kind": "image"}, {"state": "succeed"}])
    with caplog.at_level(logging.DEBUG, logger="tortoise.db_client"):
        await QUERIES[name](sqlite)
    plans: list[str] = []
    for one in caplog.records:
        if one.name == "tortoise.db_client" and isinstance(one.args, tuple):
            plans += await plan(sqlite, *one.args)
    reads = [line for line in plans if "plugway_task" in line or "plugway_receipt" in line]
    assert reads
    assert [line for line in reads if not line.startswith("SEARCH")] == []


async def plan(database: Database, query: Any, values: Any) -> list[str]:
    """Return how a query would be done."""
    if query.startswith("INSERT"):
        return []
    explained = f"EXPLAIN QUERY PLAN {query}"
    _, rows = await database.run(lambda: database.client.execute_query(explained, values))
    return [str(row["detail"]) for row in rows]
