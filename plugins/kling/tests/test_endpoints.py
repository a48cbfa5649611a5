"""Every endpoint of the official API, through the gateway."""

from __future__ import annotations

from typing import Any

import pytest
from kling_bodies import CALLS, NEWER, TASKS, filled
from kling_gateway import MODELS, Kling

from plugway_kling.endpoints import ENDPOINTS, Endpoint
from plugway_kling.requests import kinds

pytestmark = pytest.mark.anyio

OF_TASKS = [one for one in ENDPOINTS if one.way == "task" and not one.newer]
OF_NEWER = [one for one in ENDPOINTS if one.newer]
OF_CALLS = [one for one in ENDPOINTS if one.way in ("call", "delete")]


def test_the_table_and_the_checks_know_the_same() -> None:
    works = {one.kind for one in ENDPOINTS if one.way in ("task", "call", "delete")}
    assert works == kinds()
    assert {one.kind for one in OF_TASKS} == set(TASKS)
    assert {one.kind for one in OF_CALLS} == set(CALLS)
    assert {one.path.split("/")[1] for one in OF_NEWER} == set(NEWER)


@pytest.mark.parametrize("endpoint", OF_TASKS, ids=lambda one: one.kind)
async def test_a_task_is_made_asked_for_and_charged_once(kling: Kling, endpoint: Endpoint) -> None:
    path = f"/kling{endpoint.path}"
    body = await filled(kling.alice, TASKS[endpoint.kind])
    status, told = await kling.alice.post(f"{path}/", {**body, "external_task_id": "mine"})
    assert (status, told["code"]) == (200, 0), told
    assert set(told) == {"code", "message", "request_id", "data"}
    data = told["data"]
    assert data["task_status"] == "submitted"
    assert data.get("task_info", {}).get("external_task_id", "mine") == "mine"
    before = await kling.held()
    assert before > 0
    ended = await kling.alice.ended(f"{path}/mine/")
    assert ended["task_status"] == "succeed"
    assert ended["task_id"] == data["task_id"]
    assert ended["task_info"]["external_task_id"] == "mine"
    _, listed = await kling.alice.get(path)
    assert listed["data"][0]["task_id"] == data["task_id"]
    assert await kling.charged() > 0
    sent = kling.sent(endpoint.path)[-1]
    assert sent["external_task_id"] not in ("", "mine")


@pytest.mark.parametrize("endpoint", OF_CALLS, ids=lambda one: one.kind)
async def test_a_call_is_answered_at_once(kling: Kling, endpoint: Endpoint) -> None:
    body = await filled(kling.alice, CALLS[endpoint.kind])
    if endpoint.kind == "delete-selection":
        await kling.alice.post("/kling/v1/videos/multi-elements/add-selection", body)
    charged = await kling.charged()
    status, told = await kling.alice.post(f"/kling{endpoint.path}", body)
    assert (status, told["code"]) == (200, 0), told
    seen = kling.emulator.seen[-1]
    assert (seen.method, seen.target) == ("POST", endpoint.path)
    free = endpoint.kind in FREE
    assert (await kling.charged() > charged) is not free


#: Calls that the default prices give away: they take back, or show, what was paid for.
FREE = {
    "delete-selection",
    "clear-selection",
    "preview-selection",
    "delete-voices",
    "delete-elements",
    "delete-advanced-elements",
}


@pytest.mark.parametrize("path", ["presets-voices", "advanced-presets-elements"])
async def test_presets_are_everybody_s_and_free(kling: Kling, path: str) -> None:
    status, told = await kling.alice.get(f"/kling/v1/general/{path}?pageNum=1&pageSize=2")
    assert status == 200
    assert len(told["data"]) <= 2
    assert told["data"][0]["task_status"] == "succeed"
    assert kling.emulator.seen[-1].target == f"/v1/general/{path}?pageNum=1&pageSize=2"
    assert await kling.charged() == 0


async def test_the_account_is_asked_for(kling: Kling) -> None:
    path = "/kling/account/costs?start_time=1&end_time=2"
    status, told = await kling.alice.get(path)
    assert (status, told["data"]["code"]) == (200, 0)
    for name in ("balance", "package"):
        status, told = await kling.alice.post(f"/kling/account/billing/{name}", {"limit": 5})
        assert (status, told["code"]) == (200, 0)
        assert "items" in told["data"]
    assert await kling.charged() == 0


async def test_the_account_s_own_refusals_are_told(kling: Kling) -> None:
    status, told = await kling.alice.get("/kling/account/costs")
    assert (status, told["code"]) == (400, 1201)
    assert "start_time" in told["message"]


class TestForOperators:
    """With an account that is the operators' own business."""

    @pytest.fixture
    def environ(self) -> dict[str, str]:
        """Say so."""
        return {"PLUGWAY__PLUGINS__KLING__ACCOUNT": "operators"}

    async def test_users_are_refused_and_operators_are_not(self, kling: Kling) -> None:
        path = "/kling/account/costs?start_time=1&end_time=2"
        status, told = await kling.alice.get(path)
        assert (status, told["code"]) == (403, 1103)
        user = await kling.server.user("op", role="operator")
        operator = await kling.client(user)
        assert (await operator.get(path))[0] == 200


@pytest.fixture
async def keyed(bare: Kling) -> Kling:
    """Run a gateway whose channel has a pair and an API key."""
    first, second = bare.emulator.accounts["first"], bare.emulator.accounts["second"]
    await bare.channel(first.secret, second.api_key)
    return bare


@pytest.mark.parametrize("endpoint", OF_NEWER, ids=lambda one: one.kind)
async def test_the_newer_generation(keyed: Kling, endpoint: Endpoint) -> None:
    action = endpoint.path.split("/")[1]
    model = {"omni-video": "kling-3.0-omni"}.get(action, "kling-3.0")
    assert model in MODELS
    body: dict[str, Any] = {**NEWER[action], "options": {"external_task_id": "mine"}}
    for attempt in range(2):
        body["options"]["external_task_id"] = f"mine{attempt}"
        status, told = await keyed.alice.post(f"/kling/{action}/{model}", body)
        assert (status, told["code"]) == (200, 0), told
        assert told["data"]["external_id"] == f"mine{attempt}"
    # The pair was never even tried.
    assert len(keyed.emulator.accounts["second"].tasks) == 2
    name = told["data"]["id"]
    for _ in range(3):
        _, several = await keyed.alice.get(f"/kling/tasks?task_ids={name},no-such-task")
    (task,) = several["data"]
    assert (task["id"], task["status"], task["external_id"]) == (name, "succeeded", "mine1")
    _, same = await keyed.alice.get("/kling/tasks?external_task_ids=mine1")
    assert same["data"][0]["id"] == name
    _, listed = await keyed.alice.post("/kling/tasks", {"limit": 1})
    assert [one["id"] for one in listed["data"]["items"]] == [name]
    _, rest = await keyed.alice.post(
        "/kling/tasks", {"limit": 1, "cursor": listed["data"]["next_cursor"]}
    )
    assert [one["external_id"] for one in rest["data"]["items"]] == ["mine0"]
    # It is always there, as documented, and empty for who gave none.
    _, told = await keyed.alice.post(f"/kling/{action}/{model}", NEWER[action])
    _, several = await keyed.alice.get(f"/kling/tasks?task_ids={told['data']['id']}")
    assert (told["data"]["external_id"], several["data"][0]["external_id"]) == ("", "")


async def test_the_newer_generation_needs_an_api_key(kling: Kling) -> None:
    status, told = await kling.alice.post("/kling/text-to-video/kling-3.0", {"prompt": "a cat"})
    assert (status, told["code"]) == (503, 5001)
    assert "API key" in told["message"]
    assert list(kling.emulator.seen) == []
    assert await kling.charged() == 0
