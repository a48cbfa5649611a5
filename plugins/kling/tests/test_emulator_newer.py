"""The new generation of the emulated service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from kling_emulated import LEAST, Visitor

pytestmark = pytest.mark.anyio

TEXT = "/text-to-video/kling-3.0-turbo"
LEGACY = "/v1/videos/text2video"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


async def test_an_api_key_is_needed(visitor: Visitor) -> None:
    for method, path in (("POST", TEXT), ("GET", "/tasks?task_ids=1"), ("POST", "/tasks")):
        status, told = await visitor.ask(method, path, {"prompt": "a cat"})
        assert (status, told["code"]) == (401, 1002)


@pytest.mark.parametrize(
    "path",
    [
        TEXT,
        "/image-to-video/kling-3.0-turbo/",
        "/omni-video/kling-3.0-omni",
        "/motion-control/kling-3.0",
    ],
)
async def test_a_task_goes_its_way(visitor: Visitor, path: str) -> None:
    body = {
        "prompt": "a cat",
        "settings": {"duration": 5, "resolution": "1080p"},
        "options": {"external_task_id": "mine", "watermark_info": {"enabled": True}},
    }
    made = await visitor.post(path, body, plain=True)
    assert made["status"] == "submitted"
    assert made["external_id"] == "mine"
    states, task = [], {}
    for query in (f"task_ids={made['id']}", "external_task_ids=mine", f"task_ids=1,{made['id']}"):
        (task,) = await visitor.get(f"/tasks?{query}", plain=True)
        states.append(task["status"])
    assert states == ["submitted", "processing", "succeeded"]
    assert set(task) == {
        "id",
        "status",
        "message",
        "create_time",
        "update_time",
        "external_id",
        "outputs",
        "billing",
    }
    (output,) = task["outputs"]
    assert (output["type"], output["duration"]) == ("video", "5.041")
    assert "watermark_url" in output
    assert isinstance(task["billing"][0]["amount"], str)


async def test_tasks_page_by_cursor(visitor: Visitor) -> None:
    made = [(await visitor.post(TEXT, {"prompt": "a"}, plain=True))["id"] for _ in range(5)]
    await visitor.post(LEGACY, LEAST[LEGACY])
    found: list[str] = []
    cursor = ""
    while True:
        page = await visitor.post("/tasks", {"limit": 2, "cursor": cursor}, plain=True)
        found += [task["id"] for task in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert found == made[::-1]


async def test_the_generations_do_not_see_each_other(visitor: Visitor) -> None:
    legacy = await visitor.post(LEGACY, {**LEAST[LEGACY], "external_task_id": "old"})
    newer = await visitor.post(TEXT, {"prompt": "a"}, plain=True)
    assert await visitor.get(f"/tasks?task_ids={legacy['task_id']}", plain=True) == []
    assert await visitor.get("/tasks?external_task_ids=old", plain=True) == []
    assert (await visitor.ask("GET", f"{LEGACY}/{newer['id']}"))[0] == 404


@pytest.mark.parametrize(
    ("path", "body", "code", "begin"),
    [
        ("/text-to-video/kling-v9", {"prompt": "a"}, 1203, "model"),
        (TEXT, {}, 1201, "prompt"),
        (TEXT, {"prompt": "a", "settings": {"duration": 2}}, 1201, "settings.duration"),
        (TEXT, {"prompt": "a", "options": {"callback_url": "x"}}, 1201, "options.callback_url"),
        ("/tasks", {"cursor": "1"}, 1201, "cursor"),
    ],
)
async def test_what_is_wrong_is_refused(
    visitor: Visitor, path: str, body: dict[str, Any], code: int, begin: str
) -> None:
    told = await visitor.refused(path, body, plain=True)
    assert told[1] == code
    assert told[2].startswith(begin)
    status, answer = await visitor.ask("GET", "/tasks", plain=True)
    assert (status, answer["code"]) == (400, 1201)
