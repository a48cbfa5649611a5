"""`plugway new-plugin`: what it writes is checked as the project checks itself, and works."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from command_line import Shell

from plugway.cli.new_plugin import LONGEST, SERVED
from plugway.cli.scaffold import files
from plugway.plugins import RESERVED
from plugway.testing import GatewayServer

PROJECT = Path(__file__).parents[3] / "pyproject.toml"

#: Seconds for one tool, on a slow machine.
PATIENCE = 240

VARIANTS = {
    "plain": (),
    "talker": ("--chat",),
    "slow_job": ("--tasks",),
    "many": ("--chat", "--tasks"),
}

#: As short and as long as a name may be: lines are broken elsewhere.
EXTREMES = ("q", "a" * 4 + "_b" * ((LONGEST - 4) // 2))


def made(shell: Shell, into: Path, name: str, *options: str) -> Path:
    """Have a plugin written, and return its folder."""
    folder = into / f"plugway-{name}"
    said = shell("new-plugin", name, "--into", str(into), *options)
    assert said.out == f"{folder}\n"
    return folder


def install(folder: Path) -> None:
    """Leave what `pip install -e` would leave beside the sources."""
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    info = folder / "src" / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    info.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    requires = "".join(f"Requires-Dist: {one}\n" for one in project["dependencies"])
    (info / "METADATA").write_text(head + requires)
    ((name, module),) = project["entry-points"]["plugway"].items()
    (info / "entry_points.txt").write_text(f"[plugway]\n{name} = {module}\n")


def run(folder: Path, *words: str) -> str:
    """Run a tool in a plugin's folder, and return what it says."""
    environ = {name: value for name, value in os.environ.items() if "PLUGWAY" not in name}
    paths = {"PYTHONPATH": str(folder / "src"), "MYPYPATH": str(folder / "src")}
    done = subprocess.run(  # noqa: S603  # our own tools, no shell
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**environ, **paths},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", VARIANTS)
def test_its_tests_pass_at_once(new_shell: Shell, tmp_path: Path, name: str) -> None:
    folder = made(new_shell, tmp_path, name, *VARIANTS[name])
    install(folder)
    assert " passed" in run(folder, "pytest", "-q", "-p", "no:cacheprovider")


def test_the_demo_shows_it(new_shell: Shell, tmp_path: Path) -> None:
    folder = made(new_shell, tmp_path, "green_tea", "--chat", "--tasks")
    install(folder)
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "plugway.toml").write_text('[plugins]\nallow = ["green_tea"]\n')
    said = run(folder, "plugway", "demo", "--once", "--port", "0", "--home", str(home))
    for title in ("Chat", "Make a job", "Look at it"):
        assert f"green_tea: {title}\n" in said


@pytest.mark.parametrize("options", VARIANTS.values(), ids=VARIANTS)
@pytest.mark.parametrize("name", EXTREMES, ids=("short", "long"))
def test_it_is_formatted_whatever_its_name(
    new_shell: Shell, tmp_path: Path, name: str, options: tuple[str, ...]
) -> None:
    folder = made(new_shell, tmp_path, name, *options)
    config = ("--no-cache", "--config", str(PROJECT))
    run(folder, "ruff", "format", "--check", *config, ".")
    run(folder, "ruff", "check", *config, ".")


@pytest.mark.parametrize("name", VARIANTS)
def test_its_types_are_sound(new_shell: Shell, tmp_path: Path, name: str) -> None:
    folder = made(new_shell, tmp_path, name, *VARIANTS[name])
    cache = str(PROJECT.parent / ".mypy_cache" / "new-plugin")
    run(folder, "mypy", "--strict", "--cache-dir", cache, "src", "tests")


def test_it_holds_the_files_that_a_plugin_needs(new_shell: Shell, tmp_path: Path) -> None:
    folder = made(new_shell, tmp_path, "tea", "--chat")
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert found >= {
        *("CHANGELOG.md", "LICENSE", "README.md", "pyproject.toml"),
        *("src/plugway_tea/__init__.py", "src/plugway_tea/emulator.py"),
        *("src/plugway_tea/py.typed", "src/plugway_tea/settings.py", "tests/test_contract.py"),
    }
    assert not any(path.endswith(".in") for path in found)
    for path in found:
        text = (folder / path).read_text()
        assert "seedling" not in text.lower(), path
        assert "%%" not in text, path
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    assert project["name"] == "plugway-tea"
    assert project["dependencies"] == ["plugway>=0.1,<1"]
    assert project["entry-points"] == {"plugway": {"tea": "plugway_tea"}}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Tea", "try tea"),
        ("green-tea", "try green_tea"),
        ("2tea", "lower-case identifier"),
        ("", "lower-case identifier"),
        ("../tea", "try tea"),
        ("tëa", "lower-case identifier"),
        ("x" * (LONGEST + 1), f"longer than {LONGEST} characters"),
        ("keys", "reserved"),
        ("core", "reserved"),
        ("v1", "reserved"),
    ],
)
def test_a_name_that_cannot_be_is_refused(
    new_shell: Shell, tmp_path: Path, name: str, says: str
) -> None:
    into = tmp_path / "into"
    ran = new_shell("new-plugin", name, "--into", str(into), check=False)
    assert (ran.code, ran.out) == (2, "")
    assert says in ran.err
    assert not into.exists()


def test_nothing_is_overwritten(new_shell: Shell, tmp_path: Path) -> None:
    folder = tmp_path / "plugway-tea"
    folder.mkdir()
    (folder / "mine").write_text("all of it")
    ran = new_shell("new-plugin", "tea", "--into", str(tmp_path), check=False)
    assert (ran.code, ran.out) == (1, "")
    assert f"{folder} exists already" in ran.err
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_a_folder_that_cannot_be_written_is_said(new_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    below = tmp_path / "file" / "below"
    ran = new_shell("new-plugin", "tea", "--into", str(below), check=False)
    assert (ran.code, ran.out) == (1, "")
    assert "cannot be written" in ran.err


def test_it_needs_no_home(new_shell: Shell, tmp_path: Path) -> None:
    made(new_shell, tmp_path / "deep" / "er", "tea")
    assert not new_shell.home.exists()


def test_names_of_the_core_s_own_paths_are_known(tmp_path: Path) -> None:
    async def first_segments() -> set[str]:
        async with GatewayServer(tmp_path / "home", plugins={}) as server:
            paths = [route.mount.path for route in server.gateway.registry.routes]
        return {path.split("/")[1] for path in paths}

    served = asyncio.run(first_segments())
    assert served
    assert {one for one in served if one.isidentifier()} - RESERVED <= SERVED


def test_templates_have_no_file_twice() -> None:
    for parts in ({"route"}, {"chat"}, {"tasks"}, {"chat", "tasks"}):
        paths = [path for path, _ in files("tea", parts)]  # type: ignore[arg-type]  # as named
        assert len(paths) == len(set(paths))
