"""Tests of the line of each request."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from plugway.settings import LogSettings
from plugway.telemetry.access import FACTS, AccessLog, CallFacts
from plugway.telemetry.logs import configure
from plugway.telemetry.metrics import Metrics

FACTS_OF_CALL = CallFacts(
    call_id="call1",
    user="ann",
    provider="bltcy",
    model="runway",
    channel="c1",
    outcome="settled",
    overhead=0.0015,
)


def note(access: AccessLog, scope: dict[str, Any] | None = None, **changes: Any) -> None:
    values: dict[str, Any] = {
        "plugin": "bltcy",
        "route": "/runwayml",
        "status": 200,
        "seconds": 0.25,
        "sent": 42,
        "request_id": "r1",
        "ip": "192.0.2.1",
    }
    base = {
        "method": "POST",
        "path": "/runwayml/v1/tasks/sk-0123456789",
        "query_string": b"key=secret",
    }
    access.note(base | (scope or {}), **(values | changes))


def test_the_line_of_a_call(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    note(AccessLog(Metrics()), {FACTS: FACTS_OF_CALL})
    line = json.loads(stream.getvalue())
    del line["time"]
    assert line == {
        "level": "info",
        "event": "request",
        "request_id": "r1",
        "method": "POST",
        "route": "/runwayml",
        "status": 200,
        "ms": 250.0,
        "bytes": 42,
        "plugin": "bltcy",
        "ip": "192.0.2.1",
        "call_id": "call1",
        "user": "ann",
        "provider": "bltcy",
        "model": "runway",
        "channel": "c1",
        "outcome": "settled",
        "overhead_ms": 1.5,
    }


def test_what_is_not_known_is_not_there(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    note(AccessLog(Metrics()), status=401, error="not_authenticated")
    line = json.loads(stream.getvalue())
    assert line["error"] == "not_authenticated"
    assert not {"channel", "user", "path", "overhead_ms"} & set(line)


def test_a_path_is_told_only_where_no_route_is_and_without_secrets(stream: io.StringIO) -> None:
    configure(LogSettings(), stream)
    note(AccessLog(Metrics()), route="", status=404)
    assert json.loads(stream.getvalue())["path"] == "/runwayml/v1/tasks/sk-…"


def test_text_form(stream: io.StringIO) -> None:
    configure(LogSettings(form="text"), stream)
    note(AccessLog(Metrics()), {FACTS: FACTS_OF_CALL})
    assert (
        stream.getvalue()
        .rstrip("\n")
        .endswith(
            "info     POST /runwayml 200 250.0 ms channel=c1 outcome=settled user=ann "
            "ip=192.0.2.1 request_id=r1"
        )
    )


@pytest.mark.parametrize(
    ("route", "status", "level", "written"),
    [
        ("/runway", 200, "info", True),
        ("/runway", 200, "warning", False),
        ("/runway", 502, "warning", True),
        ("/health", 200, "info", False),
        ("/health", 200, "debug", True),
        ("/readyz", 503, "warning", True),
    ],
)
def test_levels(stream: io.StringIO, route: str, status: int, level: Any, written: bool) -> None:
    configure(LogSettings(level=level), stream)
    note(AccessLog(Metrics()), route=route, status=status)
    assert bool(stream.getvalue()) is written


def test_requests_are_counted_without_their_path(stream: io.StringIO) -> None:
    configure(LogSettings(level="error"), stream)
    metrics = Metrics()
    access = AccessLog(metrics)
    note(access, {FACTS: FACTS_OF_CALL})
    note(access)
    note(access, status=499)
    text = metrics.render().decode()
    assert 'requests_total{code="200",plugin="bltcy",route="/runwayml"} 2.0' in text
    assert 'requests_total{code="499",plugin="bltcy",route="/runwayml"} 1.0' in text
    assert 'overhead_seconds_count{plugin="bltcy"} 1.0' in text
    assert not stream.getvalue()
    for private in ("tasks", "ann", "call1", "192.0.2.1", "r1"):
        assert f'"{private}' not in text
