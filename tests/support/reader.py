"""Somebody who types what a page says, on a gateway of their own."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from string import Template

from command_line import PATIENCE, Ran, Shell
from pages import words


class Reader:
    """Types commands one by one; `plugway serve` goes on in a process of its own.

    Attributes:
        shell: Where they type.
        variables: What they have put into shell variables.
        url: Where their gateway serves.
    """

    def __init__(self, home: Path, places: Mapping[str, str]) -> None:
        """Name a home; nothing is made yet.

        Args:
            home: The home directory.
            places: What stands for addresses in the text.
        """
        self.shell = Shell(home)
        self.shell.environ = {
            "PLUGWAY_HOME": str(home),
            "PLUGWAY__LOG__LEVEL": "error",
            "PLUGWAY__PLUGINS__ALLOW": "bltcy,kling",
            "PLUGWAY__SERVER__PORT": "0",
        }
        self.variables: dict[str, str] = {}
        self.url = ""
        self._places = dict(places)
        self._secrets = 0
        self._serving: subprocess.Popen[str] | None = None

    async def type(self, line: str, secret: str = "") -> Ran | None:
        """Type one line; what is no command of plugway's, or serves elsewhere, is passed over.

        Args:
            line: From a shell block.
            secret: What is typed if a secret is asked for; empty: one that was not there yet.

        Returns:
            What came of it.
        """
        program, *arguments = words(Template(self._placed(line)).safe_substitute(self.variables))
        if program != "plugway":
            return None
        if arguments[0] == "serve":
            if len(arguments) == 1:
                await asyncio.to_thread(self._serve)
            return None
        if arguments[0] == "worker":
            return await asyncio.to_thread(self._work)
        # Each secret that is asked for is another one.
        self._secrets += "--secret" in arguments
        secret = secret or f"upstream-secret-{self._secrets:04d}"
        return await asyncio.to_thread(self.shell, *arguments, stdin=f"{secret}\n")

    def meet(self, place: str) -> None:
        """Let an address in the text stand for the gateway that serves."""
        self._places[place] = self.url

    def leave(self) -> int:
        """Stop what serves and return its exit code."""
        if self._serving is None:
            return 0
        self._serving.terminate()
        self._serving.communicate(timeout=PATIENCE)
        return self._serving.returncode

    def _placed(self, line: str) -> str:
        for place, address in self._places.items():
            line = line.replace(place, address)
        return line

    def _serve(self) -> None:
        self._serving = self.shell.start("serve")
        assert self._serving.stdout is not None
        line = self._serving.stdout.readline()
        assert line.startswith("plugway is listening on http://"), self._serving.communicate()
        self.url = line.split()[-1]

    def _work(self) -> Ran:
        """Start the work without a listener, and stop it once it has begun."""
        working = self.shell.start("worker")
        assert working.stdout is not None
        line = working.stdout.readline()
        working.terminate()
        out, err = working.communicate(timeout=PATIENCE)
        assert line.startswith("plugway is working on "), (out, err)
        assert working.returncode == 0, err
        return Ran(working.returncode, line + out, err)


@asynccontextmanager
async def reading(home: Path, places: Mapping[str, str]) -> AsyncIterator[Reader]:
    """Give a reader whose gateway must end well."""
    reader = Reader(home, places)
    try:
        yield reader
    finally:
        code = await asyncio.to_thread(reader.leave)
    assert code == 0
