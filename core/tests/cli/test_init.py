"""`plugway init`."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from command_line import Shell


def mode(path: Path) -> int:
    """Return a path's permissions."""
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_made_for_its_owner_alone(new_shell: Shell) -> None:
    ran = new_shell("init")
    key = ran.out.split()[-1]
    assert key.startswith("sk-")
    assert str(new_shell.home) in ran.out
    assert mode(new_shell.home) == 0o700
    files = {path.name for path in new_shell.home.iterdir()}
    assert files >= {"plugway.toml", "vault.key", "plugway.db"}
    assert {mode(path) for path in new_shell.home.iterdir()} == {0o600}
    text = (new_shell.home / "plugway.toml").read_text()
    assert "[server]" in text
    assert "[plugins.shop]" in text
    users = new_shell("users", "list", "--json").json
    assert [(user["name"], user["role"]) for user in users] == [("admin", "admin")]
    keys = new_shell("keys", "list", "--json").json
    assert [(one["user"], one["name"]) for one in keys] == [("admin", "first")]
    assert key not in new_shell("keys", "list", "--json").out


def test_json_has_the_key(new_shell: Shell) -> None:
    made = new_shell("init", "--json", "--admin", "root").json
    assert made["home"] == str(new_shell.home)
    assert made["user"] == "root"
    assert made["key"].startswith("sk-")


def test_a_second_time_changes_nothing(new_shell: Shell) -> None:
    new_shell("init")
    before = {path.name: path.read_bytes() for path in new_shell.home.glob("*.[tk]*")}
    ran = new_shell("init", check=False)
    assert (ran.code, ran.out) == (2, "")
    assert "set up already" in ran.err
    assert {path.name: path.read_bytes() for path in new_shell.home.glob("*.[tk]*")} == before
    assert len(new_shell("keys", "list", "--json").json) == 1


def test_an_interrupted_one_is_finished(new_shell: Shell) -> None:
    new_shell.environ["PLUGWAY__DATABASE__URL"] = "sqlite:///nowhere/at/all/plugway.db"
    assert new_shell("init", check=False).code == 2
    del new_shell.environ["PLUGWAY__DATABASE__URL"]
    assert new_shell("init", "--json").json["key"].startswith("sk-")


def test_an_empty_home_that_others_may_read_is_closed(new_shell: Shell) -> None:
    new_shell.home.mkdir(mode=0o755)
    new_shell("init")
    assert mode(new_shell.home) == 0o700


def test_what_is_no_directory_is_refused(new_shell: Shell) -> None:
    new_shell.home.write_text("")
    ran = new_shell("init", check=False)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)


def test_a_place_that_cannot_be_is_refused(new_shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    ran = new_shell("init", "--home", str(tmp_path / "file" / "home"), check=False)
    assert (ran.code, len(ran.err.splitlines())) == (2, 1)


class TestSecondNode:
    """A node that joins the database of another one."""

    @pytest.fixture
    def second(self, shell: Shell, tmp_path: Path) -> Shell:
        """Name the first node's database from a new home."""
        other = type(shell)(tmp_path / "second")
        other.environ["PLUGWAY__DATABASE__URL"] = f"sqlite://{shell.home}/plugway.db"
        return other

    def test_it_needs_the_vaults_key(self, second: Shell) -> None:
        ran = second("init", check=False)
        assert ran.code == 2
        assert "vault.key" in ran.err
        assert not (second.home / "vault.key").exists()

    def test_it_joins_with_the_vaults_key(self, shell: Shell, second: Shell) -> None:
        key = (shell.home / "vault.key").read_text()
        second.environ["PLUGWAY_VAULT_KEY"] = key.strip()
        made = second("init", "--json").json
        assert made["key"] is None
        assert second("users", "list", "--json").json == shell("users", "list", "--json").json


def test_a_database_named_by_the_environment_is_kept(new_shell: Shell, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere.db"
    new_shell.environ["SQL_DSN"] = f"sqlite://{elsewhere}"
    new_shell("init")
    del new_shell.environ["SQL_DSN"]
    users = new_shell("users", "list", "--json").json
    assert [user["name"] for user in users] == ["admin"]
    assert elsewhere.exists()
    assert not (new_shell.home / "plugway.db").exists()
    assert mode(new_shell.home / "plugway.toml") == 0o600
