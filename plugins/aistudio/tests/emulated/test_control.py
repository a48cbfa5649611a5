"""The emulator from another process."""

from __future__ import annotations

import asyncio
import json
import stat
import sys
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aistudio_emulated import Visitor, cookie_header

pytestmark = pytest.mark.anyio

BASE = "/_emulator/aistudio"


async def told(visitor: Visitor, method: str, path: str, body: Any = None) -> Any:
    """Ask the control surface."""
    async with visitor.client.request(method, BASE + path, json=body) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def test_behaviour_accounts_and_mishaps(visitor: Visitor) -> None:
    assert (await told(visitor, "GET", "/behaviour"))["layout"] == "new"
    changed = await told(visitor, "PATCH", "/behaviour", {"layout": "old", "renamed": ["run"]})
    assert (changed["layout"], changed["renamed"]) == ("old", ["run"])
    assert (await visitor.load())["renamed"] == ["run"]
    async with visitor.client.patch(f"{BASE}/behaviour", json={"layout": "odd"}) as answer:
        assert (answer.status, "layout" in await answer.text()) == (400, True)
    new = {"name": "third", "state": "good", "limits": {"*": {"minute": 3}}}
    assert (await told(visitor, "PUT", "/account", new))["email"] == "third@studio.example"
    assert len(await told(visitor, "GET", "/accounts")) == 3
    before = visitor.cookies("third")
    await told(visitor, "POST", "/accounts/third/sign-in")
    profile = await told(visitor, "GET", "/accounts/third/profile")
    kept = {each["name"]: each["value"] for each in profile["cookies"]}
    assert kept == visitor.cookies("third") != before
    async with visitor.client.get(f"{BASE}/accounts/nobody/profile") as answer:
        assert answer.status == 404
    await told(visitor, "POST", "/mishaps", {"kind": "cut", "after": 2})
    assert [each["kind"] for each in await told(visitor, "GET", "/mishaps")] == ["cut"]
    await told(visitor, "DELETE", "/mishaps")
    assert await told(visitor, "GET", "/mishaps") == []
    async with visitor.client.post(f"{BASE}/mishaps", json={"kind": "odd"}) as answer:
        assert answer.status == 400


async def test_answers_are_written_and_stepped(visitor: Visitor) -> None:
    await visitor.load()
    frame = [[[[[[None, "Hi"]], "model"], 1]]]
    await told(visitor, "POST", "/answers", {"frames": [frame], "stepped": True})
    asking = asyncio.ensure_future(visitor.call(visitor.body("Hello")))
    await visitor.emulator.until(2)
    assert (await told(visitor, "GET", "/asked"))[0]["text"] == "Hello"
    await told(visitor, "POST", "/step", {"count": 1})
    status, body = await asking
    assert (status, '"Hi"' in body) == (200, True)
    (asked,) = await told(visitor, "GET", "/asked")
    assert (asked["status"], asked["frames"], asked["ended"]) == (200, 1, "whole")
    await told(visitor, "DELETE", "/asked")
    assert await told(visitor, "GET", "/asked") == []


async def test_mishaps_of_the_page_wait_for_their_moment_and_account(visitor: Visitor) -> None:
    visitor.emulator.mishap("stuck_run", account="second", seconds=2)
    visitor.emulator.mishap("survey", at="chat")

    async def moment(name: str, account: str) -> Any:
        headers = cookie_header(visitor.cookies(account))
        url = f"{BASE}/moment"
        async with visitor.client.post(url, json={"moment": name}, headers=headers) as answer:
            return await answer.json()

    assert await moment("typed", "first") == []
    assert await moment("run", "second") == []
    expected = [{"kind": "stuck_run", "after": 0, "seconds": 2.0, "text": ""}]
    assert await moment("typed", "second") == expected
    assert await moment("typed", "second") == []
    assert (await visitor.load())["mishaps"] == []
    assert [each["kind"] for each in await moment("chat", "first")] == ["survey"]


async def test_it_runs_by_itself(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "plugway_aistudio.emulated", "--account", "me"),
        *("--profiles", str(tmp_path / "profiles")),
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        url = (await process.stdout.readline()).decode().strip()
        assert await process.stdout.readline() == b"me@studio.example: password of me\n"
        file = tmp_path / "profiles" / "me.json"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        cookies = {each["name"]: each["value"] for each in json.loads(file.read_text())["cookies"]}
        async with aiohttp.ClientSession() as client:
            headers = cookie_header(cookies)
            async with client.get(f"{url}/prompts/new_chat", headers=headers) as answer:
                assert "me@studio.example" in await answer.text()
    finally:
        process.terminate()
        assert await process.wait() == 0
