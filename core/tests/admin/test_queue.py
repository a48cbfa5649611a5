"""The queue of calls over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from queue_house import QueueHouse

from plugway.storage.models import Audit

pytestmark = pytest.mark.anyio


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[QueueHouse]:
    """Run a gateway with one account and an operator."""
    async with QueueHouse(tmp_path / "home") as house:
        await house.user("olga", role="operator")
        await house.accounts(1)
        yield house


async def test_calls_are_listed_and_cancelled(house: QueueHouse) -> None:
    house.says(asyncio.Event())
    runs = await house.asked("ann", stream=True, headers={"x-request-id": "mine"})
    await house.until(lambda: house.gateway.queue.list()[0].state == "running")
    waits = await house.asked("bob")
    first, second = (await house.get("olga", "/api/admin/queue")).json["items"]
    assert (first["state"], first["position"], first["request_id"]) == ("running", None, "mine")
    assert (first["user"], first["provider"], first["model"]) == ("ann", "poet", "poet")
    assert first["started"] >= first["since"]
    assert (second["state"], second["position"], second["started"]) == ("waiting", 1, None)
    assert (first["streaming"], second["streaming"]) == (True, False)
    only = await house.get("olga", "/api/admin/queue?user=bob&provider=poet")
    assert only.json["items"] == [second]
    assert (await house.get("olga", "/api/admin/queue?provider=kling")).json == {"items": []}
    said = await house.post("olga", f"/api/admin/queue/{first['id']}/cancel")
    assert (said.status, said.body) == (204, "")
    assert (await runs).status == 499
    assert (await waits).status == 200
    audit = await house.gateway.database.run(lambda: Audit.filter(action="queue.cancel").get())
    assert (audit.subject, audit.actor) == (first["id"], "olga/key")


async def test_what_is_not_there_is_told(house: QueueHouse) -> None:
    said = await house.post("olga", "/api/admin/queue/nothing/cancel")
    assert (said.status, said.json["error"]["code"]) == (404, "not_found")
    assert (await house.get("olga", "/api/admin/queue?users=ann")).status == 400


async def test_users_may_not(house: QueueHouse) -> None:
    assert (await house.get("ann", "/api/admin/queue")).status == 403
    assert (await house.post("ann", "/api/admin/queue/x/cancel")).status == 403
