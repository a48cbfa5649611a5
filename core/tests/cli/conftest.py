"""A home with the shop plugin, and the command line."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_line import PACKAGES, PATIENCE, Shell


@pytest.fixture
def packages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the shop plugin be found, as if it were installed."""
    monkeypatch.syspath_prepend(PACKAGES)


@pytest.fixture
def new_shell(tmp_path: Path, packages: None) -> Shell:
    """Give a command line without a home yet."""
    return Shell(tmp_path / "home")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home once; its plugins are found when it is served."""
    home = tmp_path_factory.mktemp("template") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PACKAGES)
        Shell(home)("init")
    return home


@pytest.fixture
def shell(new_shell: Shell, template: Path) -> Shell:
    """Give a command line with a new home."""
    shutil.copytree(template, new_shell.home)
    return new_shell


@pytest.fixture
def serving(shell: Shell) -> Iterator[Callable[..., str]]:
    """Give what starts `plugway serve` in a process of its own and returns its URL."""
    running: list[subprocess.Popen[str]] = []

    def start(*options: str) -> str:
        process = shell.start("serve", "--port", "0", *options)
        running.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://" in line, process.communicate(timeout=PATIENCE)
        return line.split()[-1]

    yield start
    for process in running:
        process.terminate()
        process.communicate(timeout=PATIENCE)
        assert process.returncode == 0
