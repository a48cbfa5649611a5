"""Rotation of the vault's key over HTTP."""

from __future__ import annotations

import pytest
from back_office import BackOffice
from plugway_shop import SECRETS

from plugway.storage.models import CredentialRow, Key

pytestmark = pytest.mark.anyio


async def test_a_rotation_seals_everything_anew(office: BackOffice) -> None:
    await office.channel(secrets=list(SECRETS))
    await office.admin.post("/keys", {"user": "alice", "name": "jwt", "pair": True})
    vault = office.gateway.vault
    first = vault.key_ids[0]
    rotated = (await office.admin.post("/vault/rotate")).json
    assert (rotated["resealed"], rotated["retired"]) == (3, 0)
    assert rotated["key_id"] != first
    assert list(vault.key_ids) == [rotated["key_id"], first]

    async def sealed() -> list[str]:
        rows = [row.sealed for row in await CredentialRow.all()]
        return rows + [row.sealed for row in await Key.filter(kind="pair")]

    found = await office.gateway.database.run(sealed)
    assert all(vault.is_current(text) for text in found)
    assert (await office.buy()).status == 200
    again = (await office.admin.post("/vault/rotate", {"retire": True})).json
    assert (again["resealed"], again["retired"]) == (3, 2)
    assert list(vault.key_ids) == [again["key_id"]]
    assert (await office.buy()).status == 200
    audits = (await office.admin.get("/audit", action="vault.rotate")).json["items"]
    assert [one["detail"] for one in audits] == [{"retire": True}, {"retire": False}]


async def test_an_operator_may_not_rotate(office: BackOffice) -> None:
    first = office.gateway.vault.key_ids
    assert (await office.operator.post("/vault/rotate")).error[:2] == (403, "not_permitted")
    assert office.gateway.vault.key_ids == first
