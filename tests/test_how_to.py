"""The pages for operators, clients and authors of plugins, done step by step."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from curl import Answered, curl
from pages import Block, blocks
from reader import Reader, reading

import plugway_bltcy
from plugway.testing import EmulatorServer, GatewayServer
from plugway.testing.scripted import ScriptedUpstream
from plugway_bltcy.emulator import BltcyEmulator

pytestmark = pytest.mark.anyio

OPERATE = "docs/how-to/operate.md"
CALL = "docs/how-to/call.md"
AUTHOR = "docs/how-to/write-a-plugin.md"

CREDITS = 1_000_000
#: Seconds for the tutorial's own tests and for the demo, on a slow machine.
PATIENCE = 240


async def test_an_operator_can_type_every_command(tmp_path: Path) -> None:
    upstream = ScriptedUpstream()
    address = await upstream.start()
    places = {"https://api.example.com": address, "https://spare.example.com": address}
    lines = [line for block in blocks(OPERATE, "sh") for line in block.lines()]
    typed = 0
    try:
        async with reading(tmp_path / "home", places) as reader:
            for line in lines:
                await _prepare(reader, line)
                ran = await reader.type(line)
                if ran is not None:
                    typed += 1
                    _remember(reader, line, ran.out)
                if line == "plugway serve":
                    reader.meet("https://gateway.example.com")
            # All but what installs, exports, copies files, or serves a second time.
            assert len(lines) - typed < 10
            verified = await reader.type("plugway ledger verify")
            assert verified is not None
            assert verified.out.startswith("ok: ")
    finally:
        await upstream.stop()


async def _prepare(reader: Reader, line: str) -> None:
    """Look up what the page tells its reader to look up."""
    if "$ID" in line and "ID" not in reader.variables:
        reader.variables["ID"] = str((await _listed(reader, "credentials list"))[-1]["id"])
    if "$CALL" in line:
        await _pay(reader)
        holds = await _listed(reader, "ledger holds --state settled")
        reader.variables["CALL"] = holds[0]["call_id"]


async def _listed(reader: Reader, command: str) -> Any:
    ran = await reader.type(f"plugway {command} --json")
    assert ran is not None
    return ran.json


async def _pay(reader: Reader) -> None:
    """Make a call as the client whose key was made first, once the gateway knows all of it."""
    line = f'curl {reader.url}/runway/x -H "Authorization: Bearer $KEY" -d "{{}}"'
    async with asyncio.timeout(10):
        while (answer := await curl(line, reader.variables)).status != 200:
            await asyncio.sleep(0.1)
    assert answer.json == {"ok": True}


def _remember(reader: Reader, line: str, out: str) -> None:
    if line == "plugway init":
        key = out.rpartition(": ")[2].strip()
        reader.shell.environ["PLUGWAY_ADMIN_KEY"] = key
    if line.startswith("plugway keys add"):
        reader.variables.setdefault("KEY", out.strip())


async def test_a_client_can_make_every_request(tmp_path: Path) -> None:
    emulator = BltcyEmulator()
    async with GatewayServer(tmp_path / "home", plugins={"bltcy": plugway_bltcy}) as server:
        await server.emulated(emulator)
        user = await server.user(credits_=CREDITS)
        variables = {"PLUGWAY": server.url, "KEY": await server.key(user)}
        submitted = 0
        try:
            for block in blocks(CALL, "sh"):
                for line in block.lines():
                    if line.startswith("curl"):
                        answer = await curl(line, variables)
                        assert answer.status == 200, (line, answer.text)
                        assert answer.headers["x-request-id"]
                        submitted += _remember_task(answer, variables)
        finally:
            await emulator.stop()
        assert submitted == 5
        assert await server.balance(user) == (CREDITS - 1000 * submitted, 0)


def _remember_task(answer: Answered, variables: dict[str, str]) -> bool:
    """Keep the id of a job that was just submitted; say whether one was."""
    told = answer.json
    data = told.get("data")
    found = data if isinstance(data, str) else (data or told).get("task_id") or told.get("id")
    if found is None or found == variables.get("TASK"):
        return False
    variables["TASK"] = found
    return True


@pytest.fixture
def tutorial(tmp_path: Path) -> Path:
    """Write the tutorial's files, and what `pip install -e` would leave beside them."""
    folder = tmp_path / "plugway-sketch"
    files = [block for block in blocks(AUTHOR) if block.name]
    for block in files:
        path = folder / block.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(block.text, encoding="utf-8")
    _install(folder / "src", _project(files))
    return folder


def _project(files: list[Block]) -> dict[str, Any]:
    (text,) = [block.text for block in files if block.name == "pyproject.toml"]
    project: dict[str, Any] = tomllib.loads(text)["project"]
    return project


def _install(source: Path, project: dict[str, Any]) -> None:
    name = project["name"].replace("-", "_")
    info = source / f"{name}-{project['version']}.dist-info"
    info.mkdir()
    requires = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(head + requires, encoding="utf-8")
    points = project["entry-points"]["plugway"]
    lines = "".join(f"{key} = {value}\n" for key, value in points.items())
    (info / "entry_points.txt").write_text(f"[plugway]\n{lines}", encoding="utf-8")


def test_the_tutorial_s_plugin_passes_its_tests_and_the_demo(tutorial: Path) -> None:
    tests = _run(tutorial, "pytest", "-q", "-p", "no:cacheprovider", str(tutorial))
    assert tests.returncode == 0, tests.stdout + tests.stderr
    assert " passed" in tests.stdout
    demo = _run(tutorial, "plugway", "demo", "--once", "--port", "0")
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "sketch: Draw two images" in demo.stdout
    assert "20000 credits" in demo.stdout


def _run(tutorial: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if "PLUGWAY" not in name}
    return subprocess.run(  # noqa: S603  # our own commands, no shell
        [sys.executable, "-m", *words],
        cwd=tutorial.parent,
        env={**environ, "PYTHONPATH": str(tutorial / "src")},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


async def test_the_emulator_s_faults_can_be_asked_for() -> None:
    (block,) = [one for one in blocks(AUTHOR, "python") if one.section == "The emulator"]

    class Still(EmulatorServer):
        def routes(self) -> list[Any]:
            return []

    emulator = Still()
    await emulator.start()
    try:
        names = {"emulator": emulator}
        body = "".join(f"    {line}\n" for line in block.text.splitlines())
        exec(f"async def run():\n{body}", names)  # noqa: S102  # our own text
        await names["run"]()  # type: ignore[operator]  # the block defined it
        assert [fault.kind for fault in emulator.faults] == ["status", "cut", "stall", "drop"]
    finally:
        await emulator.stop()
