"""A process of the browser that is killed costs one request at the most, without a charge."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from aistudio_gateway import PROGRAM, AIStudioGateway
from machine_browser import descendants

from plugway_aistudio.emulated.answer import Answer, answer
from plugway_aistudio.emulated.parts import text
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc"),
]

#: Signs of the processes of a browser, in their command lines.
BROWSER, RENDERER, GPU, DRIVER, KEEPER = (
    "",
    "--type=renderer",
    "--type=gpu-process",
    "run-driver",
    "keeper.py",
)
#: What is said of it.
GONE = ("The browser ended.", "The page crashed.", "The page was closed.")

KILLED = [
    pytest.param(BROWSER, id="browser"),
    pytest.param(RENDERER, id="renderer"),
    pytest.param(DRIVER, id="driver"),
]
OTHERS = [pytest.param(KEEPER, id="keeper"), pytest.param(GPU, id="gpu")]


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway with one profile, through all that happens."""
    home: Path = tmp_path_factory.mktemp("killed") / "home"
    loop = asyncio.get_running_loop()
    earlier = loop.get_exception_handler()

    def handle(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        # Of a driver that was killed its package leaves errors that nobody takes.
        if "Connection closed" not in str(context.get("exception")):
            assert earlier is not None
            earlier(loop, context)

    loop.set_exception_handler(handle)
    # The browser of operators, which has all of these processes.
    program = shutil.which("chromium") or PROGRAM
    async with AIStudioGateway.running(home, AIStudioEmulator(), program=program) as one:
        yield one
        gc.collect()
    loop.set_exception_handler(earlier)


def kill(sign: str) -> None:
    """Kill all processes of a kind, of the browser that this process has started."""
    found = []
    for one in descendants():
        # Chromium's processes write their options behind each other, without an end.
        line = Path(f"/proc/{one}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        program = line.partition(" ")[0]
        main = program.endswith(("/chromium", "-headless-shell")) and " --type=" not in line
        if main if sign == BROWSER else sign in line:
            found.append(one)
    assert found, f"there is no {sign}"
    for one in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


async def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(60):
        while not happened():
            await asyncio.sleep(0.01)


def long_answer() -> Answer:
    """Return an answer whose frames wait for a step each."""
    return answer(*[text(f"word {number} ") for number in range(50)], stepped=True)


async def works(studio: AIStudioGateway) -> None:
    """Check that the next request is answered."""
    said = await studio.ask("And now?")
    assert "And now?" in said.message["content"]


@pytest.mark.parametrize("sign", KILLED)
async def test_killed_while_an_answer_streams(studio: AIStudioGateway, sign: str) -> None:
    await works(studio)
    before, asked = await studio.charged(), len(studio.emulator.asked)
    restarts = studio.studio.browsers.restarts
    studio.emulator.script(long_answer())
    studio.emulator.step(2)
    told: list[Any] = []
    async with studio.stream("Tell me") as events:
        # What comes behind waits in the queue, and is served afterwards.
        waiting = [asyncio.create_task(studio.ask(f"Waiting {number}")) for number in range(2)]
        async for event in events:
            told.append(event)
            if "word 1 " in str(event):
                break
        await until(lambda: len(studio.server.gateway.queue) == 3)
        kill(sign)
        told += [event async for event in events]
    assert "error" in told[-1], told
    assert told[-1]["error"]["message"] in GONE
    for number, one in enumerate(waiting):
        assert f"Waiting {number}" in (await one).message["content"]
    await works(studio)
    usage = await studio.server.usage()
    assert usage[-4].credits == 0
    assert await studio.charged() - before == sum(row.credits for row in usage[-3:])
    assert len(studio.emulator.asked) == asked + 4
    await until(lambda: studio.emulator.asked[asked].ended)
    assert studio.emulator.asked[asked].ended == "left"
    assert studio.studio.browsers.restarts == restarts + (sign != RENDERER)


@pytest.mark.parametrize("sign", KILLED[:1])
async def test_killed_before_an_answer_begins(studio: AIStudioGateway, sign: str) -> None:
    await works(studio)
    before, asked = await studio.charged(), len(studio.emulator.asked)
    studio.emulator.mishap("slow_start")
    task = asyncio.create_task(studio.ask("Tell me"))
    await until(lambda: len(studio.emulator.asked) > asked)
    kill(sign)
    said = await task
    assert said.status == 502, said.body
    assert said.error["message"] in GONE
    assert await studio.charged() == before
    studio.emulator.release()
    await works(studio)
    await works(studio)


@pytest.mark.parametrize("sign", KILLED[-1:])
async def test_killed_while_a_question_is_entered(studio: AIStudioGateway, sign: str) -> None:
    await works(studio)
    before, asked = await studio.charged(), len(studio.emulator.asked)
    studio.emulator.mishap("stuck_run")
    task = asyncio.create_task(studio.ask("Tell me"))
    await until(lambda: not studio.emulator.mishaps.waiting)
    kill(sign)
    said = await task
    assert said.status in (200, 502, 503), said.body
    if said.status != 200:
        assert said.error["message"] in GONE, said.error
        assert await studio.charged() == before
    assert len(studio.emulator.asked) == asked + (said.status == 200)
    await works(studio)


@pytest.mark.parametrize("sign", [*KILLED, *OTHERS])
async def test_killed_while_nobody_asks(studio: AIStudioGateway, sign: str) -> None:
    await works(studio)
    kill(sign)
    await works(studio)
    await works(studio)


async def test_killed_gpu_costs_nothing(studio: AIStudioGateway) -> None:
    studio.emulator.script(long_answer())
    studio.emulator.step(2)
    async with studio.stream("Tell me") as events:
        async for event in events:
            if "word 1 " in str(event):
                break
        kill(GPU)
        studio.emulator.step(49)
        told = [event async for event in events]
    assert told[-1]["choices"][0]["finish_reason"] == "stop"
