"""Commands that plugins bring."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from command_line import Shell


@pytest.fixture
def broken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let a plugin be found that cannot be imported."""
    packages = tmp_path / "packages"
    metadata = packages / "plugway_broken-0.1.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: plugway-broken\nVersion: 0.1")
    (metadata / "entry_points.txt").write_text("[plugway]\nbroken = plugway_broken\n")
    (packages / "plugway_broken.py").write_text("raise SystemExit('out of order')\n")
    monkeypatch.syspath_prepend(packages)
    return "broken"


def test_a_plugins_commands_stand_under_its_name(shell: Shell) -> None:
    assert shell("shop", "greet").out == "hello from the shop\n"
    text = shell("shop", "--help").out
    assert "greet   Say hello." in text


def test_its_worker_and_its_importer_stand_under_the_cores_commands_too(shell: Shell) -> None:
    assert shell("worker", "shop", "ann").out == "ann works\n"
    assert shell("shop", "worker", "ann").out == "ann works\n"
    assert shell("import", "shop").out == "customers of admin\n"
    ran = shell("worker", "nobody", check=False)
    assert (ran.code, "No such command 'nobody'" in ran.err) == (2, True)


def test_they_need_no_gateway(new_shell: Shell) -> None:
    assert new_shell("shop", "greet").out == "hello from the shop\n"


def test_a_broken_plugin_breaks_nothing_but_itself(shell: Shell, broken: str) -> None:
    del shell.environ["PLUGWAY__PLUGINS__ALLOW"]
    assert broken in shell("--help").out
    assert shell("users", "list").code == 0
    assert shell("shop", "greet").code == 0
    ran = shell(broken, "anything", check=False)
    assert ran.code == 1
    assert "out of order" in ran.err
    plugins = {one["name"]: one for one in shell("plugins", "--json").json}
    assert plugins[broken]["state"] == "failed"
    assert "out of order" in plugins[broken]["reason"]
    assert shell("plugins").code == 0
    assert shell("plugins", "--strict", check=False).code == 1
    assert "out of order" in shell("doctor", check=False).out
    shell.environ["PLUGWAY__PLUGINS__STRICT"] = "true"
    ran = shell("users", "list", check=False)
    assert (ran.code, "out of order" in ran.err) == (2, True)
    # In strict mode too, another plugin's commands work.
    assert shell("shop", "greet").code == 0


def test_a_plugin_that_is_blocked_has_no_commands(shell: Shell) -> None:
    shell.environ["PLUGWAY__PLUGINS__BLOCK"] = "shop"
    ran = shell("shop", "greet", check=False)
    assert (ran.code, "plugins.block" in ran.err) == (1, True)
    del shell.environ["PLUGWAY__PLUGINS__BLOCK"]
    shell.environ["PLUGWAY__PLUGINS__ALLOW"] = "other"
    ran = shell("shop", "greet", check=False)
    assert (ran.code, "plugins.allow" in ran.err) == (1, True)


def test_a_command_that_nobody_has_is_a_mistake(shell: Shell) -> None:
    ran = shell("shopp", check=False)
    assert (ran.code, "No such command" in ran.err) == (2, True)


def test_a_plugin_without_commands_says_so(shell: Shell, tmp_path: Path, broken: str) -> None:
    module = tmp_path / "packages" / "plugway_broken.py"
    module.write_text(
        "from plugway import hookimpl\n\n\n@hookimpl\ndef register_tariffs():\n    return []\n"
    )
    shutil.rmtree(module.parent / "__pycache__", ignore_errors=True)
    del shell.environ["PLUGWAY__PLUGINS__ALLOW"]
    ran = shell(broken, check=False)
    assert (ran.code, "has no commands" in ran.err) == (1, True)
