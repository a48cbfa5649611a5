"""Channels over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice
from plugway_shop import SECRETS

pytestmark = pytest.mark.anyio


async def test_a_channel_is_added_and_takes_calls_at_once(office: BackOffice) -> None:
    assert (await office.buy()).error == (503, "no_available_channel", "model")
    added = await office.channel(settings={"fee": "9"}, priority=5, weight=2)
    assert set(added["models"]) == {"parcel", "tea"}
    assert added["settings"]["fee"] == 9
    assert (added["priority"], added["weight"], added["enabled"]) == (5, 2, True)
    assert (added["fault"], added["breaker"], added["credentials"]) == (
        None,
        "closed",
        {"ready": 1},
    )
    assert (await office.buy()).status == 200
    listed = (await office.operator.get("/channels")).json
    assert listed == {"items": [added], "next": None}
    assert (await office.operator.get("/channels", provider="other")).json["items"] == []
    assert (await office.operator.get("/channels/main")).json == added


async def test_a_wrong_channel_is_refused_whole(office: BackOffice) -> None:
    good = {
        "provider": "shop",
        "name": "main",
        "base_url": office.shop_url,
        "secrets": ["a-secret", "another"],
    }
    changes: list[tuple[dict[str, Any], str]] = [
        ({"provider": "nope"}, "provider"),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a\\b"}, "name"),
        ({"base_url": "https://api.example.com/"}, "base_url"),
        ({"base_url": "https://api.example.com/v1"}, "base_url"),
        ({"base_url": "https://api.example.com?x=1"}, "base_url"),
        ({"base_url": "https://me:pass@api.example.com"}, "base_url"),
        ({"base_url": "ftp://api.example.com"}, "base_url"),
        ({"base_url": "https://" + "a" * 600}, "base_url"),
        ({"models": []}, "models"),
        ({"models": ["coffee"]}, "models"),
        ({"weight": 0}, "weight"),
        ({"priority": 10**9}, "priority"),
        ({"group": "none"}, "group"),
        ({"settings": {"colour": "red"}}, "settings.colour"),
        ({"settings": {"fee": "much"}}, "settings.fee"),
        ({"settings": {"total_timeout": 0}}, "settings.total_timeout"),
        ({"secrets": ["a-secret", "böse"]}, "secret"),
        ({"secrets": ["a-secret", ""]}, "secret"),
        ({"id": 7}, "id"),
        ({"created_at": "2030-01-01T00:00:00Z"}, "created_at"),
    ]
    for change, field in changes:
        answer = await office.operator.post("/channels", {**good, **change})
        assert answer.error == (400, "bad_request", field), (change, answer.text)
        assert "böse" not in answer.text
    twice = await office.operator.post("/channels", {**good, "secrets": ["a-secret", "a-secret"]})
    assert twice.error == (409, "conflict", "secret")
    assert (await office.operator.get("/channels")).json["items"] == []
    assert (await office.operator.get("/credentials")).json["items"] == []
    wrong_form = await office.operator.post(
        "/channels", {**good, "base_url": "https://api.example.com/"}
    )
    assert "https://api.example.com" in wrong_form.json["error"]["message"]


async def test_a_change_touches_what_it_names(office: BackOffice) -> None:
    await office.channel(settings={"fee": 9})
    await office.admin.post("/groups", {"name": "gold"})
    changed = await office.operator.patch(
        "/channels/main", {"settings": {"total_timeout": "12"}, "group": "gold", "name": "first"}
    )
    assert changed.json["settings"]["fee"] == 9
    assert changed.json["settings"]["total_timeout"] == 12
    assert (await office.operator.get("/channels/main")).error[:2] == (404, "not_found")
    assert (await office.buy()).error[1] == "no_available_channel"
    await office.operator.patch("/channels/first", {"group": None})
    assert (await office.buy()).status == 200
    await office.operator.patch("/channels/first", {"enabled": False})
    assert (await office.buy()).status == 503
    for change, field in [
        ({"group": "none"}, "group"),
        ({"provider": "other"}, "provider"),
        ({"secrets": ["s"]}, "secrets"),
        ({"settings": {"fee": -1.5}}, "settings.fee"),
    ]:
        answer = await office.operator.patch("/channels/first", change)
        assert answer.error == (400, "bad_request", field)
    await office.channel("second")
    taken = await office.operator.patch("/channels/first", {"name": "second"})
    assert taken.error == (409, "conflict", "name")


async def test_secret_settings_are_masked_and_survive_being_given_back(office: BackOffice) -> None:
    proxy = f"http://me:proxy-password@{office.shop_url.removeprefix('http://')}"
    added = await office.channel(settings={"pin": "pin-1234", "proxy": proxy})
    assert added["settings"]["pin"] == "…"
    assert added["settings"]["proxy"] == proxy.replace("me:proxy-password", "…")
    # A form sends back everything that it was shown.
    sent = {**added["settings"], "fee": 3}
    changed = (await office.operator.patch("/channels/main", {"settings": sent})).json
    assert changed["settings"]["fee"] == 3
    row = office.gateway.channels.all()[0].settings
    assert (getattr(row, "pin", None), row.proxy) == ("pin-1234", proxy)
    await office.operator.patch("/channels/main", {"settings": {"pin": "", "proxy": ""}})
    assert getattr(office.gateway.channels.all()[0].settings, "pin", None) == ""


async def test_a_test_asks_with_every_credential(office: BackOffice) -> None:
    await office.channel(secrets=[SECRETS[0], "not-a-shop-secret"])
    tested = (await office.operator.post("/channels/main/test")).json
    assert (tested["channel"], tested["ok"], tested["fault"]) == ("main", False, None)
    good, bad = tested["results"]
    assert (good["ok"], good["reason"]) == (True, None)
    assert bad["ok"] is False
    assert "401" in bad["reason"]
    assert bad["masked"] == "not-…cret"
    assert good["ms"] >= 0
    assert office.shop.seen[-1].method in ("HEAD", "GET")
    # It costs nothing and is no call.
    assert (await office.admin.get("/usage")).json["items"] == []

    await office.shop.refuse()
    tested = (await office.operator.post("/channels/main/test")).json
    assert [result["ok"] for result in tested["results"]] == [False, False]
    assert "refused" in tested["results"][0]["reason"]
    assert "not-a-shop-secret" not in str(tested)


async def test_a_channel_without_credential_says_so(office: BackOffice) -> None:
    added = await office.channel(secrets=[])
    assert added["fault"] == "it has no credential"
    tested = (await office.operator.post("/channels/main/test")).json
    assert (tested["ok"], tested["results"]) == (False, [])
    assert "no credential" in tested["fault"]


async def test_a_deleted_channel_takes_its_credentials_along(office: BackOffice) -> None:
    await office.channel()
    assert (await office.buy()).status == 200
    assert (await office.operator.delete("/channels/main")).status == 204
    assert (await office.buy()).status == 503
    assert (await office.operator.get("/credentials")).json["items"] == []
    assert (await office.operator.delete("/channels/main")).error[:2] == (404, "not_found")
    assert (await office.operator.post("/channels/main/test")).error[:2] == (404, "not_found")
    # What it earned is still there.
    row = (await office.admin.get("/usage", model="tea")).json["items"][-1]
    assert (row["credits"], row["channel"]) == (10, None)


async def test_an_operator_cannot_send_secrets_somewhere_else(office: BackOffice) -> None:
    await office.channel()
    elsewhere = {"base_url": "https://elsewhere.example.com"}
    refused = await office.operator.patch("/channels/main", elsewhere)
    assert refused.error == (403, "not_permitted", "base_url")
    via = await office.operator.patch(
        "/channels/main", {"settings": {"proxy": "http://proxy.example.com:3128"}}
    )
    assert via.error == (403, "not_permitted", "settings.proxy")
    assert (await office.operator.patch("/channels/main", {"weight": 3})).status == 200
    assert (await office.admin.patch("/channels/main", elsewhere)).status == 200
