"""The audit over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice

from plugway.storage.models import Audit

pytestmark = pytest.mark.anyio


async def test_every_change_is_recorded_with_who_and_what(office: BackOffice) -> None:
    await office.admin.post("/groups", {"name": "gold"})
    await office.admin.patch("/groups/gold", {"rate": "1/second"})
    added = await office.admin.post("/users", {"name": "bob", "group": "gold"})
    key = (await office.admin.post("/keys", {"user": "bob", "name": "k"})).json
    await office.admin.patch(f"/keys/{key['id']}", {"enabled": False})
    await office.admin.delete(f"/keys/{key['id']}")
    await office.admin.patch("/users/bob", {"group": None})
    await office.admin.post("/users/bob/credit", {"credits": 5, "reason": "gift"})
    await office.admin.delete("/groups/gold")
    await office.channel()
    await office.operator.patch("/channels/main", {"settings": {"pin": "1234"}})
    body = {"channel": "main", "secret": "shop-secret-0002"}
    credential = (await office.operator.post("/credentials", body)).json
    for what in ("disable", "enable", "clear"):
        await office.operator.post(f"/credentials/{credential['id']}/{what}")
    await office.operator.delete(f"/credentials/{credential['id']}")
    await office.operator.put("/prices", {"provider": "shop", "key": "tea", "credits": "1"})
    await office.operator.delete("/prices", provider="shop", key="tea")
    await office.operator.delete("/channels/main")

    found = (await office.admin.get("/audit")).json["items"]
    found.reverse()
    number = str(credential["id"])
    assert [(one["actor"], one["action"], one["subject"]) for one in found] == [
        ("root/key", "group.add", "gold"),
        ("root/key", "group.change", "gold"),
        ("root/key", "user.add", "bob"),
        ("root/key", "key.add", "bob/k"),
        ("root/key", "key.change", "bob/k"),
        ("root/key", "key.remove", "bob/k"),
        ("root/key", "user.change", "bob"),
        ("root/key", "user.credit", "bob"),
        ("root/key", "group.remove", "gold"),
        ("root/key", "channel.add", "main"),
        ("olga/key", "channel.change", "main"),
        ("olga/key", "credential.add", "main"),
        ("olga/key", "credential.disable", number),
        ("olga/key", "credential.enable", number),
        ("olga/key", "credential.clear", number),
        ("olga/key", "credential.remove", number),
        ("olga/key", "price.set", "shop/tea"),
        ("olga/key", "price.unset", "shop/tea"),
        ("olga/key", "channel.remove", "main"),
    ]
    assert found[2]["request_id"] == added.headers["x-request-id"]
    assert found[2]["detail"]["group"] == "gold"
    assert found[10]["detail"] == {"settings": ["pin"]}


async def test_what_is_refused_leaves_no_trace(office: BackOffice) -> None:
    await office.admin.post("/users", {"name": "alice"})
    await office.admin.post("/users", {"name": "bob", "group": "none"})
    await office.admin.patch("/users/root", {"enabled": False})
    await office.admin.post("/users/alice/credit", {"credits": -5000, "reason": "much"})
    await office.operator.patch("/channels/none", {"weight": 2})
    assert (await office.admin.get("/audit")).json["items"] == []


async def test_credits_that_were_paid_are_not_said_to_have_failed(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def away(**_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(Audit, "create", away)
    paid = await office.admin.post("/users/alice/credit", {"credits": 5, "reason": "gift"})
    assert (paid.status, paid.json["balance"]) == (200, 1005)
    assert "user.credit of alice by root/key was not recorded" in caplog.text
    # What can still be undone is undone.
    assert (await office.admin.post("/groups", {"name": "gold"})).status >= 500
    monkeypatch.undo()
    assert (await office.admin.get("/groups")).json["items"] == []


async def test_the_audit_is_filtered_and_paged(office: BackOffice) -> None:
    for name in ("a", "b", "c"):
        await office.admin.post("/groups", {"name": name})
    await office.channel()
    chosen = (await office.admin.get("/audit", action="group.add", limit=2)).json
    assert [one["subject"] for one in chosen["items"]] == ["c", "b"]
    rest = await office.admin.get("/audit", action="group.add", after=chosen["next"])
    assert [one["subject"] for one in rest.json["items"]] == ["a"]
    assert rest.json["next"] is None
    assert (await office.admin.get("/audit", actor="olga/key")).json["items"] == []
    assert len((await office.admin.get("/audit", subject="main")).json["items"]) == 1
