"""`plugway doctor`."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Callable

import pytest
from command_line import Shell


@pytest.fixture
def port(shell: Shell) -> int:
    """Set a port that is free."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free: int = probe.getsockname()[1]
    shell.environ["PLUGWAY__SERVER__PORT"] = str(free)
    return free


def found(shell: Shell) -> dict[str, str]:
    """Return the worst state of each check."""
    worst: dict[str, str] = {}
    for one in shell("doctor", "--json", check=False).json:
        states = ("ok", "warn", "fail")
        worst[one["check"]] = max(worst.get(one["check"], "ok"), one["state"], key=states.index)
    return worst


def test_a_new_gateway_is_well(shell: Shell, port: int) -> None:
    ran = shell("doctor")
    assert [line.split()[0] for line in ran.out.splitlines()].count("fail") == 0
    looked_at = found(shell)
    # Whether there is a browser is the machine's.
    assert looked_at.pop("browser", "ok") in ("ok", "warn")
    assert looked_at == {
        "home": "ok",
        "settings": "ok",
        "port": "ok",
        "extras": "ok",
        "vault": "ok",
        "database": "ok",
        "plugins": "ok",
        "channels": "warn",
        "administrator": "ok",
        "ledger": "ok",
    }
    assert "plugway channels add" in ran.out


def test_a_browser_that_is_not_there_is_told(shell: Shell, port: int) -> None:
    shell.environ = {**shell.environ, "PLUGWAY__BROWSER__PATH": "/nowhere/chromium"}
    ran = shell("doctor")
    (line,) = [line for line in ran.out.splitlines() if " browser: " in line]
    assert line.startswith("warn")
    assert "/nowhere/chromium" in line


def test_each_fault_is_named_with_what_to_do(shell: Shell, port: int) -> None:
    def fails(check: str, says: str, *, code: int = 1) -> None:
        ran = shell("doctor", check=False)
        assert ran.code == code
        lines = [line for line in ran.out.splitlines() if f" {check}: " in line and " → " in line]
        assert any(says in line for line in lines), ran.out

    shell.home.chmod(0o755)
    fails("home", "chmod")
    shell.home.chmod(0o700)
    (shell.home / "plugway.toml").chmod(0o644)
    fails("home", "plugway.toml", code=0)
    (shell.home / "plugway.toml").chmod(0o600)

    with socket.create_server(("127.0.0.1", port)):
        fails("port", "another program")

    add = ("channels", "add", "--provider", "shop", "--name", "main")
    shell(*add, "--base-url", "http://127.0.0.1:1")
    fails("channels", "no credential")
    shell("channels", "remove", "main")

    shell("users", "add", "other", "--role", "admin")
    shell("users", "disable", "admin")
    shell("users", "set", "other", "--role", "user", check=False)
    assert found(shell)["administrator"] == "ok"

    with sqlite3.connect(shell.home / "plugway.db") as database:
        database.execute("UPDATE plugway_account SET balance = balance + 1")
    database.close()
    fails("ledger", "ask for help")

    key = shell.home / "vault.key"
    key.rename(shell.home / "vault.bak")
    fails("vault", "vault.key")
    (shell.home / "vault.bak").rename(key)

    shell.environ["PLUGWAY__DATABASE__URL"] = "postgres://nobody@127.0.0.1:1/none"
    fails("database", "database.url")
    del shell.environ["PLUGWAY__DATABASE__URL"]

    (shell.home / "plugway.toml").write_text("[server]\nmax_headers = 'x'\n")
    fails("settings", "max_headers")


def test_without_a_home_it_says_how_to_begin(new_shell: Shell) -> None:
    ran = new_shell("doctor", check=False)
    assert ran.code == 1
    assert ran.out == f"fail  home: {new_shell.home} does not exist → plugway init\n"


def test_tables_that_are_not_there_are_not_made(shell: Shell, port: int) -> None:
    shell.environ["PLUGWAY__DATABASE__URL"] = f"sqlite://{shell.home}/other.db"
    ran = shell("doctor", check=False)
    assert "plugway migrate" in ran.out
    assert shell("migrate", "--check", check=False).code == 1


def test_a_gateway_that_serves_there_is_no_fault(
    shell: Shell, port: int, serving: Callable[..., str]
) -> None:
    serving("--port", str(port))
    assert "a gateway serves" in shell("doctor").out


def test_redis_is_asked(shell: Shell, port: int) -> None:
    shell.environ["PLUGWAY__REDIS__URL"] = "redis://127.0.0.1:1/0"
    assert found(shell)["redis"] == "fail"


def test_a_gateway_without_keys_is_named(shell: Shell, port: int) -> None:
    assert "keys" not in found(shell)
    shell.environ["PLUGWAY__SERVER__KEYLESS_USER"] = "dev"
    ran = shell("doctor")
    (line,) = [line for line in ran.out.splitlines() if " keys: " in line]
    assert line.startswith("warn")
    assert "server.keyless_user" in line
    assert found(shell)["keys"] == "warn"
    shell.environ["PLUGWAY__SERVER__HOST"] = "0.0.0.0"  # noqa: S104  # refused
    assert found(shell)["settings"] == "fail"
