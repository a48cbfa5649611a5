"""Keys over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice

pytestmark = pytest.mark.anyio


async def test_a_key_is_shown_once_and_works_at_once(office: BackOffice) -> None:
    made = await office.admin.post("/keys", {"user": "alice", "name": "laptop"})
    assert made.status == 201
    assert set(made.json) == {"id", "user", "name", "key"}
    secret = made.json["key"]
    assert secret.startswith("sk-")
    me = await office.caller(secret).call("GET", "/api/me")
    assert me.json["key"]["name"] == "laptop"
    for place in (f"/keys/{made.json['id']}", "/keys", "/keys?user=alice", "/audit"):
        shown = await office.admin.get(place)
        assert shown.status == 200
        assert secret not in shown.text
        assert secret[8:-4] not in shown.text
    taken = await office.admin.post("/keys", {"user": "alice", "name": "laptop"})
    assert taken.error == (409, "conflict", "name")


async def test_a_pair_has_two_halves(office: BackOffice) -> None:
    made = (await office.admin.post("/keys", {"user": "alice", "name": "jwt", "pair": True})).json
    assert set(made) == {"id", "user", "name", "access_key", "secret_key"}
    assert made["access_key"].startswith("ak-")
    shown = await office.admin.get(f"/keys/{made['id']}")
    assert shown.json["kind"] == "pair"
    assert made["secret_key"] not in shown.text
    # The access key alone is no key.
    assert (await office.caller(made["access_key"]).call("GET", "/api/me")).status == 401


async def test_a_key_that_clients_have_is_adopted(office: BackOffice) -> None:
    body = {"user": "alice", "name": "old", "secret": "my-old!1", "rate": "60/minute"}
    made = await office.admin.post("/keys", body)
    assert made.status == 201
    assert set(made.json) == {"id", "user", "name"}
    for header in ({"authorization": "Bearer my-old!1"}, {"X-API-Key": "my-old!1"}):
        me = await office.nobody.call("GET", "/api/me", headers=header)
        assert (me.status, me.json["key"]["name"]) == (200, "old")
    for place in (f"/keys/{made.json['id']}", "/keys", "/audit"):
        shown = await office.admin.get(place)
        assert shown.status == 200
        assert "my-old" not in shown.text
    again = await office.admin.post("/keys", {**body, "user": "olga"})
    assert again.error == (409, "conflict", "secret")
    for secret, status in (("short77", 400), ("two words", 400), (7, 400)):
        refused = await office.admin.post("/keys", {**body, "name": "x", "secret": secret})
        assert refused.error == (status, "bad_request", "secret")
        assert str(secret) not in refused.text.replace(refused.json["error"]["request_id"], "")
    both = await office.admin.post("/keys", {**body, "name": "x", "pair": True})
    assert both.error == (400, "bad_request", "secret")
    assert (await office.operator.post("/keys", {**body, "name": "x"})).status == 403


async def test_limits_are_set_and_taken_off(office: BackOffice) -> None:
    limits = {
        "expires_at": "2100-01-01T00:00:00+01:00",
        "models": ["tea"],
        "networks": ["127.0.0.0/8"],
        "rate": "60/minute",
        "quota": 100,
    }
    made = (await office.admin.post("/keys", {"user": "alice", "name": "k", **limits})).json
    place = f"/keys/{made['id']}"
    shown = (await office.admin.get(place)).json
    assert shown["expires_at"] == "2099-12-31T23:00:00Z"
    assert {name: shown[name] for name in ("models", "networks", "rate", "quota")} == {
        "models": ["tea"],
        "networks": ["127.0.0.0/8"],
        "rate": "60/minute",
        "quota": 100,
    }
    more = (await office.admin.patch(place, {"quota": 250, "rate": "5/second"})).json
    assert (more["quota"], more["rate"], more["models"]) == (250, "5/second", ["tea"])
    free = (await office.admin.patch(place, dict.fromkeys(limits))).json
    assert {free[name] for name in limits} == {None}


async def test_a_quota_is_what_a_key_may_spend(office: BackOffice) -> None:
    await office.channel()
    made = (await office.admin.post("/keys", {"user": "alice", "name": "k", "quota": 15})).json
    caller = office.caller(made["key"])
    assert [(await office.buy("tea", caller)).status for _ in range(2)] == [200, 402]
    assert (await office.admin.get(f"/keys/{made['id']}")).json["quota"] == 5
    me = (await caller.call("GET", "/api/me")).json
    assert (me["available"], me["user"]["balance"]) == (5, 990)
    await office.admin.patch(f"/keys/{made['id']}", {"quota": 10})
    assert (await office.buy("tea", caller)).status == 200
    entries = (await office.admin.get("/ledger/entries", user="alice", key="k")).json["items"]
    assert [entry["key"] for entry in entries] == ["k"] * len(entries)
    assert entries[0]["balance"] == 0
    assert (await office.server.verify()).ok


async def test_a_key_is_disabled_and_deleted_at_once(office: BackOffice) -> None:
    made = (await office.admin.post("/keys", {"user": "alice", "name": "k", "quota": 5})).json
    place, caller = f"/keys/{made['id']}", office.caller(made["key"])
    assert (await office.admin.patch(place, {"enabled": False})).json["enabled"] is False
    assert (await caller.call("GET", "/api/me")).status == 401
    await office.admin.patch(place, {"enabled": True})
    assert (await caller.call("GET", "/api/me")).status == 200
    assert (await office.admin.delete(place)).status == 204
    assert (await caller.call("GET", "/api/me")).status == 401
    assert (await office.admin.get(place)).error[:2] == (404, "not_found")
    assert (await office.admin.delete(place)).error[:2] == (404, "not_found")
    # The ledger remembers whose account it was.
    entry = (await office.admin.get("/ledger/entries", limit=1)).json["items"][0]
    assert (entry["user"], entry["key"]) == ("", f"key:{made['id']}")


async def test_lists_choose_by_user(office: BackOffice) -> None:
    await office.admin.post("/keys", {"user": "alice", "name": "phone"})
    listed = (await office.operator.get("/keys", user="alice")).json["items"]
    assert [(key["user"], key["name"]) for key in listed] == [("alice", "key"), ("alice", "phone")]
    found = (await office.operator.get("/keys", search="PHO", limit=1)).json
    assert [key["name"] for key in found["items"]] == ["phone"]
    assert found["next"] is None
    assert (await office.admin.get("/keys", user="nobody")).error == (400, "bad_request", "user")


async def test_only_its_own_fields_of_a_key_can_be_set(office: BackOffice) -> None:
    made = (await office.admin.post("/keys", {"user": "alice", "name": "k"})).json
    for field in ("user", "user_id", "masked", "digest", "kind", "account_id", "id"):
        answer = await office.admin.patch(f"/keys/{made['id']}", {field: "root"})
        assert answer.error == (400, "bad_request", field)
