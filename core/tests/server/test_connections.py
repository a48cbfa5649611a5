"""Clients that leave, wait, or send the next request at once, on each server."""

from __future__ import annotations

import socket
from typing import Any


def test_a_departure_is_seen(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/wait?name=close"))
        probe.until(lambda stats: "waiting close" in stats["events"])
    probe.until(lambda stats: "left close" in stats["events"])


def test_half_closing_counts_as_leaving(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/wait?name=half"))
        probe.until(lambda stats: "waiting half" in stats["events"])
        client.sock.shutdown(socket.SHUT_WR)
        probe.until(lambda stats: "left half" in stats["events"])


def test_pipelined_requests_are_answered_in_order(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/one") + probe.head(b"/two"))
        raw = client.read(until=b'"/two"').raw
    assert raw.index(b'"/one"') < raw.index(b'"/two"')


def test_requests_behind_the_last_one_leave_nothing_behind(probe: Any) -> None:
    before = probe.until(lambda stats: stats["inflight"] == 0)
    post = probe.head(b"/early", b"Transfer-Encoding: chunked", method=b"POST") + b"0\r\n\r\n"
    for request in (post, probe.head(b"/hello", b"Connection: close")) * 3:
        with probe.connect() as client:
            client.send(request + probe.head(b"/hello"))
            assert client.read_end().raw.count(b"HTTP/1.1") == 1
    probe.until(lambda stats: stats["fds"] <= before["fds"] and stats["tasks"] <= before["tasks"])


def test_a_client_that_never_reads_is_cut_off(probe: Any) -> None:
    # By the kernel, `body_timeout` after its buffers were full.
    with probe.connect() as client:
        client.send(probe.head(b"/flood"))
        probe.until(lambda stats: stats["inflight"] == 1)
        probe.until(lambda stats: stats["inflight"] == 0)
        assert "left flood" in probe.stats()["events"]  # and not at the deadline


def test_a_head_that_does_not_end_is_cut_off_in_time(start: Any, server: str) -> None:
    # Granian has one limit for heads and for idle connections.
    patience = {"KEEP_ALIVE" if server == "granian" else "HEAD_SECONDS": 0.4}
    probe = start(server, constants=patience)
    with probe.connect() as fresh, probe.connect() as used:
        fresh.send(b"GET /hello HTTP/1.1\r\nHo")
        used.send(probe.head(b"/hello"))
        assert used.read().status == 200
        used.send(b"GET /hello HTTP/1.1\r\nHo")
        assert not fresh.read_end(0.2).closed
        # More of it, but not its end, does not buy more time.
        used.send(b"st: probe\r\n")
        assert fresh.read_end(2).closed
        assert used.read_end(2).closed


def test_an_idle_connection_is_closed_in_time(start: Any, server: str) -> None:
    probe = start(server, constants={"KEEP_ALIVE": 1.0})
    with probe.connect() as client:
        client.send(probe.head(b"/hello"))
        assert client.read().status == 200
        assert not client.read_end(0.5).closed
        assert client.read_end(3).closed


def test_a_connection_that_the_client_closes_is_not_kept(probe: Any) -> None:
    before = probe.stats()
    for _ in range(10):
        probe.get("/hello")
    probe.until(lambda stats: stats["fds"] <= before["fds"] and stats["tasks"] <= before["tasks"])
