"""The client's page, where it is about chats, done step by step; and the example."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from string import Template

import pytest
from curl import curl
from pages import ROOT, Block, blocks
from sdk_office import Office

pytestmark = pytest.mark.anyio

CALL = "docs/how-to/call.md"
TOUR = ROOT / "examples" / "chat_tour.py"


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    """Run a gateway with two accounts."""
    async with Office(tmp_path / "home") as office:
        await office.channel()
        yield office


def chats(language: str) -> list[Block]:
    """Return the section's blocks of a language."""
    return [block for block in blocks(CALL, language) if block.section == "Chats"]


async def test_every_request_of_the_page_is_answered(office: Office) -> None:
    lines = [line for block in chats("sh") for line in block.lines() if line.startswith("curl")]
    for line in lines:
        answer = await curl(line, {"PLUGWAY": office.server.url, "KEY": office.key})
        assert answer.status == 200, (line, answer.text)
        if '"Hello"' in line:
            assert "You said: Hello" in answer.text
    assert len(lines) == 6
    assert await office.charged() > 0


async def test_the_packages_find_the_gateway_in_the_environment(
    office: Office, tmp_path: Path
) -> None:
    (program,) = chats("python")
    (tmp_path / program.name).write_text(program.text, encoding="utf-8")
    shell = {"PLUGWAY": office.server.url, "KEY": office.key}
    exports = [line for one in chats("sh") for line in one.lines() if line.startswith("export ")]
    pairs = [pair for line in exports for pair in line.split()[1:]]
    environ = dict(Template(pair).substitute(shell).split("=", 1) for pair in pairs)
    assert len(environ) == 6
    status, said = await _run(tmp_path / program.name, environ=environ)
    assert status == 0, said
    assert said.count("You said: Who keeps the lighthouse?") == 3
    assert len(office.emulator.truth.asked) == 3


async def test_the_tour_goes_through(office: Office) -> None:
    environ = {"PLUGWAY_URL": office.server.url, "PLUGWAY_KEY": office.key}
    status, said = await _run(TOUR, environ=environ)
    assert status == 0, said
    assert "NO\n" not in said
    assert await office.charged() > 0


async def test_the_tour_tells_what_does_not_go_as_it_should(office: Office) -> None:
    office.emulator.behaviour.models = ()
    environ = {"PLUGWAY_URL": office.server.url, "PLUGWAY_KEY": office.key}
    status, said = await _run(TOUR, "--model", "gemini-2.5-flash", environ=environ)
    assert status == 1, said
    assert "NO\n" in said
    status, said = await _run(TOUR, environ={})
    assert status == 2, said


async def _run(program: Path, *arguments: str, environ: Mapping[str, str]) -> tuple[int, str]:
    """Run a program with nothing of this environment but where programs are."""
    running = await asyncio.create_subprocess_exec(
        sys.executable,
        str(program),
        *arguments,
        env={"PATH": os.environ["PATH"], **environ},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(120):
        out, _ = await running.communicate()
    assert running.returncode is not None
    return running.returncode, out.decode()
