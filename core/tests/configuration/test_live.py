"""Tests of settings that follow their file."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Annotated

import pytest

from plugway.configuration import LiveSettings
from plugway.errors import ConfigurationError
from plugway.settings import RESTART, Settings, Table


class Echo(Table, frozen=True, kw_only=True):
    times: int = 1
    address: Annotated[str, RESTART] = ""


class Other(Table, frozen=True, kw_only=True):
    pass


def write(home: Path, text: str) -> None:
    (home / "plugway.toml").write_text(text, encoding="utf-8")


def test_a_change_is_taken_over(tmp_path: Path) -> None:
    write(tmp_path, "[relay]\ntries = 2")
    live = LiveSettings(tmp_path, {})
    heard: list[tuple[int, int]] = []
    live.subscribe(lambda old, new: heard.append((old.relay.tries, new.relay.tries)))
    assert not live.check()
    write(tmp_path, "[relay]\ntries = 10")
    assert live.check()
    assert live.current.relay.tries == 10
    assert heard == [(2, 10)]
    assert not live.check()


def test_a_file_that_appears_is_taken_over(tmp_path: Path) -> None:
    live = LiveSettings(tmp_path, {})
    write(tmp_path, "[relay]\ntries = 2")
    assert live.check()
    assert live.current.relay.tries == 2


def test_the_environment_still_wins(tmp_path: Path) -> None:
    live = LiveSettings(tmp_path, {"PLUGWAY__RELAY__TRIES": "7"})
    write(tmp_path, "[relay]\ntries = 2\nreplay_bytes = 1")
    assert live.check()
    assert live.current.relay.tries == 7
    assert live.current.relay.replay_bytes == 1


def test_a_bad_file_changes_nothing_and_says_why(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(tmp_path, "[relay]\ntries = 2")
    live = LiveSettings(tmp_path, {})
    old = live.current
    # The first line is good: nothing of the file may count.
    write(tmp_path, "[relay]\ntries = 9\n[server]\nmax_headers = 0")
    assert not live.check()
    assert live.current is old
    wrong = "plugway.toml: server.max_headers: expected an integer of 1 or more, got 0"
    assert live.problem == wrong
    assert not live.check()
    assert [record.getMessage() for record in caplog.records] == [
        f"settings are kept as they were: {wrong}"
    ]
    write(tmp_path, "[relay]\ntries = 3")
    assert live.check()
    assert live.problem is None


def test_the_same_content_again_is_no_change_but_ends_a_problem(tmp_path: Path) -> None:
    write(tmp_path, "[relay]\ntries = 2")
    live = LiveSettings(tmp_path, {})
    write(tmp_path, "[relay")
    live.check()
    assert live.problem
    write(tmp_path, "[relay]\ntries = 2")
    assert not live.check()
    assert live.problem is None


def test_a_change_of_equal_size_and_time_is_seen_by_its_inode(tmp_path: Path) -> None:
    write(tmp_path, "[relay]\ntries = 2")
    live = LiveSettings(tmp_path, {})
    before = os.stat(tmp_path / "plugway.toml")
    new = tmp_path / "new"
    new.write_text("[relay]\ntries = 4", encoding="utf-8")
    os.utime(new, ns=(before.st_atime_ns, before.st_mtime_ns))
    new.replace(tmp_path / "plugway.toml")
    assert live.check()
    assert live.current.relay.tries == 4


def test_a_file_that_goes_keeps_the_settings(tmp_path: Path) -> None:
    write(tmp_path, "[relay]\ntries = 2")
    live = LiveSettings(tmp_path, {})
    (tmp_path / "plugway.toml").rename(tmp_path / "away")
    assert not live.check()
    assert live.current.relay.tries == 2
    assert live.problem == "plugway.toml: the file has gone"
    (tmp_path / "away").rename(tmp_path / "plugway.toml")
    assert not live.check()
    assert live.problem is None


def test_a_second_file_is_a_problem_until_it_goes(tmp_path: Path) -> None:
    write(tmp_path, "[relay]\ntries = 2")
    live = LiveSettings(tmp_path, {})
    (tmp_path / "plugway.json").write_text("{}", encoding="utf-8")
    assert not live.check()
    assert "keep one of them" in (live.problem or "")
    (tmp_path / "plugway.json").unlink()
    assert not live.check()
    assert live.problem is None


def test_what_needs_a_restart_is_kept_and_named(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveSettings(tmp_path, {}, {"echo": Echo})
    write(
        tmp_path,
        "[server]\nport = 9000\nmax_headers = 10\n[database]\nurl = 'sqlite://x.db'\n"
        "[plugins]\nblock = ['a']\n[plugins.echo]\ntimes = 2\naddress = 'b'",
    )
    assert live.check()
    assert live.current.server.port == 8000
    assert live.current.server.max_headers == 10
    assert live.current.database.url == ""
    assert live.current.plugins.block == ()
    assert live.tables == {"echo": Echo(times=2)}
    assert live.restart == ("server.port", "database.url", "plugins.block", "plugins.echo.address")
    warnings = [one.getMessage() for one in caplog.records if one.levelno == logging.WARNING]
    assert warnings == [
        "takes effect at restart: server.port, database.url, plugins.block, plugins.echo.address"
    ]
    write(tmp_path, "[server]\nport = 8000\nmax_headers = 10")
    live.check()
    assert not live.restart


def test_a_bad_plugin_table_keeps_the_core_s_settings_too(tmp_path: Path) -> None:
    live = LiveSettings(tmp_path, {})
    live.attach({"echo": Echo}, known={"echo", "kling"})
    write(tmp_path, "[relay]\ntries = 9\n[plugins.echo]\ntimes = 'x'")
    assert not live.check()
    assert live.current == Settings()
    assert live.problem == "plugway.toml: plugins.echo.times: expected an integer, got 'x'"
    write(tmp_path, "[plugins.klnig]\nx = 1")
    assert not live.check()
    assert "did you mean plugins.kling?" in (live.problem or "")


def test_a_plugin_finds_its_settings_by_type(tmp_path: Path) -> None:
    write(tmp_path, "[plugins.echo]\ntimes = 3")
    live = LiveSettings(tmp_path, {}, {"echo": Echo})
    assert live.plugin(Echo).times == 3
    with pytest.raises(ConfigurationError, match="Other"):
        live.plugin(Other)


def test_a_first_file_that_is_wrong_stops_the_start(tmp_path: Path) -> None:
    write(tmp_path, "[plugins.echo]\ntimes = 'x'")
    with pytest.raises(ConfigurationError, match=r"plugins\.echo\.times"):
        LiveSettings(tmp_path, {}, {"echo": Echo})
    live = LiveSettings(tmp_path, {})
    with pytest.raises(ConfigurationError, match=r"plugins\.echo\.times"):
        live.attach({"echo": Echo})


def test_a_failing_listener_does_not_deafen_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    live = LiveSettings(tmp_path, {})
    heard: list[int] = []

    def fail(old: Settings, new: Settings) -> None:
        raise RuntimeError("deaf")

    live.subscribe(fail)
    live.subscribe(lambda old, new: heard.append(new.relay.tries))
    write(tmp_path, "[relay]\ntries = 2")
    assert live.check()
    assert heard == [2]
    assert "a listener to settings failed" in caplog.text


def test_what_was_read_while_it_was_written_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveSettings(tmp_path, {})
    write(tmp_path, "[relay]\ntries = 2")
    read = Path.read_bytes

    def read_then_write(path: Path) -> bytes:
        data = read(path)
        monkeypatch.setattr(Path, "read_bytes", read)
        write(tmp_path, "[relay]\ntries = 30")
        return data

    monkeypatch.setattr(Path, "read_bytes", read_then_write)
    assert not live.check()
    assert live.current.relay.tries == 3
    assert live.check()
    assert live.current.relay.tries == 30
