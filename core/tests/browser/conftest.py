"""A page, and processes that own a browser."""

from __future__ import annotations

import asyncio
import ctypes
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from browser_owner import Owner
from machine_browser import descendants, machine_browser

#: Of Linux (sys/prctl.h).
_SUBREAPER = 36


@pytest.fixture
async def site() -> AsyncIterator[str]:
    """Serve a page with a title, and give its port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Some connections are opened in case they were needed.
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n")
            writer.write(b"<title>Here</title>")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield str(server.sockets[0].getsockname()[1])


@pytest.fixture(autouse=True)
def _browser_of_operators(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the browser that has windows too, with all of its processes, where it is there."""
    if (found := shutil.which("chromium")) is not None:
        monkeypatch.setenv("PLUGWAY_TEST_CHROMIUM", found)


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Give a directory for what is temporary, with a name as short as the system's."""
    directory = Path(tempfile.mkdtemp(prefix="pw-"))
    yield directory
    shutil.rmtree(directory)


@pytest.fixture
def nursery() -> Iterator[set[int]]:
    """Take over every process that is left alone below; give those that were there before."""
    if sys.platform != "linux":
        pytest.skip("what is left behind is seen in /proc, which is Linux's")
    machine_browser()
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.prctl(_SUBREAPER, 1, 0, 0, 0) == 0
    before = descendants()
    yield before
    # A test that has failed leaves nothing to the next one.
    for one in descendants() - before:
        with suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)
    libc.prctl(_SUBREAPER, 0, 0, 0, 0)


@pytest.fixture
def own(nursery: set[int], temporary: Path) -> Iterator[Callable[..., Owner]]:
    """Start owners of browsers, and end them."""
    owners: list[Owner] = []

    def start(kind: str = "run", path: str = "") -> Owner:
        owners.append(Owner(kind, temporary, path))
        return owners[-1]

    yield start
    for owner in owners:
        owner.process.kill()
        owner.process.communicate()
