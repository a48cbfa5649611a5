"""Starting and stopping, on each server, as a process sees it."""

from __future__ import annotations

import signal
import socket
import time
from typing import Any

HELLO = b"GET /hello HTTP/1.1\r\nHost: probe\r\n\r\n"


def stream(ticks: int, every: float) -> bytes:
    return f"GET /stream?n={ticks}&every={every} HTTP/1.1\r\nHost: probe\r\n\r\n".encode()


def test_sigterm_cuts_no_stream_and_refuses_no_work_while_draining(start: Any, server: str) -> None:
    probe = start(server, drain_seconds=0.3, graceful_seconds=8.0)
    assert probe.get("/readyz").status == 200
    with probe.connect() as streaming, probe.connect() as idle:
        idle.send(HELLO)
        assert idle.read().status == 200
        streaming.send(stream(9, 0.1))
        assert b"tick 0" in streaming.read(until=b"tick 0").raw
        probe.terminate()
        while probe.get("/readyz").status != 503:
            pass
        assert probe.get("/hello").status == 200
        assert probe.refuses()
        reply = streaming.read()
        assert reply.raw.endswith(b"0\r\n\r\n")
        assert b"end\n" in reply.raw
        assert idle.read_end(2).closed
    assert probe.wait() == 0
    assert probe.hear("stopped")["inflight"] == 0


def test_what_runs_on_after_the_grace_is_cancelled(start: Any, server: str) -> None:
    probe = start(server, graceful_seconds=0.3)
    with probe.connect() as streaming, probe.connect() as waiting:
        streaming.send(stream(1_000, 0.05))
        waiting.send(b"GET /wait?name=it HTTP/1.1\r\nHost: probe\r\n\r\n")
        streaming.read(until=b"tick 0")
        probe.until(lambda stats: "waiting it" in stats["events"])
        began = time.monotonic()
        probe.terminate()
        cut = streaming.read_end()
        assert cut.closed
        assert not cut.raw.endswith(b"0\r\n\r\n")
    assert probe.wait() == 0
    assert time.monotonic() - began < 5
    stopped = probe.hear("stopped")
    assert stopped["inflight"] == 0
    assert "cancelled it" in stopped["events"]


def test_a_second_interrupt_does_not_wait(start: Any, server: str) -> None:
    probe = start(server, graceful_seconds=30.0)
    with probe.connect() as streaming:
        streaming.send(stream(1_000, 0.05))
        streaming.read(until=b"tick 0")
        probe.process.send_signal(signal.SIGINT)
        assert probe.refuses()
        assert b"tick" in streaming.read(until=b"tick").raw
        # SIGTERM twice is common and means no more than once.
        probe.terminate()
        probe.terminate()
        assert b"tick" in streaming.read(until=b"tick").raw
        probe.process.send_signal(signal.SIGINT)
        assert streaming.read_end().closed
    assert probe.wait() == 0


def test_a_client_that_never_reads_does_not_hold_up_the_end(start: Any, server: str) -> None:
    probe = start(server, graceful_seconds=0.3, constants={"CLEANUP_SECONDS": 0.3})
    with probe.connect() as client:
        client.send(b"GET /flood HTTP/1.1\r\nHost: probe\r\n\r\n")
        probe.until(lambda stats: stats["inflight"] == 1)
        began = time.monotonic()
        probe.terminate()
        assert probe.wait() == 0
    assert time.monotonic() - began < 5
    assert probe.hear("stopped")["inflight"] == 0


def test_pipelined_requests_do_not_hold_up_the_end(start: Any, server: str) -> None:
    probe = start(server, graceful_seconds=30.0)
    with probe.connect() as client:
        client.send(stream(4, 0.1) + HELLO)
        client.read(until=b"tick 0")
        probe.terminate()
        assert b"end\n" in client.read_end().raw
        assert probe.wait() == 0


def test_port_zero_reports_the_real_port(start: Any, server: str) -> None:
    probe = start(server, wait=False)
    url = probe.hear("ready")["ready"]
    probe.port = int(url.removeprefix("http://127.0.0.1:"))
    assert probe.port > 0
    assert probe.get("/hello").status == 200


def test_a_taken_port_is_one_line(start: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        probe = start("hypercorn", wait=False, port=port)
        assert probe.wait() == 2
    probe.close()
    assert probe.errors == [
        f"cannot listen on 127.0.0.1, port {port}: another program listens there\n"
    ]


def test_a_failing_start_is_one_line_and_nobody_was_let_in(start: Any, server: str) -> None:
    probe = start(server, wait=False, environ={"PROBE_FAILS": "1"})
    assert probe.wait() == 2
    probe.close()
    assert probe.errors == ["the probe was told to fail\n"]
    assert probe.lines.empty()


def test_sighup_reloads(start: Any, server: str) -> None:
    probe = start(server)
    probe.process.send_signal(signal.SIGHUP)
    assert probe.hear("reloaded")["reloaded"] == probe.process.pid
    assert probe.get("/hello").status == 200


def test_ipv6(start: Any, server: str) -> None:
    probe = start(server, wait=False, host="::1")
    url = probe.hear("ready")["ready"]
    assert url.startswith("http://[::1]:")
    with socket.create_connection(("::1", int(url.rpartition(":")[2])), 5) as sock:
        sock.sendall(HELLO)
        assert sock.recv(65_536).startswith(b"HTTP/1.1 200")
