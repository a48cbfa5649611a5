from __future__ import annotations

from typing import Any

import pytest

from plugway.errors import BadRequest, ConfigurationError, UpstreamError, UpstreamInterrupted
from plugway.upstream import Answer, Timeouts, Upstream

pytestmark = pytest.mark.anyio

QUICK = Timeouts(total=10, connect=5, headers=5)


async def send(upstream: Upstream, url: str, method: str = "GET", **rest: Any) -> Answer:
    rest.setdefault("headers", [])
    rest.setdefault("timeouts", QUICK)
    return await upstream.send(method, url, **rest)


async def echo(peer: Any) -> None:
    while True:
        await peer.answer(await peer.request())


async def test_exactly_the_given_headers_go_out(upstream: Upstream, serve: Any) -> None:
    server = await serve(echo)
    given = [("X-One", "1"), ("x-MiXeD", "a"), ("X-One", "2"), ("x-one", "3"), ("X-Two", "")]
    answer = await send(upstream, f"{server.url}/", headers=given)
    await answer.read(10)
    lines = server.heads[0].decode().split("\r\n")[:-2]
    assert lines == [
        "GET / HTTP/1.1",
        f"Host: 127.0.0.1:{server.port}",
        "X-One: 1",
        "x-MiXeD: a",
        "X-One: 2",
        "x-one: 3",
        "X-Two: ",
    ]


async def test_framing_and_host_of_a_plugin_do_not_double_ours(
    upstream: Upstream, serve: Any
) -> None:
    server = await serve(echo)
    given = [("host", "evil"), ("content-length", "7"), ("Transfer-Encoding", "chunked")]
    answer = await send(upstream, f"{server.url}/", "POST", headers=given, body=b"abc")
    assert await answer.read(10) == b"abc"
    lines = server.heads[0].decode().split("\r\n")[1:-2]
    assert lines == [f"Host: 127.0.0.1:{server.port}", "Content-Length: 3"]


@pytest.mark.parametrize(
    "target",
    [
        "/a%2fb/../c/%7E/%2e%2e?x=%2F&y=a+b&z=%zz",
        "//double//slash",
        "/semi;colon?a=b?c=d&&",
        '/{braces}|"quotes"\'\\',
        "/%00%0d%0a",
    ],
)
async def test_path_and_query_go_byte_for_byte(upstream: Upstream, serve: Any, target: str) -> None:
    server = await serve(echo)
    await (await send(upstream, server.url + target)).read(10)
    assert server.heads[0].split(b"\r\n")[0] == f"GET {target} HTTP/1.1".encode()


@pytest.mark.parametrize("path", ["/a b", "/a#b", "/\r\nX: 1", "/é", "/a\tb", "/a\x00"])
async def test_what_would_change_the_request_line_is_refused(
    upstream: Upstream, serve: Any, path: str
) -> None:
    server = await serve(echo)
    with pytest.raises(BadRequest):
        await send(upstream, server.url + path)
    assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    ["ftp://127.0.0.1/", "127.0.0.1/", "http:///x", "http://a:99999/", "http://u:p@127.0.0.1/"],
)
async def test_an_unusable_address_is_the_operators_fault(upstream: Upstream, url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        await send(upstream, url)
    assert "p@" not in caught.value.message


async def test_a_path_that_does_not_begin_with_a_slash_cannot_move_the_host(
    upstream: Upstream,
) -> None:
    with pytest.raises(ConfigurationError):
        await send(upstream, "http://127.0.0.1:1" + "@evil.example/")


async def test_control_characters_in_headers_never_reach_the_wire(
    upstream: Upstream, serve: Any
) -> None:
    server = await serve(echo)
    for pair in [("X-A", "1\r\nX-B: 2"), ("X-A\nX-B", "1"), ("X-A", "\x00")]:
        with pytest.raises(BadRequest):
            await send(upstream, f"{server.url}/", headers=[pair])
    assert server.heads == []


async def test_redirects_cookies_and_compression_are_passed_on_untouched(
    upstream: Upstream, serve: Any
) -> None:
    packed = b"\x1f\x8b not really gzip"

    async def answer(peer: Any) -> None:
        while True:
            await peer.request()
            await peer.answer(
                packed,
                "302 Found",
                "Location: /elsewhere",
                "Set-Cookie: a=1",
                "set-cookie: b=2",
                "Content-Encoding: gzip",
            )

    server = await serve(answer)
    for _ in range(2):
        # By name: cookie jars do not keep the cookies of bare addresses.
        got = await send(upstream, f"http://localhost:{server.port}/")
        assert got.status == 302
        assert await got.read(100) == packed
        assert (b"Set-Cookie", b"a=1") in got.raw_headers
        assert (b"set-cookie", b"b=2") in got.raw_headers
    assert len(server.heads) == 2
    assert not any(b"ookie" in head for head in server.heads)


async def test_long_headers_are_taken_and_longer_ones_refused(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        while True:
            await peer.request()
            size = int(peer.headers()["x-size"])
            await peer.answer(b"", "200 OK", "X-Long: " + "a" * size)

    server = await serve(answer)
    got = await send(upstream, f"{server.url}/", headers=[("X-Size", "60000")])
    assert dict(got.raw_headers)[b"X-Long"] == b"a" * 60_000
    with pytest.raises(UpstreamError, match="not valid HTTP") as caught:
        await send(upstream, f"{server.url}/", headers=[("X-Size", "70000")])
    assert caught.value.acted


async def test_too_many_headers_are_refused(upstream: Upstream, serve: Any) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"", "200 OK", *["X-A: 1"] * 100_000)

    server = await serve(answer)
    with pytest.raises(UpstreamError, match="not valid HTTP"):
        await send(upstream, f"{server.url}/")


async def test_interim_answers_are_skipped(upstream: Upstream, serve: Any) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n")
        await peer.answer(b"ok")

    server = await serve(answer)
    got = await send(upstream, f"{server.url}/")
    assert (got.status, await got.read(10)) == (200, b"ok")


async def test_a_change_of_protocol_nobody_asked_for_is_refused(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade")
        await peer.write(b"\r\n\r\nhello")
        await peer.gone()

    server = await serve(answer)
    with pytest.raises(UpstreamError, match="protocol"):
        await send(upstream, f"{server.url}/")


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS", "POST"])
@pytest.mark.parametrize("pooled", [False, True])
@pytest.mark.parametrize("reset", [False, True])
async def test_a_request_whose_connection_is_lost_is_never_sent_again(
    upstream: Upstream, serve: Any, method: str, *, pooled: bool, reset: bool
) -> None:
    async def drop(peer: Any) -> None:
        if pooled and server.connections == 1:
            await peer.request()
            await peer.answer()
        await peer.request()
        if not reset:
            peer.writer.close()
            await peer.gone()

    server = await serve(drop)
    if pooled:
        await (await send(upstream, f"{server.url}/first")).read(10)
    body = None if method in ("GET", "HEAD", "OPTIONS") else b"x"
    with pytest.raises(UpstreamInterrupted) as caught:
        await send(upstream, f"{server.url}/", method, body=body)
    assert caught.value.acted
    assert not caught.value.retryable
    assert len(server.heads) == 1 + pooled
    assert server.connections == 1
