"""Usage over HTTP, on every database."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio


async def test_each_call_has_a_row(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    answer = await office.buy()
    await office.buy("tea/missing")
    found = (await office.operator.get("/usage")).json
    assert found["next"] is None
    missing, bought = found["items"]
    assert bought["request_id"] == answer.headers["x-request-id"]
    assert {
        name: bought[name] for name in ("user", "key", "provider", "model", "channel", "ip")
    } == {
        "user": "alice",
        "key": "key",
        "provider": "shop",
        "model": "tea",
        "channel": "main",
        "ip": "127.0.0.1",
    }
    assert (bought["credits"], bought["status"], bought["error"]) == (10, 200, None)
    assert (bought["input_tokens"], bought["estimated"]) == (3, False)
    assert (missing["credits"], missing["status"]) == (0, 404)
    one = (await office.operator.get("/usage", request_id=bought["request_id"])).json["items"]
    assert one == [bought]


async def test_filters_choose(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    body = {"user": "alice", "name": "phone"}
    phone = office.caller((await office.admin.post("/keys", body)).json["key"])
    await office.buy("tea")
    await office.buy("parcel", phone)
    await office.buy("tea", office.operator)
    rows = (await office.operator.get("/usage")).json["items"]

    async def found(**query: str) -> list[tuple[str, str]]:
        items = (await office.operator.get("/usage", **query)).json["items"]
        return [(row["user"], row["model"]) for row in items]

    assert await found() == [("olga", "tea"), ("alice", "parcel"), ("alice", "tea")]
    assert await found(user="alice") == [("alice", "parcel"), ("alice", "tea")]
    assert await found(user="alice", key="phone") == [("alice", "parcel")]
    number = str((await office.admin.get("/keys", search="phone")).json["items"][0]["id"])
    assert await found(key=number) == await found(user="alice", key=number)
    assert await found(key=number) == [("alice", "parcel")]
    answer = await office.operator.get("/usage", user="olga", key=number)
    assert answer.error == (400, "bad_request", "key")
    assert await found(model="tea") == [("olga", "tea"), ("alice", "tea")]
    assert await found(provider="shop", channel="main", user="olga") == [("olga", "tea")]
    assert await found(provider="other") == []
    times = [row["created_at"] for row in rows]
    assert await found(**{"from": times[1]}) == [("olga", "tea"), ("alice", "parcel")]
    assert await found(to=times[1]) == [("alice", "tea")]
    assert await found(**{"from": times[2], "to": times[0], "model": "parcel"}) == [
        ("alice", "parcel")
    ]


async def test_rows_come_in_pages(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    for _ in range(5):
        await office.buy()
    whole = (await office.operator.get("/usage")).json["items"]
    found: list[Any] = []
    query: dict[str, Any] = {}
    pages = 0
    while pages == 0 or query["after"] is not None:
        page = (await office.operator.get("/usage", limit=2, **query)).json
        found += page["items"]
        query, pages = {"after": page["next"]}, pages + 1
    assert found == whole
    assert (len(whole), pages) == (5, 3)
