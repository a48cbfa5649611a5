"""Many credentials over HTTP: imported a file at a time, exported by administrators only."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from back_office import Answer, BackOffice
from leaks import Leaks
from plugway_bank import account

from plugway.settings import LogSettings
from plugway.telemetry.logs import configure

pytestmark = pytest.mark.anyio

ANN, BOB = "ann@example.com", "bob@example.com"


@pytest.fixture
async def office(bank_office: BackOffice) -> BackOffice:
    """Give the office with an empty channel to the bank."""
    await bank_office.channel(provider="bank", base_url="http://127.0.0.1:1", secrets=[])
    return bank_office


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """Write the log as a gateway does that is told to write everything."""
    root, stream = logging.getLogger(), io.StringIO()
    level = root.level
    handler = configure(LogSettings(level="debug"), stream)
    yield stream
    root.removeHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(False)


async def bring(office: BackOffice, text: str) -> Answer:
    return await office.operator.post("/credentials/import", {"channel": "main", "text": text})


def many(*accounts: str) -> str:
    return f"[{', '.join(accounts)}]"


async def export(office: BackOffice, **body: Any) -> Answer:
    return await office.admin.post("/credentials/export", {"channel": "main", **body})


async def test_each_secret_of_a_file_has_an_outcome_of_its_own(office: BackOffice) -> None:
    await bring(office, many(account(ANN, "one"), account(BOB, "one")))
    done = await bring(
        office,
        many(
            account(ANN, "two"),
            account(BOB, "one"),
            '{"email": "x@example.com"}',
            account("new@example.com", "one"),
            account("new@example.com", "one"),
            account(None, "plain"),
        ),
    )
    assert done.status == 200
    found = done.json
    assert [(item["number"], item["outcome"], item["id"]) for item in found["items"]] == [
        (1, "updated", 1),
        (2, "unchanged", 2),
        (3, "refused", None),
        (4, "added", 3),
        (5, "unchanged", 3),
        (6, "added", 4),
    ]
    counts = [found[name] for name in ("added", "updated", "unchanged", "refused")]
    assert counts == [2, 1, 2, 1]
    refused = found["items"][2]
    assert (refused["reason"], refused["label"]) == ("secret: no account of the bank", None)
    assert found["items"][0]["label"] == ANN


async def test_more_than_one_transaction_holds(office: BackOffice) -> None:
    accounts = [account(f"{number}@example.com", "one") for number in range(120)]
    found = (await bring(office, many(*accounts))).json
    assert (found["added"], found["items"][119]["number"]) == (120, 120)
    assert (await bring(office, many(*accounts))).json["unchanged"] == 120


async def test_an_account_that_was_removed_is_imported_again(office: BackOffice) -> None:
    await bring(office, account(ANN, "one"))
    assert (await office.operator.delete("/credentials/1")).status == 204
    assert (await bring(office, account(ANN, "one"))).json["added"] == 1


async def test_a_file_that_is_none_is_refused_whole(office: BackOffice) -> None:
    for text in ("no json", "[]", "", "\ud800"):
        answer = await bring(office, text)
        assert answer.error == (400, "bad_request", "text"), text
    for body, field in (
        ({"channel": "none", "text": "x"}, "channel"),
        ({"channel": "main"}, "text"),
        ({"channel": "main", "text": "x", "more": 1}, "more"),
    ):
        answer = await office.operator.post("/credentials/import", body)
        assert answer.error == (400, "bad_request", field)
    large = many(*[account(f"{number}@example.com", "x" * 5000) for number in range(400)])
    assert len(large) > 1 << 20
    assert (await bring(office, large)).json["added"] == 400
    assert (await bring(office, " " * (17 << 20))).status == 413


async def test_an_export_can_be_imported(office: BackOffice) -> None:
    await bring(office, many(account(ANN, "one"), account(BOB, "two"), account(None, "plain")))
    await office.operator.post("/credentials/2/disable")
    items = (await export(office)).json["items"]
    assert [(item["id"], item["label"]) for item in items] == [(1, ANN), (2, BOB), (3, None)]
    assert json.loads(items[0]["secret"]) == {"email": ANN, "token": "one"}
    for number in (1, 2, 3):
        await office.operator.delete(f"/credentials/{number}")
    lines = "\n".join(
        json.dumps({"label": item["label"], "secret": item["secret"]}) for item in items
    )
    assert (await bring(office, lines)).json["added"] == 3
    again = (await export(office)).json["items"]
    assert [item["secret"] for item in again] == [item["secret"] for item in items]
    (found,) = (await export(office, search="BOB")).json["items"]
    assert found["label"] == BOB
    first = (await export(office, limit=2)).json
    rest = (await export(office, limit=2, after=first["next"])).json
    assert [item["id"] for item in rest["items"]] == [6]
    assert (await export(office, state="disabled")).json["items"] == []
    assert (await office.admin.post("/credentials/export", {})).error[2] == "channel"


async def test_an_export_is_for_administrators_and_is_recorded(office: BackOffice) -> None:
    await bring(office, many(account(ANN, "one"), account(BOB, "two")))
    for caller in (office.operator, office.user):
        answer = await caller.post("/credentials/export", {"channel": "main"})
        assert answer.error == (403, "not_permitted", None)
        assert "one" not in answer.text
    answer = await export(office)
    assert answer.headers["cache-control"] == "no-store"
    records = (await office.admin.get("/audit", action="credential.export")).json["items"]
    assert [(one["subject"], one["actor"], one["detail"]) for one in records] == [
        ("main", "root/key", {"credentials": 2})
    ]
    imports = (await office.admin.get("/audit", action="credential.import")).json["items"]
    assert [one["detail"] for one in imports] == [{"secrets": 2}]


async def test_no_other_answer_shows_a_secret(office: BackOffice, log: io.StringIO) -> None:
    leaks = Leaks()
    tokens = [leaks.new(f"token {number}") for number in range(5)]
    operator = office.operator
    said = [
        await bring(office, many(account(ANN, tokens[0]), account(BOB, tokens[1]))),
        await bring(office, many(account(ANN, tokens[2]), f'["{tokens[3]}"]')),
        await bring(office, f"no json {tokens[3]}"),
        await operator.post("/credentials", {"channel": "main", "secret": tokens[3]}),
        await operator.put("/credentials/1", {"secret": account(ANN, tokens[4])}),
        await operator.put("/credentials/1", {"secret": account(BOB, tokens[3])}),
        await operator.post("/credentials/1/renew"),
        await operator.post("/credentials/1/test"),
        await operator.get("/credentials"),
        await office.admin.get("/audit"),
        await office.admin.call("GET", "/metrics"),
    ]
    shown = await export(office)
    assert leaks.found(shown.text) == {"token 1", "token 4"}
    said.append(await office.admin.get("/audit"))
    assert not leaks.found("\n".join(one.text for one in said))
    assert "/api/admin/credentials/export" in log.getvalue()
    assert not leaks.found(log.getvalue())
