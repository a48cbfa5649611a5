"""What the pages about Flow, and the client's about images and videos, say, done step by step."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import msgspec
import pytest
from curl import Answered, curl
from pages import blocks, text_of
from reader import reading
from setting_tables import defaults, table

import plugway_flow
from plugway import PooledChannelSettings
from plugway.testing import GatewayServer
from plugway.testing.error_reference import classes
from plugway_flow.accounts.session import COOKIE
from plugway_flow.emulated.pictures import png
from plugway_flow.emulator import FlowEmulator
from plugway_flow.models import families
from plugway_flow.provider import FlowChannel
from plugway_flow.settings import FlowSettings

pytestmark = pytest.mark.anyio

OPERATE = "docs/how-to/flow.md"
CALL = "docs/how-to/call.md"
PLUGIN = "plugins/flow/README.md"

OFFICIAL = "https://aisandbox-pa.googleapis.com"
OLD = "/opt/flow2api"

#: Sections with requests of clients.
REQUESTS = {
    CALL: {"Images and videos"},
    OPERATE: {"Models", "Three ways to ask"},
    PLUGIN: {"plugway-flow"},
}

CREDITS = 10**12
#: Seconds for what happens by itself, on a slow machine.
PATIENCE = 30

PICTURE = png("a lighthouse", 32, 18)


def sessions(folder: Path, emulator: FlowEmulator) -> Path:
    """Write what operators have: a file of sessions, and the folder of an earlier system."""
    first, second, third = emulator.secrets
    for name in ("sessions.txt", "session.txt"):
        (folder / name).write_text(f"{first}\na=b; {COOKIE}={second}\n")
    old = folder / "old"
    (old / "data" / "at").mkdir(parents=True)
    (old / "data" / "at" / "third.txt").write_text(third)
    return old


async def test_an_operator_can_type_every_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where the files are that the page names.
    monkeypatch.chdir(tmp_path)
    emulator = FlowEmulator(accounts=["first", "second", "third"])
    base = await emulator.start()
    old = sessions(tmp_path, emulator)
    said: dict[str, str] = {}
    try:
        async with reading(tmp_path / "home", {OFFICIAL: base, OLD: str(old)}) as reader:
            reader.shell.environ["PLUGWAY__PLUGINS__ALLOW"] = "flow"
            await reader.type("plugway init")
            for line in [line for block in blocks(OPERATE, "sh") for line in block.lines()]:
                ran = await reader.type(line)
                if ran is not None:
                    said[line] = ran.out + ran.err
                if line == "plugway flow accounts":
                    found = await reader.type(f"{line} --json")
                    assert found is not None
                    reader.variables["ID"] = str(found.json[0]["id"])
            listed = await reader.type("plugway credentials list --json")
            assert listed is not None
    finally:
        await emulator.stop()
    assert len(said) == 12
    assert "2 added" in said["plugway import flow sessions.txt"]
    assert "1 would be taken" in said["plugway import flow /opt/flow2api --dry-run"]
    assert "third@flow.example: added" in said["plugway import flow /opt/flow2api"]
    checked = said["plugway flow check --channel flow"].splitlines()
    assert ["good, pro, 1000 credits" in line for line in checked] == [True] * 3
    assert "EMAIL" in said["plugway flow accounts"]
    assert {one["label"]: one["state"] for one in listed.json} == {
        "first@flow.example": "disabled",
        "second@flow.example": "ready",
        "third@flow.example": "ready",
    }
    assert not emulator.truth.jobs


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[GatewayServer]:
    """Run a gateway with one account."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lighthouse.png").write_bytes(PICTURE)
    emulator = FlowEmulator(looks=1)
    base = await emulator.start()
    try:
        async with GatewayServer(tmp_path / "home", plugins={"flow": plugway_flow}) as server:
            settings = {"poll_first": 0.1, "poll_seconds": 0.1}
            await server.channel(
                "flow", base, secrets=emulator.secrets, models=["*"], settings=settings
            )
            yield server
    finally:
        await emulator.stop()


async def test_a_client_can_make_every_request(server: GatewayServer) -> None:
    user = await server.user(credits_=CREDITS)
    url = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    key = await server.key(user)
    made = 0
    for page, sections in REQUESTS.items():
        variables = {"PLUGWAY": server.url, "KEY": key, "PICTURE": url}
        there = [block for block in blocks(page, "sh") if block.section in sections]
        lines = [line for block in there for line in block.lines()]
        for line in [line for line in lines if line.startswith("curl")]:
            answer = await curl(line.replace("http://127.0.0.1:8000", server.url), variables)
            assert answer.status == (206 if "Range" in line else 200), (line, answer.text)
            assert 'data: {"error"' not in answer.text
            if name := answer.headers.get("x-plugway-task", ""):
                made += 1
                variables.setdefault(name.partition("_")[0].upper(), name)
                await ended(server, name)
            what_came(line, answer)
    assert made == 11
    await server.gateway.ledger.flush()
    assert (await server.balance(user))[1] == 0
    assert (await server.verify()).ok


async def ended(server: GatewayServer, name: str) -> None:
    """Wait until a task has succeeded."""
    task = await server.gateway.tasks.find("flow", call_id=name.partition("_")[2])
    assert task is not None
    async with asyncio.timeout(PATIENCE):
        while not task.ended:
            task = await server.gateway.tasks.poll(task)
    assert task.state == "succeed", task.reason


def what_came(line: str, answer: Answered) -> None:
    """Check an answer against what the page says of it."""
    if "/content" in line:
        assert answer.headers["content-type"] == "video/mp4"
        return
    if "chat/completions" in line:
        assert "reasoning_content" in answer.text
        assert "[video](http" in answer.text
        return
    told = answer.json
    if "/images/generations/$" in line or "/videos/$" in line:
        assert told.get("deleted") or told["status"] == "completed"
    elif "/v1/images" in line:
        want = "url" if "response_format" in line else "b64_json"
        assert all(want in one for one in told["data"])


async def test_the_body_with_frames_is_taken(server: GatewayServer) -> None:
    (block,) = blocks(OPERATE, "json")
    url = f"data:image/png;base64,{base64.b64encode(PICTURE).decode()}"
    body = re.sub(r"https://example\.com/\w+\.png", url, block.text)
    key = await server.key(await server.user(credits_=CREDITS))
    headers = {"Authorization": f"Bearer {key}"}
    async with aiohttp.request(
        "POST", f"{server.url}/v1/chat/completions", json=json.loads(body), headers=headers
    ) as answer:
        assert answer.status == 200
        assert "[video](http" in await answer.text()


def test_every_setting_is_on_the_plugin_s_page_with_its_default() -> None:
    assert table(PLUGIN, "setting") == defaults(FlowSettings)
    pooled, ours = defaults(PooledChannelSettings), defaults(FlowChannel)
    own = {name: value for name, value in ours.items() if pooled.get(name) != value}
    assert table(PLUGIN, "channel setting") == own


def test_every_model_is_in_the_table() -> None:
    rows = text_of(PLUGIN).partition("| model | makes |")[2].partition("\n\n")[0]
    named = [name for row in rows.splitlines()[2:] for name in row.split(" | ")[0].split("`")[1::2]]
    assert sorted(named) == sorted(families())


def test_errors_that_the_page_explains_are_there() -> None:
    rows = text_of(OPERATE).partition("\n## Errors\n")[2].partition("\n\nThe upstream's")[0]
    codes = re.findall(r"^\| `(\w+)` \|", rows, re.M)
    assert len(codes) > 8
    assert set(codes) <= {error.code for error in classes()}


def test_its_own_settings_are_read() -> None:
    for page in (OPERATE, PLUGIN):
        (block,) = blocks(page, "toml")
        tables = msgspec.toml.decode(block.text)["plugins"]["flow"]
        assert msgspec.convert(tables, FlowSettings).chat_models
