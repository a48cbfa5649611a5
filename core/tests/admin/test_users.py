"""Users over HTTP."""

from __future__ import annotations

import pytest
from back_office import ADMIN, BackOffice

pytestmark = pytest.mark.anyio


async def test_a_user_is_added_changed_and_listed(office: BackOffice) -> None:
    added = await office.admin.post("/users", {"name": "böb 张", "role": "operator"})
    assert added.status == 201
    user = added.json
    assert (user["name"], user["role"], user["group"], user["enabled"]) == (
        "böb 张",
        "operator",
        None,
        True,
    )
    assert (user["balance"], user["held"], user["overdraft"]) == (0, 0, 0)
    assert user["created_at"].endswith("Z")
    assert (await office.admin.post("/users", {"name": "böb 张"})).error == (
        409,
        "conflict",
        "name",
    )

    await office.admin.post("/groups", {"name": "gold"})
    path = "/users/b%C3%B6b%20%E5%BC%A0"
    changed = await office.admin.patch(path, {"group": "gold", "role": "user", "name": "bob"})
    assert (changed.json["group"], changed.json["role"]) == ("gold", "user")
    assert (await office.admin.get(path)).error == (404, "not_found", "name")
    assert (await office.operator.get("/users/bob")).json == changed.json
    assert (await office.admin.patch("/users/bob", {"group": None})).json["group"] is None
    assert (await office.admin.patch("/users/bob", {"group": "none"})).error[1] == "not_found"
    assert (await office.admin.patch("/users/bob", {})).json["name"] == "bob"

    listed = (await office.admin.get("/users")).json
    assert [user["name"] for user in listed["items"]] == ["root", "olga", "alice", "bob"]
    assert listed["next"] is None


async def test_lists_come_in_pages(office: BackOffice) -> None:
    names: list[str] = []
    after: int | None = 0
    pages = 0
    while after is not None:
        page = (await office.admin.get("/users", limit=2, after=after)).json
        names += [user["name"] for user in page["items"]]
        after, pages = page["next"], pages + 1
    assert names == ["root", "olga", "alice"]
    assert pages == 2
    # A page that is just full is the last one.
    assert (await office.admin.get("/users", limit=3)).json["next"] is None


async def test_a_search_has_no_wildcards(office: BackOffice) -> None:
    await office.admin.post("/users", {"name": "50%_off"})

    async def found(text: str) -> list[str]:
        items = (await office.admin.get("/users", search=text)).json["items"]
        return [user["name"] for user in items]

    assert await found("LIC") == ["alice"]
    assert await found("%") == ["50%_off"]
    assert await found("_") == ["50%_off"]
    assert await found("' OR 1=1 --") == []


async def test_credits_are_paid_in_and_taken_back(office: BackOffice) -> None:
    paid = await office.admin.post("/users/alice/credit", {"credits": 500, "reason": "invoice 7"})
    assert paid.status == 200
    assert (paid.json["credits"], paid.json["balance"], paid.json["repeated"]) == (500, 1500, False)
    taken = await office.admin.post("/users/alice/credit", {"credits": -300, "reason": "mistake"})
    assert taken.json["balance"] == 1200
    much = await office.admin.post("/users/alice/credit", {"credits": -1201, "reason": "mistake"})
    assert much.status in (402, 409)
    kinds = [
        (entry["kind"], entry["delta_balance"], entry["reason"], entry["actor"])
        for entry in (await office.admin.get("/ledger/entries", user="alice")).json["items"]
    ]
    assert kinds[:2] == [
        ("adjust", -300, "mistake", "root/key"),
        ("credit", 500, "invoice 7", "root/key"),
    ]
    assert (await office.admin.post("/users/nobody/credit", {"credits": 5, "reason": "x"})).error[
        :2
    ] == (404, "not_found")


async def test_a_repeated_credit_changes_nothing(office: BackOffice) -> None:
    body = {"credits": 500, "reason": "invoice 7", "idempotency_key": "inv-7"}
    first = await office.admin.post("/users/alice/credit", body)
    again = await office.admin.post("/users/alice/credit", body)
    assert (first.json["balance"], first.json["repeated"]) == (1500, False)
    assert (again.json["balance"], again.json["repeated"]) == (1500, True)
    other = await office.admin.post("/users/alice/credit", {**body, "credits": 501})
    assert other.error[:2] == (409, "conflict")
    assert (await office.admin.get("/users/alice")).json["balance"] == 1500
    audits = (await office.admin.get("/audit", action="user.credit")).json["items"]
    assert len(audits) == 1


async def test_nobody_sets_what_the_ledger_keeps(office: BackOffice) -> None:
    for field in ("balance", "held", "overdraft", "id", "account_id", "created_at"):
        answer = await office.admin.patch("/users/alice", {field: 10**6})
        assert answer.error == (400, "bad_request", field)
    assert (
        await office.user.call("PATCH", f"{ADMIN}/users/alice", {"role": "admin"})
    ).status == 403
    assert (await office.admin.get("/users/alice")).json["role"] == "user"


async def test_there_is_always_an_administrator(office: BackOffice) -> None:
    for change in ({"role": "user"}, {"enabled": False}):
        assert (await office.admin.patch("/users/root", change)).error[:2] == (409, "conflict")
    assert (await office.admin.get("/users")).status == 200


async def test_a_disabled_user_is_shut_out_at_once(office: BackOffice) -> None:
    await office.channel()
    assert (await office.buy()).status == 200
    await office.admin.patch("/users/alice", {"enabled": False})
    assert (await office.buy()).status == 401
    await office.admin.patch("/users/alice", {"enabled": True})
    assert (await office.buy()).status == 200
