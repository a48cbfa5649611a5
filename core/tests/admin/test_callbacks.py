"""Messages to clients, and the secrets that sign them, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from back_office import BackOffice

from plugway.identity import users, webhook_secret
from plugway.storage.models import CallbackRow

pytestmark = pytest.mark.anyio

CANARY = "canary0123456789"


async def put(office: BackOffice, call_id: str, user: str = "alice", **values: Any) -> int:
    """Write a message as the ledger does, not due for long, and return its id."""
    gateway = office.gateway
    user_id = (await users.find(gateway.database, user)).id
    now = gateway.clock.now()
    row = await gateway.database.run(
        lambda: CallbackRow.create(
            **{
                "call_id": call_id,
                "user_id": user_id,
                "url": f"https://192.0.2.7/hook?token={CANARY}",
                "body": CANARY,
                "state": "failed",
                "tries": 33,
                "status": 500,
                "reason": "answered with 500",
                "created_at": now,
                "updated_at": now,
                **values,
            }
        )
    )
    return int(row.id)


async def secrets_of(office: BackOffice, user: str) -> tuple[str, ...]:
    gateway = office.gateway
    user_id = (await users.find(gateway.database, user)).id
    return await webhook_secret.read(gateway.database, gateway.vault, user_id, gateway.clock.now())


async def test_messages_are_listed_the_newest_first(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    later = office.gateway.clock.now() + 10**12
    first = await put(office, "one")
    second = await put(office, "two", state="waiting", tries=1, next_try_at=later)
    third = await put(office, "one", "olga", state="delivered", status=200, reason=None)
    answer = await office.operator.get("/callbacks")
    items = answer.json["items"]
    assert [one["id"] for one in items] == [third, second, first]
    assert (items[2]["user"], items[2]["call_id"], items[2]["state"]) == ("alice", "one", "failed")
    assert (items[2]["tries"], items[2]["status"]) == (33, 500)
    assert items[2]["reason"] == "answered with 500"
    assert items[2]["url"] == "https://192.0.2.7/hook?…"
    assert items[1]["next_try_at"] is not None
    assert CANARY not in answer.text

    async def ids(**query: Any) -> list[int]:
        found = await office.operator.get("/callbacks", **query)
        return [one["id"] for one in found.json["items"]]

    assert await ids(state="waiting") == [second]
    assert await ids(call_id="one") == [third, first]
    assert await ids(user="alice") == [second, first]
    assert await ids(user="alice", call_id="one", state="failed") == [first]
    page = (await office.operator.get("/callbacks", limit=2)).json
    assert [one["id"] for one in page["items"]] == [third, second]
    assert await ids(limit=2, after=page["next"]) == [first]
    for query, field in (
        ({"state": "lost"}, "state"),
        ({"user": "nobody"}, "user"),
        ({"call_id": "' OR 1=1"}, "call_id"),
    ):
        answer = await office.operator.get("/callbacks", **query)
        assert answer.error == (400, "bad_request", field)


async def test_a_message_is_sent_again(office: BackOffice) -> None:
    number = await put(office, "one")
    answer = await office.operator.post(f"/callbacks/{number}/resend")
    assert (answer.status, answer.json["state"], answer.json["tries"]) == (200, "waiting", 0)
    assert answer.json["next_try_at"] is not None
    assert CANARY not in answer.text
    (audit,) = (await office.admin.get("/audit", action="callback.resend")).json["items"]
    assert (audit["subject"], audit["detail"]) == ("one", {"id": number, "state": "failed"})
    assert (await office.operator.post("/callbacks/999/resend")).error[:2] == (404, "not_found")
    assert (await office.operator.post("/callbacks/x/resend")).error[:2] == (404, "not_found")


async def test_a_secret_is_shown_once(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    made = await office.admin.post("/users/alice/webhook-secret")
    assert made.status == 201
    secret = made.json["secret"]
    assert await secrets_of(office, "alice") == (secret,)
    shown = await office.admin.get("/users/alice")
    assert shown.json["webhook_secret"] is True
    assert (await office.admin.get("/users/olga")).json["webhook_secret"] is False
    audits = await office.admin.get("/audit", action="user.webhook_secret.renew")
    assert [one["subject"] for one in audits.json["items"]] == ["alice"]
    listed = await office.admin.get("/users")
    for answer in (shown, audits, listed):
        assert secret not in answer.text
        assert secret[6:] not in answer.text

    again = (await office.admin.post("/users/alice/webhook-secret")).json["secret"]
    assert await secrets_of(office, "alice") == (again, secret)
    assert (await office.admin.delete("/users/alice/webhook-secret")).status == 204
    assert await secrets_of(office, "alice") == ()
    assert (await office.admin.get("/users/alice")).json["webhook_secret"] is False
    assert (await office.admin.post("/users/nobody/webhook-secret")).error[:2] == (404, "not_found")
    assert (await office.admin.delete("/users/nobody/webhook-secret")).status == 404


async def test_users_make_their_own_and_nobody_else_s(office: BackOffice) -> None:
    for caller, role in ((office.user, "user"), (office.operator, "operator")):
        for method in ("POST", "DELETE"):
            body: Any = {} if method == "POST" else None
            path = "/api/admin/users/root/webhook-secret"
            assert (await caller.call(method, path, body)).status == 403, role
    mine = await office.user.call("POST", "/api/me/webhook-secret", {})
    assert mine.status == 201
    assert await secrets_of(office, "alice") == (mine.json["secret"],)
    assert await secrets_of(office, "root") == ()
    assert (await office.user.call("GET", "/api/me")).json["user"]["webhook_secret"] is True
    assert (await office.user.call("DELETE", "/api/me/webhook-secret")).status == 204
    assert await secrets_of(office, "alice") == ()
    assert (await office.nobody.call("POST", "/api/me/webhook-secret", {})).status == 401
    subjects = [
        (one["action"], one["subject"])
        for one in (await office.admin.get("/audit")).json["items"]
        if one["action"].startswith("user.webhook_secret")
    ]
    assert subjects == [
        ("user.webhook_secret.remove", "alice"),
        ("user.webhook_secret.renew", "alice"),
    ]
