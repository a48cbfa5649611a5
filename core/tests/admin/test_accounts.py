"""Credentials that are accounts, over HTTP: found by label, updated, renewed, forgiven."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from back_office import Answer, BackOffice
from plugway_bank import BankEmulator, BankPlugin, account

from plugway.storage.models import CredentialRow

pytestmark = pytest.mark.anyio

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
async def emulator() -> AsyncIterator[BankEmulator]:
    """Run the bank's emulator, which takes two tokens."""
    emulator = BankEmulator("good", "better")
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def office(bank_office: BackOffice, emulator: BankEmulator) -> BackOffice:
    """Give the office with an empty channel to the bank."""
    added = await bank_office.channel(
        provider="bank",
        base_url=emulator.url,
        secrets=[],
        settings={"use_cooldown": 0, "wait": 0, "day_zone": "UTC"},
    )
    assert added["name"] == "main"
    return bank_office


async def add(office: BackOffice, secret: str) -> Answer:
    return await office.operator.post("/credentials", {"channel": "main", "secret": secret})


async def drawn(office: BackOffice) -> str | None:
    """Return the token that a call would use now, on a claim that it hands back."""
    gateway = office.gateway
    (channel,) = gateway.channels.all()
    claim = await gateway.credentials.claim([channel], ("text",), owner="a call")
    if claim is None or claim.credential is None:
        return None
    gateway.credentials.free(claim)
    grant = await gateway.grants.get(claim.credential, channel)
    return grant.headers[0][1]


async def put(office: BackOffice, number: int = 1, **values: Any) -> None:
    """Write into a row, as the pool would."""

    async def work() -> None:
        await CredentialRow.filter(id=number).update(**values)

    await office.gateway.database.transact(work)


async def one(office: BackOffice, number: int = 1) -> dict[str, Any]:
    found: dict[str, Any] = (await office.operator.get(f"/credentials/{number}")).json
    return found


async def test_an_account_is_updated_and_used_at_once(office: BackOffice) -> None:
    added = (await add(office, account(ANN, "dead"))).json
    assert (added["outcome"], added["label"], added["state"]) == ("added", ANN, "ready")
    assert await drawn(office) == "Bearer dead"
    await put(office, state="quarantined", reason="401", failures=3)
    assert await drawn(office) is None
    updated = (await add(office, account(ANN, "good"))).json
    assert (updated["outcome"], updated["id"], updated["state"]) == ("updated", 1, "ready")
    assert await drawn(office) == "Bearer good"
    assert (await add(office, account(ANN, "good"))).error == (409, "conflict", "secret")
    place = "/credentials/1"
    replaced = (await office.operator.put(place, {"secret": account(ANN, "better")})).json
    assert (replaced["outcome"], replaced["renewal"]["last"] is None) == ("updated", False)
    again = (await office.operator.put(place, {"secret": account(ANN, "better")})).json
    assert again["outcome"] == "unchanged"
    for body, error in (
        ({"secret": account(BOB, "x")}, (400, "bad_request", "secret")),
        ({"secret": "x"}, (400, "bad_request", "secret")),
        ({}, (400, "bad_request", "secret")),
    ):
        assert (await office.operator.put(place, body)).error == error
    missing = await office.operator.put("/credentials/9", {"secret": account(ANN, "x")})
    assert missing.error == (404, "not_found", "id")


async def test_a_list_shows_how_accounts_stand(office: BackOffice) -> None:
    clock = office.gateway.clock
    now = clock.now()
    ends = now / 1_000_000 + 3600
    await add(office, account(ANN, "good", ends))
    shown = await one(office)
    assert (shown["expires_at"] is None, shown["next_use_at"], shown["quotas"]) == (False, None, {})
    assert shown["renewal"] == {"state": None, "at": None, "failures": 0, "last": None}
    minute = 60_000_000
    today = shown["created_at"][:10]
    quotas = (
        f'{{"day":"{today}","uses":{{"text":3,"images":1}},'
        f'"rests":{{"images":[{now + minute},"429"],"videos":[5,"429"]}}}}'
    )
    await put(
        office,
        claimed_until=now + minute,
        next_use_at=now + minute,
        quotas=quotas,
        renewal_at=now,
        renewal_failures=2,
    )
    shown = await one(office)
    assert shown["state"] == "in_use"
    assert shown["next_use_at"] is not None
    assert {
        name: (one["used"], bool(one["resting_until"])) for name, one in shown["quotas"].items()
    } == {
        "images": (1, True),
        "text": (3, False),
    }
    assert (shown["renewal"]["state"], shown["renewal"]["failures"]) == ("due", 2)
    await put(office, renewal_at=now + minute)
    assert (await one(office))["renewal"]["state"] == "waiting"
    await put(office, renewal_owner="w", renewal_until=now + minute)
    assert (await one(office))["renewal"]["state"] == "running"
    # What was used yesterday is not shown as of today.
    await put(office, quotas='{"day":"2001-01-01","uses":{"text":3}}')
    assert (await one(office))["quotas"] == {}


async def test_states_and_labels_are_found(office: BackOffice) -> None:
    now = office.gateway.clock.now()
    later, past = now + 600_000_000, now - 1
    rows: dict[str, dict[str, Any]] = {
        "ready": {},
        "in_use": {"claimed_until": later},
        "cooling": {"state": "cooling", "cooling_until": later},
        "half_open": {"state": "expired", "cooling_until": past, "claimed_until": later},
        "expired": {"state": "expired", "cooling_until": later},
        "restricted": {"state": "restricted"},
        "disabled": {"state": "disabled", "claimed_until": later},
        "quarantined": {"state": "quarantined", "cooling_until": past},
    }
    for number, (name, values) in enumerate(rows.items(), start=1):
        await add(office, account(f"{name}%@Example.com", f"token-{number}"))
        await put(office, number, renewal_at=later, **values)
    for number, name in enumerate(rows, start=1):
        items = (await office.operator.get("/credentials", state=name)).json["items"]
        assert [(item["id"], item["state"]) for item in items] == [(number, name)]
    for text, found in (
        ("EXAMPLE", 8),
        ("%@", 8),
        ("_@", 0),
        ("%e%", 0),
        ("in_use", 1),
        ("in-use", 0),
        ("\\", 0),
        ("'", 0),
    ):
        items = (await office.operator.get("/credentials", search=text, channel="main")).json[
            "items"
        ]
        assert len(items) == found, text
    first = (await office.operator.get("/credentials", search="example", limit=5)).json
    rest = await office.operator.get("/credentials", search="example", limit=5, after=first["next"])
    assert (len(first["items"]), len(rest.json["items"]), rest.json["next"]) == (5, 3, None)
    wrong = await office.operator.get("/credentials", state="sleepy")
    assert wrong.error == (400, "bad_request", "state")


async def test_a_test_that_works_forgives_everything(office: BackOffice) -> None:
    await add(office, account(ANN, "good"))
    await add(office, account(BOB, "bad"))
    for number in (1, 2):
        await put(office, number, state="quarantined", reason="renewal: no", renewal_failures=3)
    assert (await office.operator.post("/credentials/1/test")).json["ok"] is True
    shown = await one(office)
    assert (shown["state"], shown["reason"], shown["renewal"]["failures"]) == ("ready", "", 0)
    assert await drawn(office) == "Bearer good"
    assert (await office.operator.post("/credentials/2/test")).json["ok"] is False
    assert (await one(office, 2))["state"] == "quarantined"


async def test_clearing_also_forgets_quotas(office: BackOffice) -> None:
    await add(office, account(ANN, "good"))
    later = office.gateway.clock.now() + 600_000_000
    await put(
        office,
        state="cooling",
        cooling_until=later,
        next_use_at=later,
        quotas=f'{{"rests":{{"text":[{later},"429"]}}}}',
    )
    assert await drawn(office) is None
    cleared = (await office.operator.post("/credentials/1/clear")).json
    assert (cleared["state"], cleared["next_use_at"], cleared["quotas"]) == ("ready", None, {})
    assert await drawn(office) == "Bearer good"


async def test_a_renewal_is_asked_for_and_comes(office: BackOffice, bank: BankPlugin) -> None:
    await add(office, account(ANN, "good"))
    renewing = office.gateway.renewing
    shown = (await office.operator.post("/credentials/1/renew")).json
    assert shown["renewal"]["state"] == "due"
    await renewing.round()
    await renewing.idle()
    assert bank.kind.renewed == [ANN]
    shown = await one(office)
    assert (shown["state"], shown["renewal"]["state"]) == ("ready", None)
    assert shown["renewal"]["last"] is not None
    assert (
        'plugway_renewals_total{provider="bank",result="renewed"} 1.0'
        in (await office.admin.call("GET", "/metrics")).text
    )
    await office.operator.post("/credentials/1/disable")
    assert (await office.operator.post("/credentials/1/renew")).error[:2] == (409, "conflict")
    await office.channel("shop")
    assert (await office.operator.post("/credentials/2/renew")).error[:2] == (409, "conflict")
    actions = [one["action"] for one in (await office.admin.get("/audit")).json["items"]]
    assert "credential.renew" in actions
