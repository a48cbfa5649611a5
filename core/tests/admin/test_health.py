"""Liveness and readiness."""

from __future__ import annotations

import asyncio

import pytest
from back_office import BackOffice

from plugway.admin import health
from plugway.errors import Unavailable

pytestmark = pytest.mark.anyio


async def test_health_says_only_that_the_process_lives(office: BackOffice) -> None:
    for caller in (office.nobody, office.admin):
        answer = await caller.call("GET", "/health")
        assert (answer.status, answer.json) == (200, {"status": "ok"})
    assert (await office.nobody.call("HEAD", "/health")).status == 200


async def test_readiness_tells_details_to_administrators_only(office: BackOffice) -> None:
    await office.channel()
    for caller in (office.nobody, office.user, office.operator, office.caller("sk-unknown-key")):
        answer = await caller.call("GET", "/readyz")
        assert (answer.status, answer.json) == (200, {"status": "ready"})
    details = (await office.admin.call("GET", "/readyz")).json["details"]
    assert details == {
        "serving": True,
        "database": None,
        "settings": None,
        "restart": [],
        "plugins": {},
        "channels": {},
    }
    assert (await office.nobody.call("HEAD", "/readyz")).status == 200


async def test_a_draining_gateway_is_not_ready_and_still_serves(office: BackOffice) -> None:
    await office.channel()
    office.server.app.inflight.ready = False
    answer = await office.nobody.call("GET", "/readyz")
    assert (answer.status, answer.json) == (503, {"status": "unavailable"})
    assert (await office.admin.call("GET", "/readyz")).json["details"]["serving"] is False
    assert (await office.nobody.call("GET", "/health")).status == 200
    assert (await office.buy()).status == 200


async def test_a_gateway_whose_database_is_away_is_not_ready(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FRESH", 0.0)
    snapshots = office.gateway.snapshots
    whole = snapshots.refresh

    async def away() -> bool:
        raise Unavailable("The database is not available; try again.")

    monkeypatch.setattr(snapshots, "refresh", away)
    assert (await office.nobody.call("GET", "/readyz")).json == {"status": "unavailable"}
    answer = await office.admin.call("GET", "/readyz")
    assert answer.status == 503
    assert answer.json["details"]["database"] == "The database is not available; try again."

    async def broken() -> bool:
        raise RuntimeError("host=db.internal password=hunter2")

    monkeypatch.setattr(snapshots, "refresh", broken)
    answer = await office.admin.call("GET", "/readyz")
    assert answer.status == 503
    assert "hunter2" not in answer.text

    monkeypatch.setattr(snapshots, "refresh", whole)
    assert (await office.nobody.call("GET", "/readyz")).status == 200


async def test_many_questions_ask_a_silent_database_once(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "FRESH", 0.0)
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    asked, answered = 0, asyncio.Event()

    async def silent() -> bool:
        nonlocal asked
        asked += 1
        await answered.wait()
        return False

    monkeypatch.setattr(office.gateway.snapshots, "refresh", silent)
    calls = [office.nobody.call("GET", "/readyz") for _ in range(20)]
    assert {answer.status for answer in await asyncio.gather(*calls)} == {503}
    details = (await office.admin.call("GET", "/readyz")).json["details"]
    assert details["database"] == "the database does not answer"
    assert asked == 1
    answered.set()
    assert (await office.nobody.call("GET", "/readyz")).status == 200


async def test_a_fresh_answer_is_kept_for_a_moment(
    office: BackOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await office.nobody.call("GET", "/readyz")).status == 200
    asked = 0

    async def count() -> bool:
        nonlocal asked
        asked += 1
        return False

    monkeypatch.setattr(office.gateway.snapshots, "refresh", count)
    for _ in range(5):
        assert (await office.nobody.call("GET", "/readyz")).status == 200
    assert asked <= 1
