"""What a caller may know of itself."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio


async def test_a_user_sees_its_own_and_nothing_else(office: BackOffice) -> None:
    await office.channel()
    await office.buy()
    await office.buy("tea", office.operator)
    me = (await office.user.call("GET", "/api/me")).json
    assert (me["user"]["name"], me["user"]["balance"], me["available"]) == ("alice", 990, 990)
    assert me["key"]["name"] == "key"
    keys = (await office.user.call("GET", "/api/me/keys")).json
    assert [(key["user"], key["name"]) for key in keys["items"]] == [("alice", "key")]
    usage = (await office.user.call("GET", "/api/me/usage")).json
    assert [(row["user"], row["credits"]) for row in usage["items"]] == [("alice", 10)]
    for path in ("/api/me", "/api/me/keys", "/api/me/usage"):
        answer = await office.user.call("GET", path)
        assert answer.status == 200
        assert "olga" not in answer.text


async def test_nothing_chooses_another_user(office: BackOffice) -> None:
    queries: list[tuple[str, dict[str, Any]]] = [
        ("/api/me/keys", {"user": "olga"}),
        ("/api/me/keys", {"user_id": "1"}),
        ("/api/me/usage", {"user": "olga"}),
        ("/api/me/usage", {"account_id": "1"}),
    ]
    for path, query in queries:
        answer = await office.user.call("GET", path, **query)
        assert answer.error == (400, "bad_request", next(iter(query)))
    # Another user's key of the same name is not found by it.
    await office.admin.post("/keys", {"user": "olga", "name": "hers"})
    answer = await office.user.call("GET", "/api/me/usage", key="hers")
    assert answer.error == (400, "bad_request", "key")


async def test_usage_is_filtered_and_paged(office: BackOffice) -> None:
    await office.channel()
    for model in ("tea", "parcel", "tea"):
        await office.buy(model)
    first = (await office.user.call("GET", "/api/me/usage", model="tea", limit=1)).json
    rest = await office.user.call("GET", "/api/me/usage", model="tea", after=first["next"])
    assert [row["model"] for row in (*first["items"], *rest.json["items"])] == ["tea", "tea"]
    whole = (await office.user.call("GET", "/api/me/usage", key="key")).json["items"]
    assert len(whole) == 3
    query: dict[str, Any] = {"from": "2100-01-01T00:00:00Z"}
    late = await office.user.call("GET", "/api/me/usage", **query)
    assert late.json["items"] == []
