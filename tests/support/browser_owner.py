"""A process that owns a browser, tells how far it is, and may be killed at any moment."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from machine_browser import descendants

from plugway import Browser, PlugwayError

#: What is in the command lines of its processes.
DRIVER, KEEPER, CHROMIUM = "run-driver", "keeper.py", "--remote-debugging-pipe"


class Owner:
    """Is a process that owns a browser.

    Attributes:
        process: It.
    """

    def __init__(self, kind: str, temporary: Path, path: str = "") -> None:
        """Start it.

        Args:
            kind: `run` or `open`.
            temporary: Its directory for what is temporary.
            path: The browser's; empty: the machine's.
        """
        chosen = path or os.environ.get("PLUGWAY_TEST_CHROMIUM", "")
        self.process = subprocess.Popen(  # noqa: S603  # this very file
            [sys.executable, __file__, kind, chosen],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(temporary)},
            text=True,
        )

    def says(self) -> str:
        """Wait for its next word, and return it; empty: there is none."""
        assert self.process.stdout is not None
        return self.process.stdout.readline().strip()

    def tell(self) -> None:
        """Tell it to close the browser."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def finds(self, what: str) -> int:
        """Wait until one of its processes is there, and return its id.

        Args:
            what: `DRIVER`, `KEEPER` or `CHROMIUM`.

        Raises:
            AssertionError: It does not come, or the owner has ended.
        """
        until = time.monotonic() + 60
        while time.monotonic() < until and self.process.poll() is None:
            for one in sorted(descendants(self.process.pid)):
                line = command(one)
                # The keeper has the browser's arguments, and parts of the browser have some.
                if what in line and "--type=" not in line and (KEEPER in line) == (what == KEEPER):
                    return one
        raise AssertionError(f"there was no {what}")

    def ends(self) -> str:
        """Wait for its end, and return what it has said meanwhile."""
        said, _ = self.process.communicate(timeout=60)
        return said.strip()


def command(process: int) -> str:
    """Return the command line of a process; empty: it has ended.

    Args:
        process: Its id.
    """
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


async def own(kind: str, path: str) -> None:
    """Open a browser, and close it when a line comes.

    Args:
        kind: `run` or `open`.
        path: The browser's; empty: found.
    """
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    browser = Browser(path)
    async with browser.run() if kind == "run" else browser.open() as opened:
        page = await opened.new_page()
        await page.goto("data:text/html,<title>here</title>")
        say("open")
        await reader.readline()
        # Tells of a browser that is gone.
        await page.title()
        say("closing")
    say("closed")


def say(word: str) -> None:
    """Tell whoever has started this how far it is.

    Args:
        word: That.
    """
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(own(*sys.argv[1:]))
    except PlugwayError as error:
        say(type(error).__name__)
    except KeyboardInterrupt:
        say("interrupted")
