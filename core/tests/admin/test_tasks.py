"""Tasks over HTTP: the list, one task whole, and what is done about one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import plugway_shop
import pytest
from back_office import BackOffice
from task_desk import TaskDesk

from plugway import Ask, Poller, Provider, Task, TaskGone, TaskUpdate, UpstreamTimeout, hookimpl
from plugway.storage.models import Key
from plugway.tasks import receipts
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio

HOOK = "https://client.example/hook?token=hush-hush-1&n=1"


class ShopPoller(Poller):
    """Says what the test says."""

    provider = "shop"

    def __init__(self) -> None:
        self.says: TaskUpdate | Exception = TaskGone()

    async def poll(self, task: Task, ask: Ask) -> TaskUpdate:
        """Say it."""
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    async def find(self, task: Task, ask: Ask) -> TaskUpdate:
        """Say the same."""
        return await self.poll(task, ask)


class Jobs:
    """Is a plugin that polls for the shop, and has a second provider."""

    def __init__(self) -> None:
        self.poller = ShopPoller()

    @hookimpl
    def register_providers(self) -> Iterable[Provider]:
        """Return another provider."""
        return [Provider(name="depot", title="Depot", models=("tea",))]

    @hookimpl
    def register_pollers(self) -> Iterable[Poller]:
        """Return the poller."""
        return [self.poller]


@pytest.fixture
def jobs() -> Jobs:
    """Give the plugin."""
    return Jobs()


@pytest.fixture
async def office(tmp_path: Path, database_url: str, jobs: Jobs) -> AsyncIterator[BackOffice]:
    """Run a gateway on each database in turn."""
    async with GatewayServer(
        tmp_path / "home",
        plugins={"shop": plugway_shop, "jobs": jobs},
        environ={"PLUGWAY__DATABASE__URL": database_url},
    ) as server:
        office = BackOffice(server)
        await office.prepare()
        yield office
        await office.close()


@pytest.fixture
def desk(office: BackOffice) -> TaskDesk:
    """Give what makes tasks."""
    return TaskDesk(office.gateway)


async def listed(office: BackOffice, **query: Any) -> list[str]:
    """Return the call ids of a list."""
    answer = await office.operator.get("/tasks", **query)
    assert answer.status == 200, answer.text
    return [task["call_id"] for task in answer.json["items"]]


async def test_tasks_are_listed_and_chosen(office: BackOffice, desk: TaskDesk) -> None:
    main = (await office.channel())["id"]
    spare = (await office.channel("spare"))["id"]
    first = await desk.task("succeed", channel=main, upstream_id="u-1", external_id="mine")
    second = await desk.task("pending", kind="bake")
    third = await desk.task("processing", user="olga", channel=spare, external_id="mine")
    fourth = await desk.task("failed", provider="depot", reason="burnt")
    assert await listed(office) == [fourth, third, second, first]
    assert await listed(office, state="open") == [third, second]
    assert await listed(office, state="ended") == [fourth, first]
    assert await listed(office, state="failed") == [fourth]
    assert await listed(office, state="unknown") == []
    assert await listed(office, provider="shop") == [third, second, first]
    assert await listed(office, kind="bake") == [second]
    assert await listed(office, user="alice") == [fourth, second, first]
    assert await listed(office, user="alice", state="ended", provider="shop") == [first]
    assert await listed(office, channel="spare") == [third]
    assert await listed(office, id="u-1") == await listed(office, id=first) == [first]
    assert await listed(office, id="mine") == [third, first]
    assert await listed(office, id="mine", user="olga") == [third]
    assert await listed(office, id="u-9") == []
    for query in ({"user": "nobody"}, {"channel": "none"}, {"state": "asleep"}, {"id": ""}):
        (field,) = query
        answer = await office.operator.get("/tasks", **query)
        assert answer.error == (400, "bad_request", field)


async def test_the_list_comes_in_pages_and_without_prompts(
    office: BackOffice, desk: TaskDesk
) -> None:
    made = [await desk.task(request='{"prompt": "a secret cat"}') for _ in range(5)]
    found: list[str] = []
    after: int | None = 0
    pages = 0
    while after is not None:
        answer = await office.operator.get("/tasks", limit=2, after=after, user="alice")
        assert "cat" not in answer.text
        found += [task["call_id"] for task in answer.json["items"]]
        after, pages = answer.json["next"], pages + 1
    assert (found, pages) == (made[::-1], 3)


async def test_what_the_list_says_of_a_task(office: BackOffice, desk: TaskDesk) -> None:
    channel = await office.channel()
    call_id = await desk.task("failed", channel=channel["id"], upstream_id="u", reason="burnt")
    (task,) = (await office.operator.get("/tasks")).json["items"]
    assert {name: task[name] for name in ("call_id", "provider", "kind", "model", "user")} == {
        "call_id": call_id,
        "provider": "shop",
        "kind": "brew",
        "model": "tea",
        "user": "alice",
    }
    assert (task["channel"], task["credential"], task["upstream_id"]) == ("main", None, "u")
    assert (task["state"], task["reason"], task["price"]) == ("failed", "burnt", 10)
    assert (task["next_poll_at"], task["deadline"]) == (None, None)
    assert task["finished_at"] >= task["created_at"]


async def test_a_task_is_found_by_any_of_its_ids(office: BackOffice, desk: TaskDesk) -> None:
    call_id = await desk.task(upstream_id="831922345719271433")
    number = (await office.operator.get("/tasks")).json["items"][0]["id"]
    for name in (number, call_id, "831922345719271433"):
        found = (await office.operator.get(f"/tasks/{name}")).json
        assert found["call_id"] == call_id
    other = await desk.task(provider="depot", upstream_id="831922345719271433")
    answer = await office.operator.get("/tasks/831922345719271433")
    assert answer.error[:2] == (409, "conflict")
    assert f"{number}, " in answer.json["error"]["message"]
    assert (await office.operator.get(f"/tasks/{other}")).json["provider"] == "depot"
    for name in ("0", "999999", "9" * 30, "x" * 300, "u%20"):
        assert (await office.operator.get(f"/tasks/{name}")).error[:2] == (404, "not_found")


async def test_one_task_is_shown_whole(office: BackOffice, desk: TaskDesk) -> None:
    channel = await office.channel()
    body = {"user": "alice", "name": "phone", "quota": 100}
    await office.admin.post("/keys", body)
    key = await office.gateway.database.run(lambda: Key.get(name="phone"))
    call_id = await desk.task(
        "succeed",
        channel=channel["id"],
        upstream_id="u",
        key=key,
        callback_url=HOOK,
        request='{"prompt": "a cat", "token": "hush-hush-2"}',
        answer='{"url": "https://cdn.example/1.mp4?sig=abc", "size": 12345678901234567890123}',
    )
    now = office.gateway.clock.now()
    await receipts.keep(office.gateway.database, call_id, "no json", verified=False, now_us=now)
    await receipts.keep(office.gateway.database, call_id, '{"n": 2}', verified=True, now_us=now)
    await office.admin.post(f"/tasks/{call_id}/refund", {"credits": 4, "reason": "dark"})
    answer = await office.operator.get(f"/tasks/{call_id}")
    found = answer.json
    assert (found["state"], found["key"], found["ip"]) == ("succeed", "phone", "192.0.2.7")
    assert found["request_id"] == f"r-{call_id}"
    assert found["request"]["prompt"] == "a cat"
    assert found["answer"]["url"].endswith("?sig=abc")
    assert found["answer"]["size"] == 12345678901234567890123
    hold = found["hold"]
    assert (hold["state"], hold["settled_amount"], hold["refunded"]) == ("settled", 10, 4)
    assert [(one["kind"], one["key"], one["delta_balance"]) for one in found["entries"]] == [
        ("reserve", None, 0),
        ("reserve", "phone", 0),
        ("settle", None, -10),
        ("settle", "phone", -10),
        ("refund", None, 4),
        ("refund", "phone", 4),
    ]
    assert [(one["verified"], one["body"]) for one in found["receipts"]] == [
        (False, "no json"),
        (True, {"n": 2}),
    ]
    (callback,) = found["callbacks"]
    assert callback["body"] == {"is": "succeed"}
    # Its delivery may have begun.
    assert callback["tries"] in (0, 1)
    assert callback["url"] == found["callback_url"] == "https://client.example/hook?…"
    # What its client keeps to itself is nobody's here.
    assert "hush-hush" not in answer.text


async def test_a_task_without_anything_is_shown_too(office: BackOffice, desk: TaskDesk) -> None:
    call_id = await desk.task("pending", price=0)
    found = (await office.operator.get(f"/tasks/{call_id}")).json
    assert (found["answer"], found["receipts"], found["callbacks"]) == (None, [], [])
    assert (found["channel"], found["key"], found["callback_url"]) == (None, None, None)


async def test_an_upstream_is_asked_now(office: BackOffice, desk: TaskDesk, jobs: Jobs) -> None:
    channel = await office.channel()
    call_id = await desk.task(channel=channel["id"], upstream_id="u")
    jobs.poller.says = TaskUpdate(state="processing", answer="{}", progress=40)
    assert (await office.operator.post(f"/tasks/{call_id}/poll")).status == 403
    polled = (await office.admin.post(f"/tasks/{call_id}/poll")).json
    assert (polled["state"], polled["progress"]) == ("processing", 40)
    jobs.poller.says = TaskUpdate(state="succeed", answer="{}")
    assert (await office.admin.post("/tasks/u/poll")).json["state"] == "succeed"
    jobs.poller.says = TaskUpdate(state="failed", answer="{}")
    assert (await office.admin.post("/tasks/u/poll")).json["state"] == "succeed"
    audits = (await office.admin.get("/audit", action="task.poll")).json["items"]
    assert [(one["subject"], one["detail"]) for one in audits] == [
        (call_id, {"from": "processing", "to": "succeed"}),
        (call_id, {"from": "submitted", "to": "processing"}),
    ]
    assert (await office.server.verify()).ok


async def test_a_task_that_failed_is_asked_for_again(
    office: BackOffice, desk: TaskDesk, jobs: Jobs
) -> None:
    channel = await office.channel()
    call_id = await desk.task("failed", channel=channel["id"], upstream_id="u", reason="burnt")
    place = f"/tasks/{call_id}/recheck"
    jobs.poller.says = TaskUpdate(state="succeed", answer='{"url": "x"}')
    before = (await office.operator.get(f"/tasks/{call_id}")).json
    found = (await office.operator.post(place)).json
    assert (found["state"], found["says"], found["answer"]) == ("failed", "succeed", {"url": "x"})
    jobs.poller.says = TaskUpdate(state="failed", answer="{}", reason="no fire")
    assert (await office.operator.post(place)).json["reason"] == "no fire"
    jobs.poller.says = TaskGone()
    assert (await office.operator.post(place)).json["says"] is None
    jobs.poller.says = UpstreamTimeout("slow")
    assert (await office.operator.post(place)).error[:2] == (504, "upstream_timeout")
    assert (await office.operator.get(f"/tasks/{call_id}")).json == before
    for state in ("submitted", "succeed"):
        other = await desk.task(state, channel=channel["id"])
        answer = await office.operator.post(f"/tasks/{other}/recheck")
        assert answer.error[:2] == (409, "conflict")
    nobody = await desk.task("failed")
    answer = await office.operator.post(f"/tasks/{nobody}/recheck")
    assert answer.error[:2] == (409, "conflict")


async def test_callbacks_are_sent_again(office: BackOffice, desk: TaskDesk) -> None:
    call_id = await desk.task("failed", callback_url=HOOK)
    silent = await desk.task("failed")
    answer = await office.operator.post(f"/tasks/{call_id}/resend")
    assert answer.json == {"call_id": call_id, "callbacks": 1}
    assert (await office.admin.post(f"/tasks/{silent}/resend")).json["callbacks"] == 0
    audits = (await office.admin.get("/audit", action="task.resend")).json["items"]
    assert [one["subject"] for one in audits] == [silent, call_id]


async def test_a_task_is_refunded_once(office: BackOffice, desk: TaskDesk) -> None:
    call_id = await desk.task("succeed", upstream_id="u")
    body = {"credits": 6, "reason": "dark", "idempotency_key": "r1"}
    first = (await office.admin.post("/tasks/u/refund", body)).json
    assert (first["call_id"], first["balance"], first["repeated"]) == (call_id, 996, False)
    assert (await office.admin.post("/tasks/u/refund", body)).json["repeated"] is True
    much = {**body, "idempotency_key": "r2"}
    assert (await office.admin.post("/tasks/u/refund", much)).error[:2] == (409, "conflict")
    nothing = {**body, "credits": 0}
    answer = await office.admin.post("/tasks/u/refund", nothing)
    assert answer.error == (400, "bad_request", "credits")
    assert (await office.operator.post("/tasks/u/refund", body)).status == 403
    failed = await desk.task("failed")
    answer = await office.admin.post(f"/tasks/{failed}/refund", much)
    assert answer.error[:2] == (409, "conflict")
    audits = (await office.admin.get("/audit", action="ledger.refund")).json["items"]
    assert [one["subject"] for one in audits] == [call_id]
    assert (await office.server.verify()).ok
