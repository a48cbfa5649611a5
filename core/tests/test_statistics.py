"""Statistics of calls on every database: true, and bounded whatever clients send."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from plugway import statistics as module
from plugway.ids import new_id
from plugway.statistics import MODELS, PARTS, Counts, Statistics
from plugway.storage.database import Database
from plugway.storage.models import UsageRow
from plugway.testing import ManualClock

pytestmark = pytest.mark.anyio

HOUR = 3_600_000_000
MINUTE = 60_000_000
#: Half past an hour.
NOW = 1_800_000_000_000_000 // HOUR * HOUR + HOUR // 2


def call(**values: Any) -> UsageRow:
    """Make a row."""
    id_ = new_id()
    standing: dict[str, Any] = {
        "call_id": id_,
        "request_id": id_,
        "account_id": 1,
        "user_id": 1,
        "provider": "shop",
        "model": "tea",
        "status": 200,
        "ip": "192.0.2.1",
        "input_tokens": 3,
        "output_tokens": 5,
        "images": 0,
        "videos": 0,
        "estimated": False,
        "credits": 1,
        "upstream_ms": 1,
        "overhead_us": 1,
        "agent": "curl/8",
        "created_at": NOW,
    }
    return UsageRow(**{**standing, **values})


@pytest.fixture
def clock() -> ManualClock:
    """Return the time."""
    return ManualClock(NOW)


@pytest.fixture
def statistics(database: Database, clock: ManualClock) -> Statistics:
    """Return what is tested."""
    return Statistics(database, clock)


async def put(database: Database, *rows: UsageRow) -> None:
    """Write rows."""
    await database.transact(lambda: UsageRow.bulk_create(rows, batch_size=200))


def test_the_example_in_it_runs() -> None:
    assert doctest.testmod(module).failed == 0


async def test_nothing_is_zero(statistics: Statistics) -> None:
    assert await statistics.totals(0) == Counts()
    assert await statistics.by_model(0) == {}
    assert set((await statistics.by_hour(2)).values()) == {Counts()}
    found = await statistics.by_address(0, 10)
    assert (found.number, found.counts, found.items) == (0, Counts(), [])


async def test_calls_are_summed_up(database: Database, statistics: Statistics) -> None:
    await put(
        database,
        call(images=2),
        call(status=503, error="unavailable", input_tokens=0, output_tokens=0),
        call(status=399, videos=1),
        call(model="parcel", provider="post", status=400),
        call(created_at=NOW - 1, input_tokens=2**40),
    )
    whole = await statistics.totals(NOW)
    assert whole == Counts(calls=4, failed=2, input_tokens=9, output_tokens=15, images=2, videos=1)
    assert whole.succeeded == 2
    assert (await statistics.totals(NOW - 1)).input_tokens == 2**40 + 9
    assert (await statistics.totals(0, provider="post")).calls == 1
    assert (await statistics.totals(0, provider="' OR 1=1 --")).calls == 0
    models = await statistics.by_model(NOW)
    assert [(name, counts.calls) for name, counts in models.items()] == [("tea", 3), ("parcel", 1)]
    assert list(await statistics.by_model(NOW, provider="post")) == ["parcel"]


async def test_hours_are_told_one_by_one(database: Database, statistics: Statistics) -> None:
    begun = NOW - HOUR // 2
    times = [begun, begun - 1, begun - HOUR, begun - 2 * HOUR, begun - 2 * HOUR - 1]
    await put(database, *(call(created_at=time) for time in times))
    found = await statistics.by_hour(3)
    assert [(hour, counts.calls) for hour, counts in found.items()] == [
        (begun - 2 * HOUR, 1),
        (begun - HOUR, 2),
        (begun, 1),
    ]
    quiet = await statistics.by_hour(24, provider="post")
    assert len(quiet) == 24
    assert set(quiet.values()) == {Counts()}


async def test_addresses_are_summed_up(database: Database, statistics: Statistics) -> None:
    far = "2001:db8::1"
    await put(
        database,
        *(call(ip=far, agent="OpenAI/Python 2.0", images=1) for _ in range(3)),
        call(ip=far, agent=None, status=429, model="parcel", created_at=NOW - MINUTE),
        call(created_at=NOW - HOUR, provider="post"),
        call(ip="192.0.2.9", created_at=NOW - HOUR - 1),
    )
    found = await statistics.by_address(NOW - HOUR, 10)
    assert (found.number, found.counts.calls, found.counts.failed) == (2, 5, 1)
    first, second = found.items
    assert (first.ip, first.counts.calls, first.counts.failed, first.counts.images) == (
        far,
        4,
        1,
        3,
    )
    # Of the last 60 seconds.
    assert (first.last_minute, second.last_minute) == (3, 0)
    assert (first.first_seen, first.last_seen) == (NOW - MINUTE, NOW)
    assert (first.models, first.agents) == ({"tea": 3, "parcel": 1}, {"OpenAI/Python 2.0": 3})
    assert (second.ip, second.agents) == ("192.0.2.1", {"curl/8": 1})
    only = await statistics.by_address(0, 10, provider="post")
    assert [one.ip for one in only.items] == ["192.0.2.1"]
    # The sums are of all, the list is not.
    cut = await statistics.by_address(NOW - HOUR, 1)
    assert (cut.number, cut.counts.calls, [one.ip for one in cut.items]) == (2, 5, [far])


async def test_defect_l_what_clients_send_does_not_make_an_answer_grow(
    database: Database, statistics: Statistics
) -> None:
    rows = [call(agent=f"agent {n}", model=f"model {n}") for n in range(PARTS + 10)]
    rows += [call(agent="often", model="often") for _ in range(2)]
    # More addresses than one statement names.
    rows += [call(ip=f"198.51.{n // 250}.{n % 250}") for n in range(600)]
    rows += [call(model=f"model {n}", provider="post") for n in range(MODELS)]
    await put(database, *rows)
    found = await statistics.by_address(0, 1_000, provider="shop")
    assert (found.number, len(found.items)) == (601, 601)
    first = found.items[0]
    assert (len(first.models), len(first.agents)) == (PARTS, PARTS)
    assert next(iter(first.agents.items())) == ("often", 2)
    assert next(iter(first.models.items())) == ("often", 2)
    assert all(one.agents == {"curl/8": 1} for one in found.items[1:])
    assert len(await statistics.by_model(0)) == MODELS


async def test_the_index_on_the_time_is_read(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:
        read = module._ADDRESSES.format(where="created_at >= ? AND provider = ?", limit=1)  # noqa: SLF001  # the statement is what is tested
        plan = await database.run(
            lambda: database.client.execute_query_dict(
                f"EXPLAIN QUERY PLAN {read}", [NOW, NOW, "shop"]
            )
        )
    assert "plugway_usage_created (created_at>?)" in plan[0]["detail"]
