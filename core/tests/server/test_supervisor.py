"""Several workers on one socket, as real processes."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

PATIENCE = 10.0


def pids(probe: Any, number: int) -> set[int]:
    """Ask until so many workers have answered."""
    seen: set[int] = set()
    end = time.monotonic() + PATIENCE
    while len(seen) < number:
        seen.add(probe.get("/stats").json["pid"])
        assert time.monotonic() < end, (seen, probe.errors)
    return seen


def ended(pid: int) -> bool:
    """Wait until a process has ended, whether or not somebody has taken note of it."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2]
        except OSError:
            return True
        if state.split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False


def test_a_killed_worker_is_replaced(start: Any, server: str) -> None:
    probe = start(server, workers=2)
    first = pids(probe, 2)
    assert probe.process.pid not in first
    victim = first.pop()
    os.kill(victim, signal.SIGKILL)
    assert ended(victim)
    end = time.monotonic() + PATIENCE
    while victim in (now := pids(probe, 2)) or now == first:
        assert time.monotonic() < end
    assert first < now
    probe.terminate()
    assert probe.wait() == 0


def test_sigterm_cuts_no_stream_of_any_worker(start: Any, server: str) -> None:
    probe = start(server, workers=2, graceful_seconds=8.0)
    workers = pids(probe, 2)
    streams = [probe.connect() for _ in range(8)]
    for client in streams:
        client.send(b"GET /stream?n=6&every=0.1 HTTP/1.1\r\nHost: probe\r\n\r\n")
    for client in streams:
        assert b"tick 0" in client.read(until=b"tick 0").raw
    probe.terminate()
    assert probe.refuses()
    for client in streams:
        with client:
            reply = client.read()
            assert b"end\n" in reply.raw
            assert reply.raw.endswith(b"0\r\n\r\n")
    assert probe.wait() == 0
    stopped = {probe.hear("stopped")["stopped"] for _ in workers}
    assert stopped == workers


def test_workers_end_with_their_supervisor(start: Any) -> None:
    probe = start("hypercorn", workers=2, graceful_seconds=8.0)
    workers = pids(probe, 2)
    with probe.connect() as client:
        client.send(b"GET /stream?n=5&every=0.1 HTTP/1.1\r\nHost: probe\r\n\r\n")
        client.read(until=b"tick 0")
        probe.process.kill()
        # Nobody is cut off by that either.
        assert b"end\n" in client.read().raw
    assert all(ended(pid) for pid in workers)
    assert probe.refuses()


def test_a_worker_told_to_end_is_replaced(start: Any) -> None:
    probe = start("hypercorn", workers=2)
    first = pids(probe, 2)
    told = first.pop()
    os.kill(told, signal.SIGTERM)
    assert probe.hear("stopped")["stopped"] == told
    assert ended(told)
    end = time.monotonic() + PATIENCE
    while told in (now := pids(probe, 2)) or now == first:
        assert time.monotonic() < end


def test_sighup_reaches_every_worker(start: Any) -> None:
    probe = start("hypercorn", workers=2)
    workers = pids(probe, 2)
    probe.process.send_signal(signal.SIGHUP)
    assert {probe.hear("reloaded")["reloaded"] for _ in workers} == workers


def test_a_second_interrupt_is_passed_on(start: Any) -> None:
    probe = start("hypercorn", workers=2, graceful_seconds=30.0)
    with probe.connect() as client:
        client.send(b"GET /stream?n=1000&every=0.05 HTTP/1.1\r\nHost: probe\r\n\r\n")
        client.read(until=b"tick 0")
        probe.process.send_signal(signal.SIGINT)
        assert probe.refuses()
        assert b"tick" in client.read(until=b"tick").raw
        probe.process.send_signal(signal.SIGINT)
        assert client.read_end().closed
    assert probe.wait() == 0


def test_workers_that_cannot_be_configured_end_the_gateway(start: Any) -> None:
    probe = start("hypercorn", workers=2, wait=False, environ={"PROBE_FAILS": "1"})
    assert probe.wait() == 2
    probe.close()
    assert set(probe.errors) == {"the probe was told to fail\n"}


def test_a_worker_that_does_not_stop_is_killed(start: Any) -> None:
    probe = start("hypercorn", workers=2, graceful_seconds=0.1, constants={"STOP_MARGIN": 0.3})
    stuck = pids(probe, 2).pop()
    os.kill(stuck, signal.SIGSTOP)
    probe.terminate()
    assert probe.wait() == 1
    assert ended(stuck)
