"""The emulator controlled from another process, and what it counts."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from gemini_business_emulated import Visitor, state_of

from plugway_gemini_business import emulator as emulator_module
from plugway_gemini_business.emulated.accounts import NewAccount
from plugway_gemini_business.emulator import GeminiBusinessEmulator

pytestmark = pytest.mark.anyio

ROOT = "/_emulator/gemini_business"


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor("demo", "other") as visitor:
        yield visitor


async def test_behaviour_is_set(visitor: Visitor) -> None:
    told = await visitor.control("PATCH", "behaviour", {"pause": 1, "models": ["a"]})
    assert told == await visitor.control("GET", "behaviour")
    assert visitor.emulator.behaviour.models == ("a",)
    told = await visitor.control("PATCH", "behaviour", {"chunks": 9})
    assert (told["pause"], told["chunks"]) == (1, 9)


@pytest.mark.parametrize(
    ("method", "path", "wrong"),
    [
        ("PATCH", "behaviour", {"pause": -1, "gzip": False}),
        ("PATCH", "behaviour", {"paus": 1}),
        ("PUT", "account", {"name": "demo", "state": "odd"}),
        ("PUT", "account", {"state": "good"}),
        ("POST", "mishaps", {"kind": "odd"}),
        ("POST", "mishaps", {"kind": "refused", "code": 418}),
        ("POST", "mishaps", {"kind": "skipped", "call": "mint"}),
        ("POST", "clock", {"advance": -1}),
        ("POST", "accounts/demo/revoke", {"all": True}),
    ],
)
async def test_what_is_wrong_changes_nothing(
    visitor: Visitor, method: str, path: str, wrong: dict[str, object]
) -> None:
    before = await visitor.control("GET", "behaviour")
    url = f"{ROOT}/{path}"
    async with visitor.client.request(method, url, json=wrong) as answer:
        assert answer.status == 400
    assert await visitor.control("GET", "behaviour") == before
    assert await visitor.control("GET", "mishaps") == []


async def test_accounts_are_opened_and_shown(visitor: Visitor) -> None:
    told = await visitor.control("PUT", "account", {"name": "third", "code": "ABC123"})
    assert (told["state"], told["sign_ins"], told["code"]) == ("good", 1, "ABC123")
    assert state_of(await visitor.ask("Hello", "third")) == "SUCCEEDED"
    listed = await visitor.control("GET", "accounts")
    assert [each["name"] for each in listed] == ["demo", "other", "third"]
    assert [each["secret"] for each in listed] == visitor.emulator.secrets
    visitor.emulator.change(NewAccount(name="third", page="idle"))
    assert (await visitor.control("GET", "accounts"))[2]["page"] == "idle"


async def test_cookies_are_revoked_and_given_anew(visitor: Visitor) -> None:
    old = visitor.cookies()
    told = await visitor.control("POST", "accounts/demo/revoke")
    assert (await visitor.mint())[0] == 401
    secret = (await visitor.control("POST", "accounts/demo/sign-in"))["secret"]
    assert secret != told["secret"]
    assert (await visitor.mint())[0] == 200
    assert (await visitor.mint(headers=old))[0] == 401
    await visitor.control("PUT", "account", {"name": "demo", "state": "expired"})
    assert (await visitor.control("POST", "accounts/demo/sign-in"))["state"] == "good"
    async with visitor.client.post(f"{ROOT}/accounts/nobody/sign-in") as answer:
        assert answer.status == 404


async def test_the_clock_is_moved(visitor: Visitor) -> None:
    told = await visitor.control("POST", "clock", {"advance": 43_200})
    assert told["now"] == visitor.now() + 43_200
    assert (await visitor.mint())[0] == 401


async def test_mishaps_are_asked_for(visitor: Visitor) -> None:
    await visitor.control("POST", "mishaps", {"kind": "failed", "account": "demo", "times": 2})
    assert state_of(await visitor.ask("Hello", "other")) == "SUCCEEDED"
    assert state_of(await visitor.ask("Hello")) == "FAILED"
    (left,) = await visitor.control("GET", "mishaps")
    assert (left["kind"], left["times"]) == ("failed", 1)
    await visitor.control("DELETE", "mishaps")
    assert state_of(await visitor.ask("Hello")) == "SUCCEEDED"


async def test_what_happened_is_counted(visitor: Visitor) -> None:
    began = visitor.now()
    await visitor.ask("Hello")
    visitor.clock.advance(20)
    await visitor.ask("Again")
    await visitor.ask("Hello", "other")
    await visitor.mint(headers={})
    async with visitor.client.get("/auth/getoxsrf?csesidx=1") as answer:
        assert answer.status == 401
    truth = await visitor.control("GET", "truth")
    demo = truth["accounts"]["demo"]
    assert demo["counts"] == {"mint": 5, "create": 2, "ask": 2}
    assert (demo["asked_at"], demo["gaps"]) == ([began, began + 20], [20])
    assert (demo["busy"], demo["most_at_once"]) == (0, 1)
    assert truth["nobody"] == {"mint": 1}
    assert [each["words"] for each in truth["asked"]] == ["Hello", "Again", "Hello"]
    assert [each["account"] for each in truth["sessions"]] == ["demo", "demo", "other"]
    await visitor.good("widgetDeleteSession", {"name": truth["sessions"][0]["name"]})
    await visitor.control("DELETE", "truth")
    truth = await visitor.control("GET", "truth")
    assert (truth["uses"], truth["asked"], len(truth["sessions"])) == ([], [], 2)


async def test_uses_at_once_are_counted(visitor: Visitor) -> None:
    visitor.emulator.mishap("silent", times=2)
    seen = len(visitor.emulator.seen)
    asked = [asyncio.create_task(visitor.ask("Hello")) for _ in range(2)]
    # Of each: the key and the session, the key and the question.
    await visitor.emulator.until(seen + 8)
    while visitor.emulator.truth.busy("demo") < 2:
        await visitor.mint("other")
    assert visitor.emulator.truth.gaps("demo") == [0]
    visitor.emulator.release()
    await asyncio.gather(*asked)
    assert visitor.emulator.truth.most("demo") == 2
    assert visitor.emulator.truth.busy("demo") == 0


def test_the_secret_is_an_account_file() -> None:
    emulator = GeminiBusinessEmulator(accounts=["first", "second"])
    assert emulator.secret == emulator.secrets[0]
    found = json.loads(emulator.secrets[1])
    assert set(found) == {
        "email",
        "fullName",
        "authorization",
        "cookies",
        "cookie_string",
        "response_headers",
        "timestamp",
        "configId",
        "csesidx",
    }
    account = emulator.accounts["second"]
    assert (found["email"], found["configId"]) == (account.email, account.config_id)
    assert [each["name"] for each in found["cookies"]] == ["__Secure-C_SES", "__Host-C_OSES"]


async def test_it_starts_and_stops_and_starts_again() -> None:
    emulator = GeminiBusinessEmulator()
    for _ in range(2):
        url = await emulator.start()
        async with aiohttp.request("GET", f"{url}{ROOT}/accounts") as answer:
            assert answer.status == 200
        await emulator.stop()


async def test_it_runs_in_a_process_of_its_own() -> None:
    process = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "plugway_gemini_business.emulated",
            "--account",
            "one",
            "--hide-code",
        ),
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
            assert (await answer.json())["show_code"] is False
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
                own = package != "plugway_gemini_business" or rest.startswith("emulat")
                assert own, f"{path.name} imports {node.module}"
