"""One walk through the admin API on every database: what differs between them shows here."""

from __future__ import annotations

import pytest
from back_office import BackOffice
from plugway_shop import SECRETS

pytestmark = pytest.mark.anyio


async def test_every_noun_works_on_every_database(office_anywhere: BackOffice) -> None:
    office = office_anywhere
    admin = office.admin
    assert (await admin.post("/groups", {"name": "gold", "models": ["tea"]})).status == 201
    assert (await admin.post("/users", {"name": "50%_off", "group": "gold"})).status == 201
    # A conflict ends the transaction that the record of it would have been part of.
    for path, body in (
        ("/users", {"name": "50%_off"}),
        ("/groups", {"name": "gold"}),
        ("/keys", {"user": "alice", "name": "key"}),
    ):
        assert (await admin.post(path, body)).error == (409, "conflict", "name")
    # Names are compared as they are written.
    assert (await admin.post("/users", {"name": "Alice"})).status == 201
    assert (await admin.get("/users/ALICE")).status == 404
    for text, names in (("%_", ["50%_off"]), ("LICE", ["alice", "Alice"]), ("\\", [])):
        items = (await admin.get("/users", search=text)).json["items"]
        assert [user["name"] for user in items] == names

    key = {"user": "alice", "name": "laptop", "quota": 30, "models": ["tea"], "rate": "9/second"}
    made = (await admin.post("/keys", key)).json
    assert (await admin.patch(f"/keys/{made['id']}", {"quota": 25})).json["quota"] == 25

    channel = await office.channel(secrets=list(SECRETS), settings={"pin": "1234"}, group="gold")
    assert (channel["settings"]["pin"], channel["credentials"]) == ("…", {"ready": 2})
    assert (await admin.patch("/channels/main", {"group": None, "weight": 3})).json["weight"] == 3
    assert (await admin.post("/channels/main/test")).json["ok"] is True
    credential = (await admin.get("/credentials")).json["items"][1]
    place = f"/credentials/{credential['id']}"
    assert (await admin.post(f"{place}/disable")).json["state"] == "disabled"
    secret = {"channel": "main", "secret": SECRETS[0]}
    assert (await admin.post("/credentials", secret)).error == (409, "conflict", "secret")

    price = {"provider": "shop", "key": "tea", "credits": "12", "dimensions": {"size": "*"}}
    assert (await admin.put("/prices", price)).status == 200
    assert (await admin.put("/prices", {**price, "credits": "13"})).status == 200
    caller = office.caller(made["key"])
    assert (await office.buy("tea", caller)).status == 200
    assert (await office.buy("parcel", caller)).error == (403, "not_permitted", "model")
    assert (await caller.call("GET", "/api/me")).json["available"] == 12

    rotated = (await admin.post("/vault/rotate", {"retire": True})).json
    assert (rotated["resealed"], rotated["retired"]) == (3, 1)
    assert (await office.buy()).status == 200
    assert (await admin.delete("/channels/main")).status == 204
    actions = [one["action"] for one in (await admin.get("/audit", limit=500)).json["items"]]
    assert actions == [
        *("channel.remove", "vault.rotate", "price.set", "price.set", "credential.disable"),
        *("channel.change", "channel.add", "key.change", "key.add", "user.add", "user.add"),
        "group.add",
    ]
    assert (await admin.post("/ledger/verify")).json["ok"] is True
