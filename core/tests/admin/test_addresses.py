"""Usage by address over HTTP; what it counts `test_statistics` shows."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio

PLACE = "/api/admin/usage/addresses"


async def test_calls_are_summed_up_by_address(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    agent = {"user-agent": "tea-drinker/1.0 " + "x" * 500}
    await office.user.call("POST", "/shop/tea", {}, headers=agent)
    await office.buy("tea")
    await office.buy("tea/missing")
    await office.gateway.ledger.flush()
    answer = await office.operator.call("GET", PLACE)
    assert answer.status == 200
    found = answer.json
    (line,) = found["items"]
    agents = line.pop("agents")
    assert agents[agent["user-agent"][:128]] == 1
    assert sum(agents.values()) == 3
    first, last = line.pop("first_seen"), line.pop("last_seen")
    assert first < last
    rows = (await office.operator.get("/usage")).json["items"]
    sums = {
        name: sum(row[name] for row in rows)
        for name in ("input_tokens", "output_tokens", "images", "videos")
    }
    assert sums["input_tokens"]
    assert found == {"addresses": 1, "calls": 3, "errors": 1, "items": [line]}
    assert line == {
        "ip": "127.0.0.1",
        "calls": 3,
        "errors": 1,
        "calls_per_minute": 3,
        **sums,
        "models": {"tea": 3},
    }
    other = (await office.operator.call("GET", PLACE, provider="other")).json
    assert other == {"addresses": 0, "calls": 0, "errors": 0, "items": []}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"hours": 0}, "hours"),
        ({"hours": 721}, "hours"),
        ({"hours": "all"}, "hours"),
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"provider": ""}, "provider"),
        ({"order": "ip"}, "order"),
    ],
)
async def test_questions_are_bounded(office: BackOffice, query: Any, field: str) -> None:
    answer = await office.operator.call("GET", PLACE, **query)
    assert answer.error == (400, "bad_request", field)
