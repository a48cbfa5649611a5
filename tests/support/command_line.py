"""The command line of plugway, in this process and in others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click.testing

from plugway.cli.root import root

SUPPORT = Path(__file__).parent

#: Has the metadata of the shop plugin, as if it were installed.
PACKAGES = SUPPORT.parents[1] / "core" / "tests" / "cli" / "packages"

#: Seconds that a process gets to end.
PATIENCE = 60


class Ran:
    """Is a command that has ended.

    Attributes:
        code: Exit code.
        out: What it wrote to stdout.
        err: What it wrote to stderr.
    """

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code = code
        self.out = out
        self.err = err

    @property
    def json(self) -> Any:
        """Return stdout, read as JSON."""
        return json.loads(self.out)


class Shell:
    """Runs `plugway` as an operator does.

    Attributes:
        home: The home directory.
        environ: What the operator has set.
    """

    def __init__(self, home: Path) -> None:
        """Name a home; nothing is made yet."""
        self.home = home
        self.environ = {"PLUGWAY_HOME": str(home), "PLUGWAY__PLUGINS__ALLOW": "shop"}

    def __call__(self, *words: str, check: bool = True, stdin: str = "") -> Ran:
        """Run a command in this process.

        Args:
            words: What follows `plugway`.
            check: Fail when it does not exit with 0.
            stdin: What it reads.
        """
        environ = dict.fromkeys((name for name in os.environ if name.startswith("PLUGWAY")), None)
        done = click.testing.CliRunner().invoke(
            root, list(words), env={**environ, **self.environ}, input=stdin
        )
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        ran = Ran(done.exit_code, done.stdout, done.stderr)
        assert not check or ran.code == 0, (words, ran.out, ran.err)
        return ran

    def apart(self, *words: str, **environ: str) -> Ran:
        """Run a command in a process of its own.

        Args:
            words: What follows `plugway`.
            environ: More that the operator has set.
        """
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            [sys.executable, "-m", "plugway", *words],
            env=self.process_environ(**environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start a command in a process of its own, whose stdout can be read.

        Args:
            words: What follows `plugway`.
        """
        return subprocess.Popen(  # noqa: S603  # our own command, no shell
            [sys.executable, "-m", "plugway", *words],
            env=self.process_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process_environ(self, **more: str) -> dict[str, str]:
        """Return the environment of a process that has the plugin."""
        kept = {name: value for name, value in os.environ.items() if "PLUGWAY" not in name}
        path = os.pathsep.join([str(PACKAGES), str(SUPPORT)])
        return {**kept, **self.environ, "PYTHONPATH": path, **more}
