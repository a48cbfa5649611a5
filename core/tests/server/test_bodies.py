"""Request bodies, and answers that do not wait for them, on each server."""

from __future__ import annotations

import socket
from typing import Any

import pytest


def test_refuses_a_declared_body_that_is_too_large(probe: Any) -> None:
    # Refused before it is sent: nothing of it is read first.
    reply = probe.ask(probe.head(b"/echo", b"Content-Length: 1000001", method=b"POST"))
    assert (reply.status, reply.json["error"]["code"]) == (413, "payload_too_large")
    assert b"connection: close" in reply.head
    huge = probe.head(b"/echo", b"Content-Length: " + b"9" * 18, method=b"POST")
    assert probe.ask(huge).status == 413


def test_a_refused_client_that_sends_on_gets_its_answer(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/echo", b"Content-Length: 3000000", method=b"POST"))
        client.send(bytes(3_000_000))
        assert client.read().status == 413


def test_counts_a_body_of_unknown_length(probe: Any) -> None:
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    with probe.connect() as client:
        client.send(probe.head(b"/echo", b"Transfer-Encoding: chunked", method=b"POST"))
        client.send(chunk * 15 + b"0\r\n\r\n")
        assert client.read().json["size"] == 15 * 65_536
        client.send(probe.head(b"/echo", b"Transfer-Encoding: chunked", method=b"POST"))
        client.send(chunk * 17)
        reply = client.read()
    assert (reply.status, reply.json["error"]["code"]) == (413, "payload_too_large")


def test_a_body_that_pauses_is_cut(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/echo", b"Content-Length: 10", method=b"POST") + b"abc")
        reply = client.read(5)
    assert (reply.status, reply.json["error"]["code"]) == (408, "body_timeout")
    probe.until(lambda stats: stats["inflight"] == 0)


def test_a_slow_body_that_does_not_pause_is_whole(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/echo", b"Content-Length: 4", method=b"POST"))
        for _ in range(4):
            client.read_end(0.2)
            client.send(b"x")
        assert client.read().json["size"] == 4


def test_a_body_that_ends_early_is_not_taken_for_whole(probe: Any) -> None:
    before = probe.stats()["events"].count("echoed")
    with probe.connect() as client:
        client.send(probe.head(b"/echo", b"Content-Length: 10", method=b"POST") + b"abc")
        client.sock.shutdown(socket.SHUT_WR)
        assert client.read_end().status != 200
    assert probe.until(lambda stats: stats["inflight"] == 0)["events"].count("echoed") == before


def test_expect_continue(probe: Any) -> None:
    with probe.connect() as client:
        expect = b"Expect: 100-continue"
        client.send(probe.head(b"/echo", b"Content-Length: 3", expect, method=b"POST"))
        assert client.read(until=b"\r\n\r\n").status == 100
        client.send(b"abc")
        assert client.read().json["size"] == 3


@pytest.mark.parametrize("path", [b"/early", b"/early-stream", b"/nobody//home", b"/raise"])
@pytest.mark.parametrize("ended", [True, False])
def test_early_answers_to_large_bodies_do_not_leak(probe: Any, path: bytes, ended: bool) -> None:
    before = probe.until(lambda stats: stats["inflight"] == 0)
    # Far more messages than the ten that hypercorn queues.
    body = b"1\r\nx\r\n" * 300 + (b"0\r\n\r\n" if ended else b"")
    for _ in range(10 if ended else 2):
        with probe.connect() as client:
            client.send(probe.head(path, b"Transfer-Encoding: chunked", method=b"POST") + body)
            reply = client.read()
            assert reply.status in (200, 400, 401, 500)
            assert reply.whole
            assert b"connection: close" in reply.head
    probe.until(
        lambda stats: (
            stats["inflight"] == 0
            and stats["tasks"] <= before["tasks"]
            and stats["fds"] <= before["fds"]
        )
    )


def test_an_early_answer_reaches_a_client_that_sends_a_lot(probe: Any) -> None:
    with probe.connect() as client:
        client.send(probe.head(b"/early", b"Content-Length: 900000", method=b"POST"))
        client.send(bytes(900_000))
        assert client.read().status == 401


def test_responses_broken_off_with_the_body_unread_do_not_leak(probe: Any) -> None:
    before = probe.until(lambda stats: stats["inflight"] == 0)
    post = probe.head(b"/raise?body=1", b"Transfer-Encoding: chunked", method=b"POST")
    for _ in range(10):
        with probe.connect() as client:
            client.send(post + b"1\r\nx\r\n" * 300)
            reply = client.read_end()
            assert reply.closed
            assert not reply.whole
    probe.until(lambda stats: stats["tasks"] <= before["tasks"] and stats["fds"] <= before["fds"])


def test_an_exception_says_nothing_of_itself(probe: Any) -> None:
    reply = probe.get("/raise")
    assert (reply.status, reply.json["error"]["code"]) == (500, "internal_error")
    assert b"secret" not in reply.raw


def test_an_exchange_that_takes_too_long_ends(probe: Any) -> None:
    with probe.connect() as whole, probe.connect() as begun:
        with probe.connect() as client:
            # The next request, which is there already, hides the departure from the server.
            client.send(probe.head(b"/wait?name=pipelined") + probe.head(b"/hello"))
            probe.until(lambda stats: "waiting pipelined" in stats["events"])
        whole.send(probe.head(b"/hang?name=whole"))
        begun.send(probe.head(b"/hang?name=begun&body=1"))
        reply = whole.read()
        assert (reply.status, reply.json["error"]["code"]) == (504, "deadline_passed")
        cut = begun.read_end()
    assert cut.status == 200
    assert b"begun" in cut.body
    assert cut.closed
    assert not cut.whole
    events = set(probe.until(lambda stats: stats["inflight"] == 0)["events"])
    assert {"ended whole", "ended begun", "cancelled pipelined"} <= events
