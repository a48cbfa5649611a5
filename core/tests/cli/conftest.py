"""A home with the shop plugin, and the command line in this process and in others."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click.testing
import pytest

from plugway.cli.root import root

HERE = Path(__file__).parent
SUPPORT = HERE.parents[2] / "tests" / "support"
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
        done = subprocess.run(
            [sys.executable, "-m", "plugway", *words],
            env=self.process_environ(**environ),
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def process_environ(self, **more: str) -> dict[str, str]:
        """Return the environment of a process that has the plugin."""
        kept = {name: value for name, value in os.environ.items() if "PLUGWAY" not in name}
        path = os.pathsep.join([str(HERE / "packages"), str(SUPPORT)])
        return {**kept, **self.environ, "PYTHONPATH": path, **more}


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shop plugin be found, as if it were installed."""
    monkeypatch.syspath_prepend(HERE / "packages")


@pytest.fixture
def new_shell(tmp_path: Path, packages: None) -> Shell:
    """Give a command line without a home yet."""
    return Shell(tmp_path / "home")


@pytest.fixture
def shell(new_shell: Shell) -> Shell:
    """Give a command line with a new home."""
    new_shell("init")
    return new_shell


@pytest.fixture
def serving(shell: Shell) -> Iterator[Callable[..., str]]:
    """Give what starts `plugway serve` in a process of its own and returns its URL."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> str:
        process = subprocess.Popen(
            [sys.executable, "-m", "plugway", "serve", "--port", "0", *options],
            env=shell.process_environ(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, process.wait(PATIENCE)
        return line.split()[-1]

    yield start
    for process in running:
        process.terminate()
        assert process.wait(PATIENCE) == 0
        assert process.stdout is not None
        process.stdout.close()
