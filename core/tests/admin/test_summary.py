"""Usage summed up, on every database."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

from plugway.storage.models import UsageRow

pytestmark = pytest.mark.anyio

DAY = 86_400_000_000


async def summed(office: BackOffice, by: str, **query: Any) -> list[tuple[Any, ...]]:
    """Return name, calls, errors, credits of each line."""
    answer = await office.operator.get("/usage/summary", by=by, **query)
    assert answer.status == 200, answer.text
    return [
        (line["name"], line["calls"], line["errors"], line["credits"])
        for line in answer.json["items"]
    ]


async def test_usage_is_summed_up_every_way(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    await office.buy("tea")
    await office.buy("tea/missing")
    await office.buy("parcel")
    await office.buy("tea", office.operator)
    rows = (await office.operator.get("/usage")).json["items"]
    today = rows[0]["created_at"][:10]
    assert await summed(office, "day") == [(today, 4, 1, 27)]
    assert await summed(office, "model") == [("tea", 3, 1, 20), ("parcel", 1, 0, 7)]
    assert await summed(office, "user") == [("alice", 3, 1, 17), ("olga", 1, 0, 10)]
    assert await summed(office, "key") == [("key", 3, 1, 17), ("key", 1, 0, 10)]
    assert await summed(office, "channel") == [("main", 4, 1, 27)]
    assert await summed(office, "ip") == [("127.0.0.1", 4, 1, 27)]
    assert await summed(office, "model", user="olga") == [("tea", 1, 0, 10)]
    assert await summed(office, "model", limit=1) == [("tea", 3, 1, 20)]
    assert await summed(office, "day", model="none") == []
    line = (await office.operator.get("/usage/summary", by="ip")).json["items"][0]
    # What the upstream refused used nothing.
    assert line["input_tokens"] == 9
    assert line["upstream_ms"] == round(sum(row["upstream_ms"] for row in rows) / 4)


async def test_days_begin_at_midnight_utc_and_old_ones_are_asked_for(
    office_anywhere: BackOffice,
) -> None:
    office = office_anywhere
    await office.channel()
    for _ in range(3):
        await office.buy()
    midnight = office.gateway.clock.now() // DAY * DAY

    async def move() -> None:
        times = [midnight, midnight - 1, midnight - 40 * DAY]
        for row, time in zip(await UsageRow.all().order_by("id"), times, strict=True):
            await UsageRow.filter(id=row.id).update(created_at=time)

    await office.gateway.database.transact(move)
    recent = await summed(office, "day")
    assert [line[1:] for line in recent] == [(1, 0, 10), (1, 0, 10)]
    assert recent[0][0] > recent[1][0]
    everything = await summed(office, "day", **{"from": "2001-01-01T00:00:00Z"})
    assert len(everything) == 3
    assert await summed(office, "day", limit=1) == recent[:1]
