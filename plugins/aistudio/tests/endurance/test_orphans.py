"""Whichever way a gateway ends, and whenever: of its browser nothing is left."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import aiohttp
import pytest
from aistudio_gateway import CHATS, CREDITS, body, environ, named
from browser_owner import CHROMIUM, DRIVER, KEEPER, command
from machine_browser import descendants, gone

import plugway_aistudio
from plugway.testing import GatewayServer
from plugway.testing.process import GatewayProcess
from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text
from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio


class Served:
    """Is a gateway in processes of its own, with one profile.

    Attributes:
        process: The gateway.
        emulator: Its upstream.
    """

    def __init__(self, process: GatewayProcess, emulator: AIStudioEmulator, key: str) -> None:
        self.process = process
        self.emulator = emulator
        self._key = key

    async def ask(self, said: str = "Hello") -> int:
        """Ask, and return the status; 0: the gateway has ended."""
        headers = {"authorization": f"Bearer {self._key}"}
        with suppress(aiohttp.ClientError):
            async with (
                aiohttp.ClientSession(self.process.url, headers=headers) as client,
                client.post(CHATS, json=body(said, stream=True)) as response,
            ):
                await response.read()
                return response.status
        return 0

    def signal(self, number: int) -> None:
        """Send a signal to the gateway, or to the supervisor of its workers."""
        self.process.process.send_signal(number)

    async def ends(self) -> int:
        """Wait for the gateway's end, and return its exit code."""
        return await asyncio.to_thread(self.process._reap)  # noqa: SLF001  # its stop would send a signal


@asynccontextmanager
async def serving(home: Path, temporary: Path, *options: str) -> AsyncIterator[Served]:
    """Run a gateway; its page is not open yet."""
    emulator = AIStudioEmulator()
    await emulator.start()
    async with GatewayServer(home, plugins={"aistudio": plugway_aistudio}) as server:
        await server.channel(
            "aistudio", emulator.url, secrets=[named(emulator, "first")], models=["*"]
        )
        key = await server.key(await server.user(credits_=CREDITS))
    process = GatewayProcess(
        home,
        {"TMPDIR": str(temporary), "PLUGWAY__SERVER__GRACEFUL_SECONDS": "5", **environ()},
        log=home.parent / "log",
    )
    await asyncio.to_thread(process.start, *options)
    served = Served(process, emulator, key)
    try:
        yield served
    finally:
        with suppress(ProcessLookupError):
            process.process.kill()
        await served.ends()
        await emulator.stop()


def kept(temporary: Path) -> list[str]:
    """Return the profiles that are there."""
    return [path.name for path in temporary.glob("playwright_chromiumdev_profile-*")]


async def until(happened: Callable[[], object]) -> None:
    """Wait until something has happened."""
    async with asyncio.timeout(120):
        while not happened():
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
async def test_a_gateway_with_an_open_page_leaves_nothing(
    number: signal.Signals, nursery: set[int], temporary: Path, tmp_path: Path
) -> None:
    async with serving(tmp_path / "home", temporary) as served:
        assert await served.ask() == 200
        assert len(kept(temporary)) == 1
        served.signal(number)
        assert await served.ends() == (-number if number == signal.SIGKILL else 0)
        assert await gone(nursery)
        assert kept(temporary) == []


@pytest.mark.parametrize("number", [signal.SIGKILL])
async def test_one_that_ends_amid_an_answer_leaves_nothing(
    number: signal.Signals, nursery: set[int], temporary: Path, tmp_path: Path
) -> None:
    async with serving(tmp_path / "home", temporary) as served:
        served.emulator.script(answer(text("word "), text("more"), stepped=True))
        served.emulator.step()
        asking = asyncio.create_task(served.ask())
        await served.emulator.until_asked(1, 120)
        await until(lambda: served.emulator.asked[-1].frames)
        served.signal(number)
        if number == signal.SIGTERM:
            # What has begun may end.
            served.emulator.step(9)
            assert await asking == 200
            assert served.emulator.asked[-1].ended == "whole"
        else:
            await asking
        await served.ends()
        assert await gone(nursery)
        assert kept(temporary) == []


@pytest.mark.parametrize(
    ("number", "moment"),
    [
        # The core's own tests have every moment of the launch.
        (signal.SIGTERM, DRIVER),
        (signal.SIGKILL, CHROMIUM),
    ],
)
async def test_one_that_ends_while_its_browser_starts_leaves_nothing(
    number: signal.Signals, moment: str, nursery: set[int], temporary: Path, tmp_path: Path
) -> None:
    async with serving(tmp_path / "home", temporary) as served:
        asking = asyncio.create_task(served.ask())
        await until(lambda: there(served, moment))
        served.signal(number)
        await asking
        await served.ends()
        assert await gone(nursery)
        assert kept(temporary) == []


@pytest.mark.parametrize("number", [signal.SIGKILL])
async def test_workers_without_their_supervisor_leave_nothing(
    number: signal.Signals, nursery: set[int], temporary: Path, tmp_path: Path
) -> None:
    async with serving(tmp_path / "home", temporary, "--workers", "2") as served:
        asked = 0
        # Which of the two answers is the system's choice.
        while len(kept(temporary)) < 2 and asked < 60:
            assert set(await asyncio.gather(*(served.ask() for _ in range(4)))) == {200}
            asked += 4
        assert kept(temporary)
        served.signal(number)
        await served.ends()
        assert await gone(nursery)
        assert kept(temporary) == []


def there(served: Served, what: str) -> bool:
    """Say whether one of the gateway's processes is there."""
    for one in descendants(served.process.process.pid):
        line = command(one)
        # The keeper has the browser's arguments, and parts of the browser have some.
        if what in line and "--type=" not in line and (KEEPER in line) == (what == KEEPER):
            return os.path.exists(f"/proc/{one}")
    return False
