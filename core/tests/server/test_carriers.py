"""What goes over the wire, on each server."""

from __future__ import annotations

from typing import Any

import pytest


def test_serves_a_request_and_keeps_the_connection(probe: Any) -> None:
    with probe.connect() as client:
        for _ in range(3):
            client.send(probe.head(b"/hello"))
            reply = client.read()
            assert (reply.status, reply.json["path"]) == (200, "/hello")
            assert b"connection: close" not in reply.head


@pytest.mark.parametrize(
    "target",
    [
        b"//stats",
        b"/a//stats",
        b"/../stats",
        b"/a/..",
        b"/./stats",
        b"/%2e%2e/stats",
        b"/.%2E/stats",
        b"/%252e%252e/stats",
        b"/..;x/stats",
        b"/a\\stats",
        b"/a%5cstats",
        b"/%00",
        b"/a%0d%0ab",
        b"/a%7f",
        b"/a%c2%85",
        b"/a%ff",
        b"/%2fstats",
        b"*",
    ],
)
def test_refuses_paths_that_could_be_read_in_two_ways(probe: Any, target: bytes) -> None:
    reply = probe.ask(probe.head(target))
    assert reply.status == 400, reply
    if b"application/json" in reply.head:
        error = reply.json["error"]
        assert error["code"] == "bad_request"
        assert f"x-request-id: {error['request_id']}".encode() in reply.head


def test_says_in_its_own_shape_why_it_refuses(probe: Any) -> None:
    reply = probe.ask(probe.head(b"//stats"))
    assert reply.json["error"]["message"] == "The path is not acceptable."
    assert b"connection: close" in reply.head


@pytest.mark.parametrize("target", [b"probe", b"a/b", b"?x"])
def test_refuses_targets_without_a_slash(probe: Any, target: bytes) -> None:
    assert probe.ask(probe.head(target)).status in (0, 400)


def test_a_fragment_never_reaches_the_app(probe: Any, name: str) -> None:
    for target in (b"/hello#x", b"/hello?q#x"):
        reply = probe.ask(probe.head(target))
        if name == "hypercorn":
            assert reply.status == 400
        else:
            assert reply.json["path"] == "/hello"


def test_absolute_form_never_chooses_another_host_or_path(probe: Any, name: str) -> None:
    reply = probe.ask(probe.head(b"http://evil.example/hello"))
    if name == "hypercorn":
        assert reply.status == 400
    else:
        assert reply.json["path"] == "/hello"


@pytest.mark.parametrize("method", [b"TRACE", b"PROPFIND", b"BREW"])
def test_refuses_odd_methods(probe: Any, method: bytes) -> None:
    reply = probe.ask(probe.head(b"/hello", method=method))
    assert reply.status in (400, 405)
    if reply.status == 405:
        assert b"allow: delete, get" in reply.head


def test_refuses_connect(probe: Any) -> None:
    assert probe.ask(probe.head(b"probe:80", method=b"CONNECT"), 2).status in (0, 400, 405)


def test_lets_escapes_through_that_mean_one_thing(probe: Any) -> None:
    assert (
        probe.ask(probe.head(b"/a%20b/%C3%A9/x%2Fy/a.b/...")).json["path"] == "/a b/é/x/y/a.b/..."
    )


def test_host_is_there_exactly_once(probe: Any) -> None:
    assert probe.ask(b"GET /hello HTTP/1.1\r\n\r\n").status == 400
    assert probe.ask(probe.head(b"/hello", b"Host: other")).status == 400
    assert probe.ask(b"GET /hello HTTP/1.0\r\n\r\n").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: +5"],
        [b"Content-Length: 5,5,6"],
        [b"Content-Length: -1"],
        [b"Transfer-Encoding: identity, chunked"],
        [b"Transfer-Encoding: xchunked"],
        [b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"],
    ],
)
def test_refuses_bodies_whose_end_is_unclear(probe: Any, headers: list[bytes]) -> None:
    reply = probe.ask(probe.head(b"/echo", *headers, method=b"POST") + b"0\r\n\r\n")
    assert reply.status in (400, 501), reply


@pytest.mark.parametrize("length_first", [True, False])
def test_a_length_beside_chunks_is_not_two_requests(
    probe: Any, name: str, length_first: bool
) -> None:
    smuggled = b"0\r\n\r\nGET /stats HTTP/1.1\r\nHost: probe\r\n\r\n"
    headers = [b"Transfer-Encoding: chunked", b"Content-Length: %d" % len(smuggled)]
    if length_first:
        headers.reverse()
    with probe.connect() as client:
        client.send(probe.head(b"/echo", *headers, method=b"POST") + smuggled)
        reply = client.read_end()
    assert reply.closed
    assert reply.raw.count(b"HTTP/1.1") == 1
    # Granian drops the length before anyone can see it, and closes, as the RFC allows.
    assert reply.status == (200 if name == "granian" else 400)


def test_limits_headers_by_number(probe: Any) -> None:
    assert probe.ask(probe.head(b"/hello", *[b"x-%d: y" % n for n in range(70)])).status == 200
    assert probe.ask(probe.head(b"/hello", *[b"x-%d: y" % n for n in range(90)])).status == 431
    assert probe.ask(probe.head(b"/hello", *[b"x: y"] * 20_000)).status in (0, 400, 431)


def test_limits_headers_by_size(probe: Any) -> None:
    assert probe.ask(probe.head(b"/hello", b"x: " + b"y" * 15_000)).status == 200
    assert probe.ask(probe.head(b"/hello", b"x: " + b"y" * 16_500)).status == 431
    assert probe.ask(probe.head(b"/hello", b"x: " + b"y" * 3_000_000)).status in (0, 400, 431)


def test_limits_the_target(probe: Any) -> None:
    assert probe.ask(probe.head(b"/hello?" + b"y" * 16_500)).status in (414, 431)


def test_a_head_without_end_is_cut_off(probe: Any) -> None:
    with probe.connect() as client:
        client.send(b"GET /hello HTTP/1.1\r\nHost: probe\r\n")
        for _ in range(100):
            client.send(b"x: " + b"y" * 4_000 + b"\r\n")
        reply = client.read_end()
    assert reply.closed
    assert reply.status in (0, 400, 431)


def test_cleartext_http2_is_not_offered(probe: Any, name: str) -> None:
    upgrade = (
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    )
    with probe.connect() as client:
        client.send(probe.head(b"/hello", *upgrade))
        reply = client.read()
        assert (reply.status, reply.json["path"]) == (200, "/hello")
        client.send(probe.head(b"/again"))
        assert client.read().json["path"] == "/again"
    for length, body in (
        (b"Content-Length: 3", b"abc"),
        (b"Transfer-Encoding: chunked", b"3\r\nabc\r\n0\r\n\r\n"),
    ):
        reply = probe.ask(probe.head(b"/echo", *upgrade, length, method=b"POST") + body)
        if name == "uvicorn":
            # Httptools does not read a body after such a head; losing it would be worse.
            assert reply.status == 400
        else:
            assert (reply.status, reply.json["size"]) == (200, 3)


def test_http2_by_prior_knowledge_is_refused(probe: Any) -> None:
    settings = b"\0\0\0\4\0\0\0\0\0"
    with probe.connect() as client:
        client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + settings)
        reply = client.read_end(3)
    assert reply.status in (0, 400, 505)
    assert settings not in reply.raw


def test_no_server_header(probe: Any, name: str) -> None:
    reply = probe.get("/hello")
    assert name == "granian" or b"server:" not in reply.head
