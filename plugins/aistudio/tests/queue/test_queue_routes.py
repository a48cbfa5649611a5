"""`/v1/queue` and `/v1/cancel/{id}` as their clients know them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from queue_house import QueueHouse

import plugway_aistudio
from plugway import Gateway, Mount, TextDelta, hookimpl
from plugway.testing import ManualClock
from plugway_aistudio.front.queue import QueueRoutes
from plugway_aistudio.provider import NAME

pytestmark = pytest.mark.anyio


class Routes:
    """Mounts the routes and no more."""

    @hookimpl
    def register_routes(self, gateway: Gateway) -> Iterable[Mount]:
        """Return the routes."""
        return QueueRoutes(gateway).mounts()


@pytest.fixture
def clock() -> ManualClock:
    """Stand still."""
    return ManualClock()


@pytest.fixture
async def house(tmp_path: Path, clock: ManualClock) -> AsyncIterator[QueueHouse]:
    """Run a gateway with one account; the users are ann, bob, and an operator and an admin."""
    home = tmp_path / "home"
    async with QueueHouse(home, NAME, plugins={"routes": Routes()}, clock=clock) as house:
        await house.user("olga", role="operator")
        await house.user("adam", role="admin")
        await house.accounts(1)
        yield house
        report = await house.server.verify()
        assert report.ok, report.problems


async def state(house: QueueHouse, user: str) -> Any:
    """Return the queue as a user sees it."""
    said = await house.get(user, "/v1/queue")
    assert said.status == 200
    return said.json


async def test_an_empty_queue(house: QueueHouse) -> None:
    empty = {"queue_length": 0, "is_processing_locked": False, "items": []}
    assert await state(house, "ann") == empty


async def test_everybody_sees_their_own_and_operators_all(
    house: QueueHouse, clock: ManualClock
) -> None:
    came, go = clock.now() / 1_000_000, asyncio.Event()
    house.says(go, TextDelta("One"))
    first = await house.asked("ann", stream=True, headers={"x-request-id": "ab12cd3"})
    await house.until(lambda: house.gateway.queue.list()[0].state == "running")
    clock.advance(2)
    second = await house.asked("bob")
    clock.advance(2.5)
    anns, bobs = await state(house, "ann"), await state(house, "bob")
    assert (anns["queue_length"], anns["is_processing_locked"]) == (1, True)
    (item,) = anns["items"]
    answer_id = item.pop("answer_id")
    assert item == {
        "req_id": "ab12cd3",
        "enqueue_time": came,
        "wait_time_seconds": 0.0,
        "is_streaming": True,
        "cancelled": False,
        "state": "running",
        "model": "poet",
        "position": None,
    }
    (other,) = bobs["items"]
    assert (other["state"], other["position"], other["is_streaming"]) == ("waiting", 1, False)
    assert (other["enqueue_time"], other["wait_time_seconds"]) == (came + 2, 2.5)
    assert (bobs["queue_length"], bobs["is_processing_locked"]) == (1, True)
    for user in ("olga", "adam"):
        ids = [one["req_id"] for one in (await state(house, user))["items"]]
        assert ids == ["ab12cd3", other["req_id"]]
    go.set()
    said = [await first, await second]
    assert f'"id":"chatcmpl-{answer_id}"' in said[0].body
    assert said[1].headers["x-request-id"] == other["req_id"]


@pytest.mark.parametrize("user", ["bob", "olga", "adam"])
async def test_a_waiting_call_is_cancelled_by_its_user_or_an_operator(
    house: QueueHouse, user: str
) -> None:
    claim = await house.taken()
    anns = await house.asked("ann")
    bobs = await house.asked("bob")
    (mine,) = (await state(house, "bob"))["items"]
    said = await house.post(user, f"/v1/cancel/{mine['req_id']}")
    assert (said.status, said.json) == (
        200,
        {"success": True, "message": f"Request {mine['req_id']} marked as cancelled."},
    )
    told = await bobs
    assert (told.status, told.json["error"]["code"]) == (499, "cancelled")
    again = await house.post(user, f"/v1/cancel/{mine['req_id']}")
    assert (again.status, again.json["success"]) == (404, False)
    assert not anns.done()
    house.gateway.credentials.free(claim)
    assert (await anns).status == 200


async def test_a_running_call_is_cancelled_by_the_id_of_its_first_chunk(house: QueueHouse) -> None:
    house.says(TextDelta("Half an"), asyncio.Event())
    running = await house.asked("ann", stream=True)
    waiting = await house.asked("bob")
    await house.until(lambda: bool(house.poet.asked))
    ((first),) = (await state(house, "ann"))["items"]
    assert (await house.post("ann", f"/v1/cancel/chatcmpl-{first['answer_id']}")).status == 200
    assert '"code":"cancelled"' in (await running).body
    assert (await waiting).status == 200


async def test_a_call_of_somebody_else_is_none(house: QueueHouse) -> None:
    house.says(go := asyncio.Event(), TextDelta("Whole"))
    anns = await house.asked("ann", headers={"x-request-id": "anns"})
    said = await house.post("bob", "/v1/cancel/anns")
    none = await house.post("bob", "/v1/cancel/nobodys")
    assert (said.status, none.status) == (404, 404)
    assert said.json == {"success": False, "message": "Request anns is not in the queue."}
    assert set(none.json) == {"success", "message"}
    go.set()
    assert (await anns).status == 200


@pytest.mark.parametrize("user", [None, "nobody"])
async def test_a_key_is_needed(house: QueueHouse, user: str | None) -> None:
    house.keys["nobody"] = "sk-nobody"
    for said in (
        await house.get(user, "/v1/queue"),
        await house.post(user, "/v1/cancel/x"),
    ):
        assert said.status == 401
        assert said.json["error"]["type"] == "invalid_request_error"
        assert said.json["error"]["code"] in (None, "invalid_api_key")


async def test_a_key_for_another_place_sees_nothing(house: QueueHouse) -> None:
    ann = house.users["ann"]
    house.keys["ann"] = await house.server.key(ann, "elsewhere", networks=["10.9.8.0/24"])
    said = await house.get("ann", "/v1/queue")
    assert (said.status, said.json["error"]["type"]) == (403, "permission_error")
    assert (await house.post("ann", "/v1/cancel/x")).status == 403


async def test_other_methods_are_refused_in_openai_s_shape(house: QueueHouse) -> None:
    said = await house.get("ann", "/v1/cancel/x")
    assert said.status in (404, 405)
    assert "error" in said.json


async def test_a_client_that_leaves_is_not_in_the_queue(house: QueueHouse) -> None:
    claim = await house.taken()
    gone, stays = await house.asked("ann"), await house.asked("ann")
    gone.cancel()
    await house.until(lambda: len(house.gateway.queue) == 1)
    seen = await state(house, "ann")
    assert seen["queue_length"] == 1
    assert [item["position"] for item in seen["items"]] == [1]
    house.gateway.credentials.free(claim)
    assert (await stays).status == 200


async def test_the_plugin_mounts_them(tmp_path: Path) -> None:
    from plugway.testing.server import GatewayServer

    plugins = {"aistudio": plugway_aistudio}
    async with GatewayServer(tmp_path / "home", plugins=plugins) as server:
        routes = server.gateway.registry.routes
        for method, path in (("GET", "/v1/queue"), ("POST", "/v1/cancel/x")):
            assert routes.find(method, path)[0] == "aistudio"
