"""Tests of what lands in the log."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import sys
import warnings
from typing import Any

import pytest

from plugway.settings import LogSettings
from plugway.telemetry.logs import configure, request_id

CANARY = "Canary0123456789abcdef"

log = logging.getLogger("plugway.test")


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    log.warning("channel %s is down", "c1", extra={"tries": 3, "seconds": 0.5, "why": "a\nb"})
    (line,) = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "event": "channel c1 is down",
        "logger": "plugway.test",
        "tries": 3,
        "seconds": 0.5,
        "why": "a\nb",
    }


def test_the_time_is_utc_with_milliseconds(stream: io.StringIO) -> None:
    handler = configure(LogSettings(), stream)
    for created in (1_800_000_000.0, 1_800_000_000.0625, 1_800_000_061.875):
        record = {"name": "plugway", "created": created, "msg": "x", "levelno": 20}
        handler.handle(logging.makeLogRecord(record))
    assert [line["time"] for line in lines(stream)] == [
        "2027-01-15T08:00:00.000Z",
        "2027-01-15T08:00:00.062Z",
        "2027-01-15T08:01:01.875Z",
    ]


def test_the_request_id_follows_the_task(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)

    async def serve(id_: str) -> None:
        request_id.set(id_)
        await asyncio.sleep(0)
        log.info("served")

    async def serve_two() -> None:
        await asyncio.gather(serve("r1"), serve("r2"))
        log.info("done")

    asyncio.run(serve_two())
    assert [line.get("request_id") for line in lines(stream)] == ["r1", "r2", None]


@pytest.mark.parametrize(
    ("level", "written"),
    [
        ("debug", ["debug", "info", "warning", "error"]),
        ("info", ["info", "warning", "error"]),
        ("warning", ["warning", "error"]),
        ("error", ["error"]),
    ],
)
def test_levels(stream: io.StringIO, level: Any, written: list[str]) -> None:
    configure(LogSettings(level=level), stream)
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)(name)
    assert [line["event"] for line in lines(stream)] == written
    assert [line["level"] for line in lines(stream)] == written


def test_other_packages_speak_only_when_it_matters(stream: io.StringIO) -> None:
    configure(LogSettings(level="debug"), stream)
    other = logging.getLogger("aiosqlite")
    other.debug("select secret")
    other.info("select secret")
    other.warning("disk full")
    logging.getLogger("plugway_echo.routes").debug("hello")
    assert [line["event"] for line in lines(stream)] == ["disk full", "hello"]


def test_an_exception_is_one_field(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    try:
        raise ValueError(f"refused: Bearer {CANARY}")
    except ValueError:
        log.exception("call failed")
    (line,) = lines(stream)
    assert line["event"] == "call failed"
    assert line["exception"].startswith("Traceback")
    assert "ValueError: refused: Bearer …" in line["exception"]
    assert CANARY not in stream.getvalue()


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_line_holds_a_secret(stream: io.StringIO, form: Any) -> None:
    handler = configure(LogSettings(form=form), stream)
    log.error("GET https://host/?key=%s", CANARY)
    log.error("no", extra={"headers": {"Authorization": CANARY}, "token": CANARY, "k": b"sk-" * 9})
    log.error({"password": CANARY})
    misfit = {"name": "plugway", "msg": "%d", "args": (f"sk-{CANARY}",), "levelno": 40}
    handler.handle(logging.makeLogRecord(misfit))
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn(f"sk-{CANARY}", stacklevel=1)
    assert CANARY not in stream.getvalue()
    assert len(stream.getvalue().splitlines()) >= 4


def test_a_field_cannot_pass_for_another(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    token = request_id.set("r1")
    log.info("true", extra={"event": "false", "level": "x", "time": 0, "request_id": "r2"})
    request_id.reset(token)
    line = stream.getvalue()
    assert '"event":"true"' in line
    pairs: list[tuple[str, Any]] = json.loads(line, object_pairs_hook=list)
    assert pairs[1] == ("level", "info")
    assert len(pairs) == len(dict(pairs))
    assert json.loads(line)["request_id"] == "r1"


def test_text_is_for_people(stream: io.StringIO) -> None:
    configure(LogSettings(form="text"), stream)
    token = request_id.set("r1")
    log.info("channel added", extra={"channel": "c1", "models": ["a", "b"]})
    request_id.reset(token)
    line = stream.getvalue()
    assert line.endswith('info     channel added channel=c1 models=["a","b"] request_id=r1\n')


def test_text_cannot_forge_a_line(stream: io.StringIO) -> None:
    configure(LogSettings(form="text"), stream)
    log.info("model %s", "a\n12:00:00 error forged\x1b[31m", extra={"name_": "b\r\nc"})
    assert len(stream.getvalue().splitlines()) == 1
    assert "\x1b" not in stream.getvalue()
    assert r"\n12:00:00" in stream.getvalue()


def test_configuring_again_replaces(stream: io.StringIO) -> None:
    configure(LogSettings(form="text"), io.StringIO())
    configure(LogSettings(), stream)
    log.info("once")
    assert len(lines(stream)) == 1


def test_a_log_that_cannot_be_written_is_nobody_s_failure(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(LogSettings(), stream)
    stream.close()
    log.error("lost %s", CANARY)
    assert capsys.readouterr() == ("", "")


def test_values_json_does_not_know(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    log.info("odd", extra={"nan": float("nan"), "type": sys, "bytes": b"\xff", "big": 2**80})
    (line,) = lines(stream)
    assert line["nan"] is None
    assert line["bytes"] == "ÿ"
