"""The command itself: help, global options, and how failures end."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from command_line import Shell

from plugway.cli.root import COMMANDS
from plugway.plugins import RESERVED


def test_help_lists_commands_and_plugins(shell: Shell) -> None:
    text = shell("--help").out
    for name in COMMANDS:
        assert f"\n  {name} " in text
    assert "shop" in text
    assert shell("-h").out == text


def test_every_command_has_help(shell: Shell) -> None:
    for name in COMMANDS:
        assert "Usage: plugway" in shell(name, "--help").out.replace("root", "plugway")


def test_no_plugin_takes_the_name_of_a_command() -> None:
    assert set(COMMANDS) <= RESERVED


@pytest.mark.parametrize("words", [("--help",), ("version",)])
def test_it_starts_fast(words: tuple[str, ...]) -> None:
    took = []
    for _ in range(3):
        # Processor time: the machine may be busy with other things.
        began = _spent()
        done = subprocess.run(  # noqa: S603  # our own command, no shell
            [sys.executable, "-m", "plugway", *words], capture_output=True, text=True, check=True
        )
        took.append(_spent() - began)
        assert done.stdout
    assert min(took) < 0.4


def _spent() -> float:
    """Return the seconds that processes which have ended were worked for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_version_is_that_of_the_distribution(shell: Shell) -> None:
    assert shell("version").out.strip() == metadata.version("plugway")


def test_global_options_stand_before_or_after_the_command(shell: Shell, tmp_path: Path) -> None:
    home = str(shell.home)
    shell.environ["PLUGWAY_HOME"] = str(tmp_path / "nowhere")
    for words in (
        ("--home", home, "users", "list", "--json"),
        ("users", "--home", home, "list", "--json"),
        ("users", "list", "--json", "--home", home),
        ("--home", str(tmp_path / "nowhere"), "users", "list", "--json", "--home", home),
    ):
        assert [user["name"] for user in shell(*words).json] == ["admin"]
    assert shell("doctor", "--home", home).code == 0
    assert shell("users", "list", check=False).code == 2


def test_a_home_that_is_given_wins_over_a_url_that_is_not(shell: Shell) -> None:
    shell.environ |= {"PLUGWAY_URL": "http://127.0.0.1:1", "PLUGWAY_ADMIN_KEY": "sk-x"}
    assert shell("users", "list", check=False).code == 1
    assert shell("users", "list", "--home", str(shell.home)).code == 0
    assert shell("--home", str(shell.home), "users", "list").code == 0
    both = ("users", "list", "--home", str(shell.home), "--url", "http://127.0.0.1:1")
    assert shell(*both, check=False).code == 1


def test_what_is_misconfigured_is_one_line_and_exit_code_2(shell: Shell, tmp_path: Path) -> None:
    def fails(*words: str, says: str) -> None:
        ran = shell(*words, check=False)
        assert (ran.code, ran.out) == (2, "")
        assert len(ran.err.splitlines()) == 1
        assert says in ran.err

    fails("users", "list", "--home", str(tmp_path / "none"), says="plugway init")
    fails("users", "list", "--url", "http://127.0.0.1:1", says="PLUGWAY_ADMIN_KEY")
    fails("users", "list", "--url", "ftp://host", "--admin-key", "k", says="https://")
    (shell.home / "plugway.toml").write_text("[server]\nmax_headers = 'x'\n")
    for words in (("users", "list"), ("serve", "--port", "0"), ("migrate",), ("plugins",)):
        fails(*words, says="server.max_headers")
    (shell.home / "plugway.toml").unlink()
    (shell.home / "vault.key").rename(shell.home / "vault.bak")
    for words in (("users", "list"), ("serve", "--port", "0"), ("ledger", "verify")):
        fails(*words, says="vault.key")


def test_what_the_api_refuses_is_one_line_and_exit_code_1(shell: Shell) -> None:
    for words, says in [
        (("users", "show", "nobody"), "no user named nobody"),
        (("users", "add", "admin"), "exists already"),
        (("credit", "admin", "0", "--reason", "x"), "credits"),
        (("keys", "remove", "nobody/x"), "nobody"),
        (("keys", "remove", "77", "--yes"), "77"),
        (("channels", "remove", "x", "--yes"), "no channel named x"),
        (("credentials", "clear", "9"), "no credential 9"),
        (("groups", "remove", "x"), "no group named x"),
        (("ledger", "refund", "0" * 32, "5", "--reason", "x"), "call"),
    ]:
        ran = shell(*words, check=False)
        assert (ran.code, ran.out) == (1, ""), words
        assert len(ran.err.splitlines()) == 1
        assert ran.err.startswith("plugway: ")
        assert says in ran.err


def test_nothing_answers_at_a_url(shell: Shell) -> None:
    where = ("--url", "http://127.0.0.1:1", "--admin-key", "sk-0123456789")
    ran = shell("users", "list", *where, check=False)
    assert (ran.code, ran.out) == (1, "")
    assert len(ran.err.splitlines()) == 1
    assert "127.0.0.1:1" in ran.err
    assert "sk-0123456789" not in ran.err


def test_one_client_or_the_other_says_the_same(shell: Shell, serving: Callable[..., str]) -> None:
    key = shell("keys", "add", "admin", "--name", "far").out.strip()
    far = ("--url", serving(), "--admin-key", key)
    shell("users", "add", "böb 张/".rstrip("/"), *far)
    for words in (
        ("users", "list", "--json"),
        ("users", "show", "böb 张", "--json"),
        ("keys", "list", "--json"),
        ("prices", "list", "--json"),
        ("ledger", "verify", "--json"),
        ("ledger", "entries", "--json"),
        ("usage", "--json"),
        ("channels", "list", "--json"),
        ("groups", "list", "--json"),
        ("openapi",),
    ):
        near = shell(*words).json
        assert shell(*words, *far).json == near, words
    refused = shell("users", "add", "admin", *far, check=False)
    assert (refused.code, refused.err) == (1, shell("users", "add", "admin", check=False).err)
    wrong = shell("users", "list", *far[:2], "--admin-key", "sk-wrong-key-0", check=False)
    assert wrong.code == 1
