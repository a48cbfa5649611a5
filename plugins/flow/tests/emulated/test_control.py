"""The emulator controlled, here and from another process, and what goes wrong on demand."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
from pathlib import Path

import aiohttp
import pytest
from flow_emulated import POLL, VIDEO, Visitor

from plugway_flow import emulator as emulator_module
from plugway_flow.emulator import FlowEmulator

pytestmark = pytest.mark.anyio

ROOT = "/_emulator/flow"


async def test_behaviour_is_set(visitor: Visitor) -> None:
    told = await visitor.control("PATCH", "behaviour", {"looks": 1, "takes": "old"})
    assert told == await visitor.control("GET", "behaviour")
    assert visitor.emulator.behaviour.takes == "old"
    told = await visitor.control("PATCH", "behaviour", {"fates": {"gun": "ERROR_SAFETY"}})
    assert (told["looks"], told["fates"]) == (1, {"gun": "ERROR_SAFETY"})


async def test_what_is_wrong_changes_nothing(visitor: Visitor) -> None:
    before = await visitor.control("GET", "behaviour")
    for method, path, wrong in (
        ("PATCH", "behaviour", {"looks": 0, "takes": "old"}),
        ("PATCH", "behaviour", {"look": 1}),
        ("PATCH", "behaviour", {"models": {"new": "Nothing"}}),
        ("PUT", "account", {"name": "demo", "state": "odd"}),
        ("PUT", "account", {"name": "demo", "tier": "PAYGATE_TIER_NINE"}),
        ("POST", "mishaps", {"kind": "refused", "code": 418}),
        ("POST", "mishaps", {"kind": "stale", "call": "poll"}),
        ("POST", "clock", {"advance": -1}),
    ):
        status, _, _ = await visitor.raw(method, f"{ROOT}/{path}", wrong)
        assert status == 400, (path, wrong)
    assert await visitor.control("GET", "behaviour") == before
    assert await visitor.control("GET", "mishaps") == []


async def test_accounts_are_opened_changed_and_signed_in(visitor: Visitor) -> None:
    asked = {"name": "third", "tier": "PAYGATE_TIER_TWO", "credits": 7, "token_seconds": 60}
    told = await visitor.control("PUT", "account", asked)
    assert (told["email"], told["credits"], told["sessions"]) == ("third@flow.example", 7, 1)
    found = await visitor.good("/v1/credits", account="third")
    assert (found["credits"], found["userPaygateTier"]) == (7, "PAYGATE_TIER_TWO")
    listed = await visitor.control("GET", "accounts")
    assert [each["secret"] for each in listed] == visitor.emulator.secrets
    await visitor.control("POST", "accounts/third/revoke", {"sessions": False})
    assert await visitor.session("third") != {}
    await visitor.control("POST", "accounts/third/revoke")
    assert await visitor.session("third") == {}
    again = await visitor.control("POST", "accounts/third/sign-in")
    assert again["secret"] != told["secret"]
    assert await visitor.session("third") != {}
    assert (await visitor.raw("POST", f"{ROOT}/accounts/nobody/sign-in"))[0] == 404


async def test_videos_are_driven(visitor: Visitor) -> None:
    first, second = [await visitor.submit(await visitor.video()) for _ in range(2)]
    await visitor.control("POST", f"jobs/{first}", {"state": "FAILED", "message": "no"})
    await visitor.control("POST", "advance")
    truth = await visitor.control("GET", "truth")
    states = {job["name"]: (job["state"], job["error"]) for job in truth["jobs"]}
    assert (states[first], states[second]) == (("FAILED", [13, "no"]), ("ACTIVE", None))
    assert truth["accounts"]["demo"]["counts"]["submit"] == 2
    assert truth["projects"][0]["title"] == "tests"
    assert (await visitor.raw("POST", f"{ROOT}/jobs/nothing", {}))[0] == 404
    told = await visitor.control("POST", "clock", {"advance": 60})
    assert told["now"] == visitor.emulator.moment.now()


async def test_refusals_are_asked_for(visitor: Visitor) -> None:
    mishap = {"kind": "refused", "call": "poll", "code": 404, "times": 2}
    await visitor.control("POST", "mishaps", mishap)
    visitor.emulator.mishap("refused", account="demo", path=VIDEO, retry_after=7)
    name = await visitor.submit(await visitor.video(account="other"), account="other")
    body, headers = await visitor.video(), await visitor.bearer()
    status, told, answer = await visitor.raw("POST", f"{VIDEO}Text", body, headers)
    assert (status, answer["Retry-After"]) == (429, "7")
    details = json.loads(told)["error"]["details"]
    assert details[0]["reason"] == "PUBLIC_ERROR_UNUSUAL_ACTIVITY_TOO_MUCH_TRAFFIC"
    asked = {"media": [{"name": name, "projectId": await visitor.project("other")}]}
    statuses = [(await visitor.ask(POLL, asked, "other"))[0] for _ in range(3)]
    assert statuses == [404, 404, 200]


async def test_answers_are_lost_or_odd(visitor: Visitor) -> None:
    truth, headers, body = visitor.emulator.truth, await visitor.bearer(), await visitor.video()
    known = len(truth.jobs)
    for kind, made in (("lost", 0), ("lost_after", 1)):
        visitor.emulator.mishap(kind, call="submit")
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await visitor.raw("POST", f"{VIDEO}Text", body, headers)
        assert len(truth.jobs) == known + made
        assert (truth.uses[-1].mishap, truth.uses[-1].status) == (kind, None)
    visitor.emulator.mishap("shapeless", call="submit")
    told = await visitor.good(f"{VIDEO}Text", body)
    assert set(told) == {"remainingCredits", "trace"}
    visitor.emulator.mishap("empty", call="credits")
    assert await visitor.good("/v1/credits") == {}
    visitor.emulator.mishap("truncated", call="credits")
    status, content, _ = await visitor.raw("GET", "/v1/credits", headers=headers)
    with pytest.raises(json.JSONDecodeError):
        json.loads(content)
    visitor.emulator.mishap("html", call="credits")
    status, content, _ = await visitor.raw("GET", "/v1/credits", headers=headers)
    assert (status, content[:6]) == (502, b"<html>")
    visitor.emulator.fail("status", path="/v1/credits", status=500, json={"error": {"code": 500}})
    assert (await visitor.raw("GET", "/v1/credits", headers=headers))[0] == 500
    assert (await visitor.raw("GET", "/v2/credits", headers=headers))[0] == 404


async def test_slow_answers_come_when_released(visitor: Visitor) -> None:
    visitor.emulator.mishap("slow", call="credits")
    headers = await visitor.bearer()
    asked = asyncio.create_task(visitor.raw("GET", "/v1/credits", headers=headers))
    async with asyncio.timeout(10):
        while not visitor.emulator.truth.of("credits", "demo"):
            await asyncio.sleep(0.001)
    assert not asked.done()
    visitor.emulator.release()
    assert (await asked)[0] == 200


async def test_it_starts_and_stops_and_starts_again() -> None:
    emulator = FlowEmulator(accounts=["first", "second"])
    assert emulator.secret == emulator.secrets[0]
    for _ in range(2):
        url = await emulator.start()
        async with aiohttp.request("GET", f"{url}{ROOT}/accounts") as answer:
            assert answer.status == 200
        await emulator.stop()


async def test_it_runs_in_a_process_of_its_own() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "plugway_flow.emulated", "--account", "one", "--seconds", "2"),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(emulator_module.__file__).parents[1])},
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(30):
            url = (await process.stdout.readline()).decode().strip()
        async with aiohttp.request("GET", f"{url}{ROOT}/accounts") as answer:
            assert [each["name"] for each in await answer.json()] == ["one"]
        async with aiohttp.request("GET", f"{url}{ROOT}/behaviour") as answer:
            assert (await answer.json())["seconds"] == 2
        process.terminate()
        async with asyncio.timeout(30):
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def test_it_shares_nothing_with_the_plugin() -> None:
    here = Path(emulator_module.__file__)
    for path in [here, *(here.parent / "emulated").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                package, _, rest = node.module.partition(".")
                own = package != "plugway_flow" or rest.startswith("emulat")
                assert own, f"{path.name} imports {node.module}"
