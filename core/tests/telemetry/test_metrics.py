"""Tests of what Prometheus is told."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from prometheus_client import Counter
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.parser import text_string_to_metric_families

from plugway.telemetry.directory import VARIABLE, forget, make_directory, remove_directory
from plugway.telemetry.metrics import Metrics

WORKER = """
import sys
from plugway.telemetry.metrics import Metrics
metrics = Metrics()
metrics.request("bltcy", "/runway", 200, 0.3, 0.001)
metrics.inflight.inc(2)
metrics.holds(int(sys.argv[1]), 1000)
metrics.channels([("bltcy", "c1", sys.argv[2])])
sys.stdout.write("ready\\n")
sys.stdout.flush()
if sys.stdin.readline() == "render\\n":
    sys.stdout.write(metrics.render().decode())
"""


def values(text: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def value(text: str, name: str, /, **labels: str) -> float | None:
    return values(text).get((f"plugway_{name}", frozenset(labels.items())))


def test_everything_is_told() -> None:
    metrics = Metrics()
    metrics.inflight.inc()
    metrics.upstream("bltcy", "c1", 0.2)
    metrics.settled("settled")
    metrics.settled("settled")
    metrics.settled("released")
    metrics.swept(3)
    metrics.ledger_batch(7)
    metrics.ledger_retry()
    metrics.holds(4, 4000)
    metrics.ledger_mismatch(0)
    metrics.snapshot_age(1.5)
    metrics.settings_ok(ok=False)
    metrics.plugins([("bltcy", "0.1.0", "loaded")])
    text = metrics.render().decode()
    assert value(text, "inflight") == 1
    assert value(text, "upstream_seconds_count", provider="bltcy", channel="c1") == 1
    assert value(text, "settle_total", result="settled") == 2
    assert value(text, "settle_total", result="released") == 1
    assert value(text, "sweep_released_total") == 3
    assert value(text, "ledger_batch_size_sum") == 7
    assert value(text, "ledger_retry_total") == 1
    assert value(text, "holds_open") == 4
    assert value(text, "holds_open_credits") == 4000
    assert value(text, "ledger_mismatch") == 0
    assert value(text, "snapshot_age_seconds") == 1.5
    assert value(text, "settings_ok") == 0
    assert value(text, "plugin_info", name="bltcy", version="0.1.0", state="loaded") == 1
    assert any(name == "plugway_build_info" for name, _ in values(text))
    assert any(name == "process_open_fds" for name, _ in values(text))


def test_tasks_are_told() -> None:
    metrics = Metrics()
    metrics.tasks({"submitted": 2, "processing": 3}, 1.5)
    metrics.tasks({"submitted": 4}, 0.0)
    metrics.polled("kling", "processing")
    metrics.polled("kling", "upstream_timeout")
    metrics.polled("kling", "processing")
    metrics.task_finished("kling", "main", "text2video", "succeed", 150.0)
    metrics.task_finished("kling", None, "text2video", "expired", 86_400.0)
    text = metrics.render().decode()
    states = {"pending": 0, "unknown": 0, "submitted": 4, "processing": 0}
    for state, count in states.items():
        assert value(text, "tasks_open", state=state) == count
    assert value(text, "tasks_open", state="succeed") is None
    assert value(text, "task_lag_seconds") == 0
    assert value(text, "task_polls_total", provider="kling", outcome="processing") == 2
    assert value(text, "task_polls_total", provider="kling", outcome="upstream_timeout") == 1
    ended = {"provider": "kling", "channel": "main"}
    assert value(text, "tasks_finished_total", state="succeed", **ended) == 1
    assert value(text, "tasks_finished_total", state="expired", **{**ended, "channel": ""}) == 1
    kind = {"provider": "kling", "kind": "text2video"}
    assert value(text, "task_seconds_count", **kind) == 2
    assert value(text, "task_seconds_bucket", le="180.0", **kind) == 1
    assert value(text, "task_seconds_bucket", le="86400.0", **kind) == 2


def test_a_state_that_is_left_goes_to_zero() -> None:
    metrics = Metrics()
    metrics.credentials({("bltcy", "ready"): 2, ("bltcy", "cooling"): 1})
    metrics.credentials({("bltcy", "ready"): 3})
    metrics.channels([("bltcy", "c1", "closed")])
    metrics.channels([("bltcy", "c1", "open")])
    text = metrics.render().decode()
    assert value(text, "credential_state", provider="bltcy", state="ready") == 3
    assert value(text, "credential_state", provider="bltcy", state="cooling") == 0
    assert value(text, "channel_state", provider="bltcy", channel="c1", state="closed") == 0
    assert value(text, "channel_state", provider="bltcy", channel="c1", state="open") == 1


def test_two_gateways_count_apart() -> None:
    one, other = Metrics(), Metrics()
    one.settled("settled")
    assert value(one.render().decode(), "settle_total", result="settled") == 1
    assert value(other.render().decode(), "settle_total", result="settled") is None


def test_a_plugin_adds_its_own() -> None:
    metrics = Metrics()
    Counter("plugway_echo_said", "Things said.", registry=metrics.registry).inc()
    assert value(metrics.render().decode(), "echo_said_total") == 1


def test_workers_are_told_together(tmp_path: Path) -> None:
    directory = make_directory(tmp_path)
    workers = [
        subprocess.Popen(  # noqa: S603  # our own interpreter
            [sys.executable, "-c", WORKER, holds, state],
            env={**os.environ, VARIABLE: str(directory)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for holds, state in (("5", "closed"), ("6", "open"))
    ]
    first, second = workers
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        first.communicate("end\n", timeout=30)
        forget(directory, first.pid)
        text, _ = second.communicate("render\n", timeout=30)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    # What was counted stays counted, what was so is so no more.
    labels = {"plugin": "bltcy", "route": "/runway"}
    assert value(text, "requests_total", code="200", **labels) == 2
    assert value(text, "request_seconds_count", **labels) == 2
    assert value(text, "inflight") == 2
    assert value(text, "holds_open") == 6
    assert value(text, "channel_state", provider="bltcy", channel="c1", state="open") == 1
    assert value(text, "channel_state", provider="bltcy", channel="c1", state="closed") is None
    remove_directory(directory)
    assert not directory.exists()


def test_what_dead_supervisors_left_is_removed(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])  # our own interpreter
    child.wait()
    run = tmp_path / "run"
    for name in (f"metrics-{child.pid}", f"metrics-{os.getppid()}", f"metrics-{os.getpid()}"):
        (run / name).mkdir(parents=True)
        (run / name / "counter_1.db").touch()
    directory = make_directory(tmp_path)
    assert directory == run / f"metrics-{os.getpid()}"
    assert not list(directory.iterdir())
    assert directory.stat().st_mode & 0o777 == 0o700
    assert not (run / f"metrics-{child.pid}").exists()
    assert (run / f"metrics-{os.getppid()}" / "counter_1.db").exists()


def test_the_page_names_every_metric_with_its_labels() -> None:
    page = Path(__file__).parents[3] / "docs" / "reference" / "telemetry.md"
    rows = re.findall(r"(?m)^\| `(plugway_\w+)` \| ([\w, ]*)\|", page.read_text(encoding="utf-8"))
    documented = {name: re.findall(r"\w+", labels) for name, labels in rows}
    metrics = Metrics()
    told: dict[str, list[str]] = {}
    for name, collector in vars(metrics).items():
        if isinstance(collector, MetricWrapperBase):
            (family,) = collector.describe()
            suffix = "_total" if family.type == "counter" else ""
            told[family.name + suffix] = list(collector._labelnames)  # noqa: SLF001  # no other way
            assert family.documentation, name
    told["plugway_build_info"] = ["version", "python"]
    assert {
        name: [label.strip() for label in labels] for name, labels in documented.items()
    } == told
