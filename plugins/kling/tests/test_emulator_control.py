"""The emulated service, controlled from another process."""

from __future__ import annotations

import ast
import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from kling_emulated import LEAST, Inbox, Visitor

from plugway_kling import emulator as emulator_module
from plugway_kling.emulated.accounts import account
from plugway_kling.emulator import KlingEmulator

pytestmark = pytest.mark.anyio

PATH = "/v1/videos/text2video"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator."""
    async with Visitor() as visitor:
        yield visitor


async def test_behaviour_is_set_over_http(visitor: Visitor) -> None:
    chaos = {"seed": 7, "creates": {"lost_after": 0.25}, "fail": 1.0}
    told = await visitor.control("PATCH", "behaviour", {"looks": 1, "chaos": chaos})
    assert told == await visitor.control("GET", "behaviour")
    assert visitor.emulator.behaviour.looks == 1
    assert visitor.emulator.behaviour.chaos.creates == {"lost_after": 0.25}
    # What was not named stays.
    told = await visitor.control("PATCH", "behaviour", {"repeat": 2})
    assert (told["looks"], told["chaos"]["seed"]) == (1, 7)


@pytest.mark.parametrize(
    "wrong",
    [{"look": 1}, {"looks": 0}, {"chaos": {"creates": {"error": 2}}}, {"order": "any"}],
)
async def test_what_is_wrong_changes_nothing(visitor: Visitor, wrong: dict[str, object]) -> None:
    before = await visitor.control("GET", "behaviour")
    url = f"{visitor.emulator.url}/_emulator/kling/behaviour"
    async with aiohttp.request("PATCH", url, json={"repeat": 9, **wrong}) as response:
        assert response.status == 400
    assert await visitor.control("GET", "behaviour") == before


async def test_accounts_are_opened_and_changed(visitor: Visitor) -> None:
    keys = await visitor.control("PUT", "account", {"name": "second", "capacity": 1})
    assert keys["secret"] == visitor.emulator.accounts["second"].secret
    await visitor.post(PATH, LEAST[PATH], account="second")
    assert (await visitor.refused(PATH, LEAST[PATH], account="second"))[1] == 1303
    await visitor.control("PUT", "account", {"name": "second", "capacity": None})
    await visitor.post(PATH, LEAST[PATH], account="second")
    await visitor.control("PUT", "account", {"name": "second", "trouble": 1101})
    assert (await visitor.refused(PATH, LEAST[PATH], account="second"))[1] == 1101


async def test_mishaps_are_asked_for(visitor: Visitor) -> None:
    await visitor.control("POST", "mishaps", {"kind": "error", "code": 5001, "times": 3})
    assert (await visitor.refused(PATH, LEAST[PATH]))[:2] == (503, 5001)
    (left,) = await visitor.control("GET", "mishaps")
    assert (left["kind"], left["times"]) == ("error", 2)
    await visitor.control("DELETE", "mishaps")
    await visitor.post(PATH, LEAST[PATH])


async def test_tasks_are_driven(visitor: Visitor) -> None:
    first, second = [(await visitor.post(PATH, LEAST[PATH]))["task_id"] for _ in range(2)]
    await visitor.control("POST", f"tasks/{first}", {"state": "failed", "message": "no"})
    await visitor.control("POST", "advance")
    states = {task["id"]: task["state"] for task in visitor.emulator.truth.tasks()}
    assert states == {first: "failed", second: "processing"}
    for path in ("tasks/1", "forge/1"):
        url = f"{visitor.emulator.url}/_emulator/kling/{path}"
        async with aiohttp.request("POST", url, json={}) as response:
            assert response.status == 404


async def test_the_truth_is_told() -> None:
    async with Visitor(KlingEmulator(accounts=["demo", "other"])) as visitor:
        made = await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "a"})
        visitor.emulator.mishap("lost_after")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await visitor.post(PATH, {**LEAST[PATH], "external_task_id": "b"}, account="other")
        visitor.emulator.finish(made["task_id"])
        await visitor.refused(PATH, {"external_task_id": "c"})
        truth = await visitor.control("GET", "truth")
    assert [account["name"] for account in truth["accounts"]] == ["demo", "other"]
    assert truth["creates"] == {"demo": {"a": 1}, "other": {"b": 1}}
    told = [(task["external_id"], task["state"], task["answer"]) for task in truth["tasks"]]
    assert told == [("a", "succeed", "sent"), ("b", "submitted", "lost_after")]
    tried = [(each["external_id"], each["answer"], each["code"]) for each in truth["attempts"]]
    assert tried == [("a", "sent", None), ("b", "lost_after", None), ("c", "refused", 1201)]


async def test_callbacks_are_driven(visitor: Visitor) -> None:
    inbox = Inbox()
    url = await inbox.start()
    made = await visitor.post(PATH, {**LEAST[PATH], "callback_url": url})
    await visitor.control("POST", "callbacks", {"kind": "repeated"})
    assert (await visitor.control("GET", "callbacks"))["due"] == 1
    (sent,) = await visitor.control("POST", "deliver")
    assert (sent["state"], sent["statuses"]) == ("submitted", [200, 200])
    await visitor.control("POST", f"forge/{made['task_id']}", {"state": "succeed"})
    await visitor.control("POST", "deliver")
    told = await visitor.control("GET", "callbacks")
    assert [each["mishap"] for each in told["sent"]] == ["repeated", "forged"]
    assert [body["task_status"] for body in inbox.bodies()] == ["submitted"] * 2 + ["succeed"]
    await inbox.stop()


async def test_the_faults_of_every_emulator_work_too(visitor: Visitor) -> None:
    visitor.emulator.fail("cut", path=PATH, after=10)
    with pytest.raises(aiohttp.ClientPayloadError):
        await visitor.post(PATH, LEAST[PATH])
    assert len(visitor.emulator.truth.tasks()) == 1


async def test_the_tour_is_answered(visitor: Visitor) -> None:
    for call in visitor.emulator.tour:
        path = call.path.removeprefix("/kling")
        status, _ = await visitor.ask(call.method, path, call.json)
        assert status == call.expect, call.title


def test_a_channel_to_it_has_its_secrets() -> None:
    first = account("first", webhook_secrets=("whsec_MQ==", "whsec_Mg=="))
    emulator = KlingEmulator(accounts=[first, "second"])
    assert emulator.secret == first.secret
    assert emulator.settings == {"webhook_secret": "whsec_MQ==,whsec_Mg=="}
    assert KlingEmulator().settings == {}


async def test_it_starts_and_stops_and_starts_again() -> None:
    emulator = KlingEmulator(automatic=True)
    for _ in range(2):
        async with Visitor(emulator) as visitor:
            await visitor.post(PATH, LEAST[PATH])


async def test_it_runs_in_a_process_of_its_own() -> None:
    command = (sys.executable, "-m", "plugway_kling.emulated", "--account", "one")
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(30):
        url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.request("GET", f"{url}/_emulator/kling/truth") as response:
            truth = await response.json()
        assert [account["name"] for account in truth["accounts"]] == ["one"]
        process.terminate()
        assert await process.wait() == 0


def test_it_shares_nothing_with_the_plugin() -> None:
    # Code that both used would hide what it gets wrong.
    file = Path(emulator_module.__file__)
    for path in (file, *file.with_name("emulated").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                if name.startswith("plugway_kling"):
                    assert name.startswith("plugway_kling.emulat"), path
