"""A gateway in processes of its own, for tests that kill it and for measurements."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

#: Seconds that a process gets to start, and to stop.
PATIENCE = 60.0


class GatewayProcess:
    """Drives one home by the command line alone, as an operator does.

    Attributes:
        home: The home directory.
        url: Where it listens, while it does.
        process: The serving process.
    """

    url: str
    process: subprocess.Popen[str]

    def __init__(
        self, home: Path, environ: Mapping[str, str] | None = None, *, log: Path | None = None
    ) -> None:
        """Name a home; nothing runs yet.

        Args:
            home: Made by `plugway init`.
            environ: Settings, as environment variables.
            log: Where the serving process's stderr is added; None: this process's own.
        """
        self.home = home
        self._log = log
        self._environ = {**os.environ, **(environ or {}), "PLUGWAY_HOME": str(home)}

    def plugway(self, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run one command to its end.

        Args:
            words: What follows `plugway`.
            check: Fail when it does not exit with 0.

        Raises:
            RuntimeError: It failed; the message holds what it wrote to stderr.
        """
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            [sys.executable, "-m", "plugway", *words],
            env=self._environ,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        if check and done.returncode:
            raise RuntimeError(f"plugway {' '.join(words)} exited {done.returncode}: {done.stderr}")
        return done

    def json(self, *words: str) -> Any:
        """Run one command with `--json` and return what it printed."""
        return json.loads(self.plugway(*words, "--json").stdout)

    def prepare(self, base_url: str, *, credits_: int = 10**12) -> str:
        """Make the home, a Bltcy channel and the user `alice`; return the user's key.

        Args:
            base_url: The upstream.
            credits_: Paid in.
        """
        self.plugway("init")
        self.plugway(
            *("channels", "add", "--provider", "bltcy", "--name", "main"),
            *("--base-url", base_url, "--secret", "upstream-secret", "--model", "runway"),
        )
        self.plugway("users", "add", "alice")
        self.plugway("credit", "alice", str(credits_), "--reason", "test")
        key: str = self.json("keys", "add", "alice", "--name", "main")["key"]
        return key

    def start(self, *options: str) -> str:
        """Serve, and return the URL once requests are taken.

        Args:
            options: Further options of `plugway serve`.

        Raises:
            RuntimeError: It ended before it served.
        """
        with open(self._log, "a") if self._log else nullcontext() as stderr:
            self.process = subprocess.Popen(  # noqa: S603  # our own command, no shell
                [sys.executable, "-m", "plugway", "serve", "--port", "0", *options],
                env=self._environ,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )
        assert self.process.stdout is not None  # noqa: S101  # it is a pipe
        line = self.process.stdout.readline().strip()
        if "http://" not in line:
            raise RuntimeError(f"plugway serve exited {self.process.wait(PATIENCE)}: {line}")
        self.url = line[line.index("http://") :].split()[0]
        return self.url

    def kill(self) -> None:
        """Kill it as a power cut would: SIGKILL, no goodbye."""
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        """Ask it to end, as a supervisor does, and return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self._reap()

    def _reap(self) -> int:
        code = self.process.wait(PATIENCE)
        assert self.process.stdout is not None  # noqa: S101  # it is a pipe
        self.process.stdout.close()
        return code
