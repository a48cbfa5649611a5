"""Everything that the README shows, done."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import ModuleType

import aiohttp
import pytest
from curl import curl
from pages import ROOT, Block, blocks
from reader import reading

from plugway.testing import GatewayServer
from plugway.testing.scripted import ScriptedUpstream
from plugway_bltcy.emulator import BltcyEmulator

pytestmark = pytest.mark.anyio

PAGE = "README.md"
#: Seconds for the demo on a slow machine.
PATIENCE = 120


def shown(section: str, language: str) -> list[Block]:
    return [block for block in blocks(PAGE, language) if block.section == section]


def test_every_block_is_done_below() -> None:
    assert [(block.section, block.language) for block in blocks(PAGE)] == [
        ("Two commands", "sh"),
        ("Install", "sh"),
        ("Install", "sh"),
        ("The smallest plugin", "python"),
    ]


def test_two_commands(tmp_path: Path) -> None:
    (block,) = shown("Two commands", "sh")
    ran = {}
    for line in block.lines():
        program, target = line.split()
        assert program == "make"
        dry = subprocess.run(  # noqa: S603  # only says what it would do
            ["make", "--dry-run", f"VENV={tmp_path}", f"PYTHON={sys.executable}", target],  # noqa: S607  # the user's make
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        ran[target] = dry.stdout
    assert f"{tmp_path}/bin/plugway demo" in ran["demo"]
    assert f"{tmp_path}/bin/python -m pytest" in ran["test"]


def test_the_demo_takes_its_tour(tmp_path: Path) -> None:
    demo = subprocess.run(  # our own command, no shell
        [sys.executable, "-m", "plugway", "demo", "--once", "--port", "0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert demo.returncode == 0, demo.stdout + demo.stderr
    assert "bltcy: " in demo.stdout
    assert "kling: " in demo.stdout
    assert "every invariant holds" in demo.stdout


def test_the_packages_to_install_are_those_that_run() -> None:
    (block, _) = shown("Install", "sh")
    pip, install, *packages = block.lines()[0].split()
    assert (pip, install) == ("pip", "install")
    for package in packages:
        project = tomllib.loads((ROOT / package / "pyproject.toml").read_text())["project"]
        assert metadata.version(project["name"]) == project["version"]
    assert "project" not in tomllib.loads((ROOT / "pyproject.toml").read_text())


async def test_install(tmp_path: Path) -> None:
    steps, request = shown("Install", "sh")
    upstream = BltcyEmulator()
    upstream.secret = "upstream-secret-0001"
    places = {"https://api.example.com": await upstream.start()}
    try:
        async with reading(tmp_path / "home", places) as reader:
            for line in steps.lines():
                ran = await reader.type(line)
                if "keys add" in line:
                    assert ran is not None
                    reader.variables["KEY"] = ran.out.strip()
            (line,) = request.lines()
            line = line.replace("http://127.0.0.1:8000", reader.url)
            # What one process charges another one reads, and neither is in the other's way.
            for balance in (999_000, 998_000):
                answer = await curl(line, reader.variables)
                assert answer.status == 200, answer.text
                assert answer.json["id"]
                assert float(answer.headers["x-plugway-overhead-ms"]) > 0
                alice = await reader.type("plugway users show alice --json")
                assert alice is not None
                assert alice.json["balance"] == balance
            assert await reader.type("plugway ledger verify") is not None
    finally:
        await upstream.stop()


async def test_the_smallest_plugin(tmp_path: Path) -> None:
    (block,) = shown("The smallest plugin", "python")
    plugin = ModuleType("plugway_echo_of_the_readme")
    exec(compile(block.text, PAGE, "exec"), vars(plugin))  # noqa: S102  # our own text
    upstream = ScriptedUpstream()
    base_url = await upstream.start()
    try:
        async with GatewayServer(tmp_path / "home", plugins={"echo": plugin}) as server:
            assert server.gateway.registry.failures == ()
            user = await server.user(credits_=25)
            key = await server.key(user)
            await server.channel("echo", base_url, secrets=["upstream-secret"])
            headers = {"Authorization": f"Bearer {key}"}
            async with aiohttp.request(
                "POST", f"{server.url}/echo/a?b=c", data=b"hello", headers=headers
            ) as answer:
                assert (answer.status, await answer.read()) == (200, b'{"ok":true}')
            assert await server.balance(user) == (15, 0)
            assert (await server.verify()).ok
        (seen,) = upstream.seen
        assert seen.line == "POST /echo/a?b=c HTTP/1.1"
        assert seen.body == b"hello"
        assert seen.header("authorization") == "Bearer upstream-secret"
    finally:
        await upstream.stop()
