"""The ledger over HTTP, on every database."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

from plugway.storage.models import Account

pytestmark = pytest.mark.anyio


async def test_entries_tell_the_running_balance(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    for _ in range(3):
        assert (await office.buy()).status == 200
    await office.admin.post("/users/alice/credit", {"credits": -70, "reason": "mistake"})
    found: list[Any] = []
    after: int | None = 0
    while after is not None:
        answer = await office.operator.get("/ledger/entries", user="alice", limit=3, after=after)
        found += answer.json["items"]
        after = answer.json["next"]
    assert [entry["id"] for entry in found] == sorted((one["id"] for one in found), reverse=True)
    assert [(one["kind"], one["delta_balance"], one["balance"]) for one in found] == [
        ("adjust", -70, 900),
        ("settle", -10, 970),
        ("reserve", 0, 980),
        ("settle", -10, 980),
        ("reserve", 0, 990),
        ("settle", -10, 990),
        ("reserve", 0, 1000),
        ("credit", 1000, 1000),
    ]
    assert {(entry["user"], entry["key"]) for entry in found} == {("alice", None)}
    settled = (await office.operator.get("/ledger/entries", kind="settle", user="alice")).json
    assert [entry["balance"] for entry in settled["items"]] == [None] * 3
    call_id = settled["items"][0]["call_id"]
    one_call = (await office.operator.get("/ledger/entries", call_id=call_id)).json["items"]
    assert [entry["kind"] for entry in one_call] == ["settle", "reserve"]


async def test_holds_show_what_they_were_for(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    await office.buy("tea")
    await office.buy("tea/missing")
    await office.buy("parcel")
    found = (await office.operator.get("/ledger/holds", user="alice")).json["items"]
    assert [(one["state"], one["amount"], one["settled_amount"]) for one in found] == [
        ("settled", 7, 7),
        ("released", 10, 0),
        ("settled", 10, 10),
    ]
    assert found[0]["quote"]["credits"] == 7
    assert found[0]["quote"]["lines"][0]["row"]["setting"] == "fee"
    assert found[0]["resolved_at"] >= found[0]["created_at"]
    released = (await office.operator.get("/ledger/holds", state="released")).json["items"]
    assert released == [found[1]]
    first = (await office.operator.get("/ledger/holds", limit=1)).json
    rest = (await office.operator.get("/ledger/holds", limit=5, after=first["next"])).json
    assert [*first["items"], *rest["items"]] == found
    assert rest["next"] is None
    one = (await office.operator.get("/ledger/holds", call_id=found[2]["call_id"])).json["items"]
    assert one == [found[2]]


async def test_a_call_is_refunded_in_parts_and_never_beyond(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    await office.channel()
    await office.buy()
    call_id = (await office.admin.get("/usage")).json["items"][0]["call_id"]
    body = {"call_id": call_id, "credits": 6, "reason": "cold", "idempotency_key": "r1"}
    first = (await office.admin.post("/ledger/refund", body)).json
    assert (first["credits"], first["balance"], first["repeated"]) == (6, 996, False)
    again = (await office.admin.post("/ledger/refund", body)).json
    assert (again["balance"], again["repeated"]) == (996, True)
    much = await office.admin.post("/ledger/refund", {**body, "idempotency_key": "r2"})
    assert much.error[:2] == (409, "conflict")
    rest = {"call_id": call_id, "credits": 4, "reason": "cold"}
    assert (await office.admin.post("/ledger/refund", rest)).json["balance"] == 1000
    assert (await office.admin.get("/usage")).json["items"][0]["credits"] == 0
    assert (await office.admin.get("/ledger/holds")).json["items"][0]["refunded"] == 10
    changes: list[tuple[dict[str, Any], int]] = [
        ({"call_id": "0" * 32}, 404),
        ({"call_id": "../x"}, 400),
        ({"credits": 0}, 400),
        ({"credits": -5}, 400),
    ]
    for change, status in changes:
        answer = await office.admin.post("/ledger/refund", {**rest, **change})
        assert answer.status == status, answer.text
    audits = (await office.admin.get("/audit", action="ledger.refund")).json["items"]
    assert [one["detail"]["credits"] for one in audits] == [4, 6]


async def test_verify_finds_what_does_not_add_up(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    report = (await office.operator.post("/ledger/verify")).json
    assert (report["ok"], report["problems"]) == (True, [])
    assert report["entries"] == 3
    await office.gateway.database.transact(lambda: Account.filter(id=1).update(balance=5))
    report = (await office.operator.post("/ledger/verify")).json
    assert report["ok"] is False
    assert len(report["problems"]) >= 1
