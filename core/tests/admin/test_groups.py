"""Groups over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio


async def test_a_group_is_added_changed_listed_and_deleted(office: BackOffice) -> None:
    body = {"name": "gold", "models": ["tea"], "rate": "60/minute"}
    added = await office.admin.post("/groups", body)
    assert added.status == 201
    assert {name: added.json[name] for name in body} == body
    assert (await office.admin.post("/groups", body)).error == (409, "conflict", "name")
    changed = await office.admin.patch("/groups/gold", {"name": "silver", "models": None})
    assert (changed.json["name"], changed.json["models"], changed.json["rate"]) == (
        "silver",
        None,
        "60/minute",
    )
    assert (await office.operator.get("/groups/silver")).json == changed.json
    assert (await office.operator.get("/groups")).json == {"items": [changed.json], "next": None}
    assert (await office.admin.delete("/groups/silver")).status == 204
    assert (await office.admin.get("/groups/silver")).error[:2] == (404, "not_found")


async def test_a_group_in_use_stays(office: BackOffice) -> None:
    await office.admin.post("/groups", {"name": "gold"})
    await office.admin.patch("/users/alice", {"group": "gold"})
    assert (await office.admin.delete("/groups/gold")).error[:2] == (409, "conflict")


async def test_a_groups_models_bind_its_users_at_once(office: BackOffice) -> None:
    await office.channel()
    await office.admin.post("/groups", {"name": "gold", "models": ["parcel"]})
    assert (await office.buy("tea")).status == 200
    await office.admin.patch("/users/alice", {"group": "gold"})
    assert (await office.buy("tea")).error == (403, "not_permitted", "model")
    assert (await office.buy("parcel")).status == 200


async def test_a_wrong_value_is_named(office: BackOffice) -> None:
    for body, field in [
        ({"name": "gold", "models": []}, "models"),
        ({"name": "gold", "rate": "fast"}, "rate"),
        ({"name": "a/b"}, "name"),
        ({"name": "gold", "users": ["alice"]}, "users"),
    ]:
        assert (await office.admin.post("/groups", body)).error == (400, "bad_request", field)
