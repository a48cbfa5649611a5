"""Prices over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio


async def test_defaults_are_listed_and_edits_win(office: BackOffice) -> None:
    await office.channel()
    listed = (await office.operator.get("/prices")).json
    rows = [
        (row["key"], row["dimensions"], row["credits"], row["setting"], row["edited"])
        for row in listed["items"]
    ]
    assert rows == [
        ("parcel", {}, None, "fee", False),
        ("tea", {}, "10", None, False),
        ("tea", {"size": "large"}, "20", None, False),
    ]
    body = {"provider": "shop", "key": "tea", "credits": "25.5"}
    put = (await office.operator.put("/prices", body)).json
    assert (put["credits"], put["edited"]) == ("25.5", True)
    assert put["default"] == {"price": None, "credits": "10", "setting": None}
    assert (await office.operator.get("/prices", key="tea", limit=1)).json["items"] == [put]
    await office.buy()
    assert (await office.admin.get("/users/alice")).json["balance"] == 1000 - 26
    assert (await office.operator.delete("/prices", provider="shop", key="tea")).status == 204
    await office.buy()
    assert (await office.admin.get("/users/alice")).json["balance"] == 1000 - 26 - 10
    gone = await office.operator.delete("/prices", provider="shop", key="tea")
    assert gone.error == (404, "not_found", "key")


async def test_a_price_has_dimensions_of_its_own(office: BackOffice) -> None:
    body = {
        "provider": "shop",
        "key": "tea",
        "price": "0.001",
        "dimensions": {"size": "large", "milk": "*"},
    }
    assert (await office.operator.put("/prices", body)).json["price"] == "0.001"
    edited = [row for row in (await office.operator.get("/prices")).json["items"] if row["edited"]]
    assert [row["dimensions"] for row in edited] == [{"size": "large", "milk": "*"}]
    assert edited[0]["default"]["credits"] == "20"
    wrong = {"provider": "shop", "key": "tea", "dimensions": "size=large"}
    assert (await office.operator.delete("/prices", **wrong)).status == 404
    right = {**wrong, "dimensions": "milk=*&size=large"}
    assert (await office.operator.delete("/prices", **right)).status == 204


async def test_prices_come_in_pages(office: BackOffice) -> None:
    keys: list[Any] = []
    after: str | None = None
    pages = 0
    while pages == 0 or after is not None:
        query: dict[str, Any] = {} if after is None else {"after": after}
        found = (await office.operator.get("/prices", limit=1, **query)).json
        keys += [(row["key"], row["dimensions"]) for row in found["items"]]
        after, pages = found["next"], pages + 1
    assert keys == [("parcel", {}), ("tea", {}), ("tea", {"size": "large"})]
    assert pages == 3


async def test_a_wrong_price_is_refused(office: BackOffice) -> None:
    good = {"provider": "shop", "key": "tea", "credits": "5"}
    changes: list[tuple[dict[str, Any], str]] = [
        ({"provider": "nope"}, "provider"),
        ({"key": ""}, "key"),
        ({"unit": "x" * 33}, "key"),
        ({"credits": None}, "price"),
        ({"price": "1"}, "price"),
        ({"credits": 5}, "credits"),
        ({"credits": "-5"}, "price"),
        ({"credits": "NaN"}, "price"),
        ({"credits": "Infinity"}, "price"),
        ({"credits": "1e400"}, "price"),
        ({"setting": "fee"}, "setting"),
        ({"dimensions": {"size": 5}}, "dimensions[...]"),
        ({"dimensions": {"size": "x" * 300}}, "dimensions"),
    ]
    for change, field in changes:
        answer = await office.operator.put("/prices", {**good, **change})
        assert answer.error == (400, "bad_request", field), (change, answer.text)
    assert not any(row["edited"] for row in (await office.operator.get("/prices")).json["items"])
