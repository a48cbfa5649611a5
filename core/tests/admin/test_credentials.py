"""Credentials over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice
from plugway_shop import SECRETS

pytestmark = pytest.mark.anyio


async def test_a_secret_goes_in_and_does_not_come_out(office: BackOffice) -> None:
    await office.channel(secrets=[])
    body = {"channel": "main", "secret": SECRETS[1]}
    added = await office.operator.post("/credentials", body)
    assert added.status == 201
    assert added.json["masked"] == "shop…0002"
    assert (added.json["channel"], added.json["kind"], added.json["state"]) == (
        "main",
        "shop",
        "ready",
    )
    place = f"/credentials/{added.json['id']}"
    for shown in (
        added,
        await office.operator.get(place),
        await office.operator.get("/credentials"),
    ):
        assert SECRETS[1] not in shown.text
    assert (await office.buy()).status == 200
    assert office.shop.seen[-1].header("authorization") == f"Bearer {SECRETS[1]}"
    again = await office.operator.post("/credentials", body)
    assert again.error == (409, "conflict", "secret")
    assert SECRETS[1] not in again.text


async def test_a_wrong_credential_is_refused(office: BackOffice) -> None:
    await office.channel()
    for body, field in [
        ({"channel": "other", "secret": "s"}, "channel"),
        ({"channel": "main", "secret": "a\nb"}, "secret"),
        ({"channel": "main", "secret": " "}, "secret"),
        ({"channel": "main", "secret": "s", "state": "ready"}, "state"),
        ({"channel": "main"}, "secret"),
    ]:
        answer = await office.operator.post("/credentials", body)
        assert answer.error == (400, "bad_request", field), answer.text


async def test_its_state_is_the_operators_to_change(office: BackOffice) -> None:
    await office.channel()
    found = (await office.operator.get("/credentials", channel="main")).json["items"][0]
    place = f"/credentials/{found['id']}"
    disabled = (await office.operator.post(f"{place}/disable")).json
    assert (disabled["state"], disabled["reason"]) == ("disabled", "disabled by olga/key")
    assert (await office.buy()).status == 503
    assert (await office.operator.post(f"{place}/clear")).error[:2] == (409, "conflict")
    # It works, and stays disabled all the same.
    assert (await office.operator.post(f"{place}/test")).json["ok"] is True
    assert (await office.operator.get(place)).json["state"] == "disabled"
    assert (await office.operator.post(f"{place}/enable")).json["state"] == "ready"
    assert (await office.buy()).status == 200
    assert (await office.operator.delete(place)).status == 204
    assert (await office.operator.get(place)).error[:2] == (404, "not_found")
    assert (await office.buy()).status == 503


async def test_a_test_that_works_ends_a_cooldown(office: BackOffice) -> None:
    await office.channel()
    found = (await office.operator.get("/credentials")).json["items"][0]
    place = f"/credentials/{found['id']}"
    office.shop.fail("status", status=429, times=1, headers={"retry-after": "3000"})
    assert (await office.buy()).status in (429, 502, 503)
    await office.gateway.background.stop(5)
    cooling = (await office.operator.get(place)).json
    assert cooling["state"] == "cooling"
    assert cooling["cooling_until"] > cooling["updated_at"]
    assert (await office.operator.post(f"{place}/test")).json["ok"] is True
    assert (await office.buy()).status == 200
    cleared = (await office.operator.post(f"{place}/clear")).json
    assert (cleared["state"], cleared["cooling_until"], cleared["reason"]) == ("ready", None, "")
