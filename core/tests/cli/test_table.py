"""Lists for people and for programs."""

from __future__ import annotations

import json

import pytest

from plugway.cli.table import Column, cell, show, show_one, when

COLUMNS: list[Column] = [("NAME", "name"), ("N", "n")]


def test_columns_are_aligned_whatever_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"name": "张三", "n": 1}, {"name": "alice", "n": 2}]
    show(rows, COLUMNS, as_json=False)
    assert capsys.readouterr().out == "NAME   N\n张三   1\nalice  2\n"


def test_json_is_all_there_is_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"name": "é", "hidden": None}], COLUMNS, as_json=True)
    ran = capsys.readouterr()
    assert (json.loads(ran.out), ran.err) == ([{"name": "é", "hidden": None}], "")
    show([], COLUMNS, as_json=True)
    assert json.loads(capsys.readouterr().out) == []
    show([], COLUMNS, as_json=False)
    assert capsys.readouterr() == ("", "none\n")


def test_one_thing_is_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    show_one({"a": 1, "long": None, "c": {"x": 1}}, as_json=False)
    assert capsys.readouterr().out == "a     1\nlong  -\nc     x=1\n"


def test_a_terminal_is_not_told_what_to_do() -> None:
    assert "\x1b" not in cell("\x1b[2J\x1b]0;owned\x07")
    assert "\n" not in cell("a\nb")
    assert cell({"reason": "\x1b[31m"}) == "reason=\ufffd[31m"


def test_times_are_shown_in_the_zone_of_this_machine() -> None:
    shown = when("at")({"at": "2030-01-01T12:00:00Z"})
    assert shown is not None
    assert shown.startswith(("2029-12-31", "2030-01-01", "2030-01-02"))
    assert when("at")({"at": None}) is None
