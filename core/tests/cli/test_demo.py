"""`plugway demo`."""

from __future__ import annotations

import signal
import stat
import time
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import plugway_shop
import pytest
from command_line import Shell

from plugway import Tour
from plugway.cli.demo_keys import Access


@pytest.fixture
def demo(new_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """Give a command line whose home is the demo's, and let only the shop be found."""
    settings = new_shell.home / "plugway.toml"
    new_shell.home.mkdir(mode=0o700)
    settings.write_text('[plugins]\nallow = ["shop"]\n')
    # What a real gateway is set to must not count here.
    new_shell.environ = {
        "PLUGWAY_HOME": "/nonexistent",
        "PLUGWAY__DATABASE__URL": "postgres://nobody@127.0.0.1:1/none",
        "SQL_DSN": "postgres://nobody@127.0.0.1:1/none",
        "PLUGWAY_URL": "http://127.0.0.1:1",
    }
    return new_shell


def variables(file: Path) -> dict[str, str]:
    """Read a file of shell variables."""
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


def test_a_tour_shows_each_call_with_its_cost(demo: Shell, tmp_path: Path) -> None:
    env = tmp_path / "demo.env"
    options = ("demo", "--once", "--port", "0", "--home", str(demo.home), "--env", str(env))
    ran = demo(*options)
    lines = [line.strip() for line in ran.out.splitlines()]
    tea = lines.index("shop: buy tea")
    assert lines[tea + 1] == "POST /shop/tea"
    assert lines[tea + 2].startswith("200 in ")
    assert lines[tea + 2].endswith(" ms, 10 credits")
    missing = lines.index("shop: ask for what is not sold")
    assert lines[missing + 2].startswith("404 in ")
    assert lines[missing + 2].endswith(", 0 credits")
    assert "Balance    999999990 credits, 0 held" in lines
    assert any(line.startswith("Ledger     every invariant holds") for line in lines)
    assert any("/api/admin" in line for line in lines)

    first = variables(env)
    assert set(first) == {
        *("PLUGWAY_URL", "PLUGWAY_KEY", "PLUGWAY_ADMIN_KEY"),
        *("PLUGWAY_ACCESS_KEY", "PLUGWAY_SECRET_KEY"),
    }
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert first["PLUGWAY_SECRET_KEY"]
    for secret in (*plugway_shop.SECRETS, first["PLUGWAY_KEY"], first["PLUGWAY_ADMIN_KEY"]):
        assert secret not in ran.out

    # Again: the same keys, one more call each, and the channel follows the emulator.
    began = time.monotonic()
    again = demo(*options)
    assert time.monotonic() - began < 5
    assert "shop: buy tea" in again.out
    second = variables(env)
    assert {**second, "PLUGWAY_URL": ""} == {**first, "PLUGWAY_URL": ""}


def test_a_step_that_fails_ends_with_1(demo: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    tour = (Tour(title="buy coffee", path="/shop/coffee", json={}),)
    monkeypatch.setattr(plugway_shop.ShopEmulator, "tour", tour)
    ran = demo("demo", "--once", "--port", "0", "--home", str(demo.home), check=False)
    assert ran.code == 1
    assert "404 in" in ran.out
    assert "expected 200" in ran.out


def test_a_tour_that_needs_what_is_not_here_is_left_out_and_says_why(
    demo: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plugway_shop.ShopEmulator, "missing", "no kettle here: buy one")
    ran = demo("demo", "--once", "--port", "0", "--home", str(demo.home))
    assert "shop: left out: no kettle here: buy one" in ran.out
    assert "buy tea" not in ran.out


def test_it_serves_until_it_is_told_to_stop(demo: Shell, tmp_path: Path) -> None:
    env = tmp_path / "demo.env"
    env.write_text("PLUGWAY_URL=http://127.0.0.1:1\n")
    process = demo.start("demo", "--port", "0", "--home", str(demo.home), "--env", str(env))
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Serving"):
            break
    known = variables(env)
    assert known["PLUGWAY_URL"] in "".join(lines)
    connection = HTTPConnection(known["PLUGWAY_URL"].removeprefix("http://"), timeout=10)
    headers = {"authorization": f"Bearer {known['PLUGWAY_KEY']}"}
    connection.request("POST", "/shop/tea", b"{}", headers)
    with closing(connection), connection.getresponse() as answer:
        assert answer.status == 200
    remote = type(demo)(demo.home)
    remote.environ = known
    users = remote("users", "list", "--json").json
    assert [user["name"] for user in users] == ["admin", "demo"]
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 0


def test_its_home_is_not_where_a_real_gateway_lives(
    demo: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    demo.home.rename(tmp_path / ".demo")
    demo("demo", "--once", "--port", "0")
    assert Access.file(tmp_path / ".demo").exists()
