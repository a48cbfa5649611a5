"""What clients ask of their tasks."""

from __future__ import annotations

import pytest
from kling_gateway import IMAGES, PRICE, TEXT2VIDEO, Kling

pytestmark = pytest.mark.anyio


async def test_another_s_task_is_no_task(kling: Kling) -> None:
    bob = await kling.second()
    made = await kling.alice.make(external_task_id="mine")
    for name in (made["task_id"], "mine", "no-such-task", "a" * 300, "%25"):
        for path in (f"{TEXT2VIDEO}/{name}", f"/kling/v1/videos/{name}"):
            status, body = await bob.get(path)
            assert (status, body["code"]) == (404, 1203), (path, body)
            assert set(body) == {"code", "message", "request_id"}
    _, listed = await bob.get(TEXT2VIDEO)
    assert listed["data"] == []
    _, several = await bob.get(f"/kling/tasks?task_ids={made['task_id']}")
    assert several["data"] == []


async def test_a_task_of_another_kind_is_not_there(kling: Kling) -> None:
    made = await kling.alice.make()
    status, body = await kling.alice.get(f"{IMAGES}/{made['task_id']}")
    assert (status, body["code"]) == (404, 1203)


@pytest.mark.parametrize("path", ["/kling/v1/videos", "/kling/v1/video"])
async def test_any_kind_is_found_by_its_id_alone(kling: Kling, path: str) -> None:
    made = await kling.alice.make(IMAGES, n=1, external_task_id="picture")
    for name in (made["task_id"], "picture"):
        status, body = await kling.alice.get(f"{path}/{name}")
        assert (status, body["data"]["task_id"]) == (200, made["task_id"])


async def test_what_has_ended_is_told_without_asking(kling: Kling) -> None:
    made = await kling.alice.make()
    data = await kling.alice.ended(f"{TEXT2VIDEO}/{made['task_id']}")
    asked = len(kling.emulator.seen)
    _, again = await kling.alice.get(f"{TEXT2VIDEO}/{made['task_id']}")
    assert again["data"] == data
    assert len(kling.emulator.seen) == asked
    # What nobody documents comes through as well.
    assert data["trace"]["shard"] == 836594751283910737


async def test_a_running_task_is_told_while_the_upstream_is_away(kling: Kling) -> None:
    made = await kling.alice.make()
    await kling.emulator.refuse()
    status, body = await kling.alice.get(f"{TEXT2VIDEO}/{made['task_id']}")
    assert (status, body["data"]["task_status"]) == (200, "submitted")
    await kling.emulator.resume()


async def test_pages(kling: Kling) -> None:
    made = [(await kling.alice.make(prompt=f"cat {number}"))["task_id"] for number in range(3)]
    await kling.alice.make(IMAGES, n=1)
    status, body = await kling.alice.get(TEXT2VIDEO)
    assert status == 200
    assert [one["task_id"] for one in body["data"]] == made[::-1]
    assert set(body) == {"code", "message", "request_id", "data"}
    for page, expected in ((1, made[:0:-1]), (2, made[:1]), (3, [])):
        _, body = await kling.alice.get(f"{TEXT2VIDEO}?pageNum={page}&pageSize=2")
        assert [one["task_id"] for one in body["data"]] == expected
    _, body = await kling.alice.get(f"{TEXT2VIDEO}?pageNum=&pageSize=")
    assert len(body["data"]) == 3


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("pageNum=0", "pageNum"),
        ("pageNum=1001", "pageNum"),
        ("pageNum=-1", "pageNum"),
        ("pageNum=1.0", "pageNum"),
        ("pageNum=%D9%A1", "pageNum"),
        ("pageSize=0", "pageSize"),
        ("pageSize=501", "pageSize"),
        ("pageSize=1e2", "pageSize"),
        ("pageSize=99999999999999999999", "pageSize"),
    ],
)
async def test_pages_that_cannot_be(kling: Kling, query: str, field: str) -> None:
    status, body = await kling.alice.get(f"{TEXT2VIDEO}?{query}")
    assert (status, body["code"]) == (400, 1201)
    assert field in body["message"]


async def test_voices_have_larger_pages(kling: Kling) -> None:
    path = "/kling/v1/general/custom-voices"
    assert (await kling.alice.get(f"{path}?pageSize=1000"))[0] == 200
    assert (await kling.alice.get(f"{path}?pageSize=1001"))[0] == 400
    assert (await kling.alice.get(f"{TEXT2VIDEO}?pageSize=500"))[0] == 200


@pytest.mark.parametrize("query", ["", "task_ids=a&external_task_ids=b"])
async def test_several_are_named_in_one_way(kling: Kling, query: str) -> None:
    status, body = await kling.alice.get(f"/kling/tasks?{query}")
    assert (status, body["code"]) == (400, 1201)


async def test_not_too_many_at_once(kling: Kling) -> None:
    names = ",".join(map(str, range(101)))
    status, body = await kling.alice.get(f"/kling/tasks?task_ids={names}")
    assert (status, body["code"]) == (400, 1201)


@pytest.mark.parametrize("body", [{"limit": 501}, {"cursor": "x"}, {"limit": "all"}, [1]])
async def test_a_cursor_that_cannot_be(kling: Kling, body: object) -> None:
    status, told = await kling.alice.post("/kling/tasks", body)
    assert (status, told["code"]) in {(400, 1201), (400, 1200)}


async def test_a_task_that_took_too_long_has_failed(kling: Kling) -> None:
    kling.emulator.hold()
    made = await kling.alice.make(external_task_id="slow")
    tasks = kling.server.gateway.tasks
    task = await tasks.find("kling", upstream_id=made["task_id"])
    assert task is not None
    await tasks.polling._journal.end(task, "expired", "it has taken too long")  # noqa: SLF001  # time passes
    _, body = await kling.alice.get(f"{TEXT2VIDEO}/slow")
    data = body["data"]
    assert (data["task_status"], data["task_status_msg"]) == ("failed", "it has taken too long")
    assert data["updated_at"] >= data["created_at"]
    assert await kling.charged() == 0


async def test_who_may_not_come_from_here_sees_nothing(kling: Kling) -> None:
    made = await kling.alice.make()
    stranger = await kling.client(kling.user, networks=["203.0.113.0/24"])
    for path in (TEXT2VIDEO, f"{TEXT2VIDEO}/{made['task_id']}", "/kling/tasks?task_ids=1"):
        status, body = await stranger.get(path)
        assert (status, body["code"]) == (403, 1103)
    assert await kling.held() == PRICE
