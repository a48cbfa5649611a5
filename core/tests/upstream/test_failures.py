from __future__ import annotations

import asyncio
import socket
import struct
import traceback
from typing import Any

import pytest

from plugway.errors import (
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.upstream import Answer, Timeouts, Upstream

pytestmark = pytest.mark.anyio

ROOMY = Timeouts(total=20, connect=10, headers=10)
SECRET = "sk-canary-7f3a"


async def send(
    upstream: Upstream, url: str, timeouts: Timeouts = ROOMY, method: str = "POST", **rest: Any
) -> Answer:
    headers = [("Authorization", f"Bearer {SECRET}")]
    rest.setdefault("body", b"body " + SECRET.encode())
    return await upstream.send(
        method, f"{url}/path?key={SECRET}", headers=headers, timeouts=timeouts, **rest
    )


def check_no_secret(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error) + str(error)
    lines = [line for line in shown.splitlines() if "SECRET" not in line]
    assert SECRET not in "\n".join(lines)


async def expect_unreachable(
    upstream: Upstream, url: str, timeouts: Timeouts = ROOMY, **rest: Any
) -> str:
    with pytest.raises(UpstreamUnreachable) as caught:
        await send(upstream, url, timeouts, **rest)
    assert caught.value.acted is False
    check_no_secret(caught.value)
    return caught.value.message.removeprefix("The upstream could not be reached: ")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def silent(peer: Any) -> None:
    await peer.gone()


async def test_a_refused_connection(upstream: Upstream) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    assert await expect_unreachable(upstream, url) == "connection refused."
    assert await expect_unreachable(upstream, url.replace("http", "https")) == "connection refused."


async def test_a_refused_connection_of_a_name_with_several_addresses(upstream: Upstream) -> None:
    url = f"http://localhost:{free_port()}"
    assert await expect_unreachable(upstream, url) == "connection refused."


async def test_a_name_that_does_not_resolve(upstream: Upstream) -> None:
    assert await expect_unreachable(upstream, "http://nowhere.invalid") == "name not resolved."


async def test_an_address_in_a_form_that_is_none(upstream: Upstream) -> None:
    assert await expect_unreachable(upstream, "http://127.1") == "address not valid."


async def test_a_tls_handshake_that_stalls(upstream: Upstream, serve: Any) -> None:
    server = await serve(silent)
    url = f"https://127.0.0.1:{server.port}"
    stalled = "TLS handshake timed out."
    assert await expect_unreachable(upstream, url, Timeouts(20, 0.1, 10)) == stalled
    assert server.connections == 1


async def test_a_tls_handshake_that_outlasts_the_total(upstream: Upstream, serve: Any) -> None:
    server = await serve(silent)
    url = f"https://127.0.0.1:{server.port}"
    stalled = "TLS handshake timed out."
    assert await expect_unreachable(upstream, url, Timeouts(0.1, 10, 10)) == stalled


async def test_an_upstream_that_does_not_take_the_connection(upstream: Upstream) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        # Nobody accepts: once the queue is full, further handshakes stay without an answer.
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for filler in (first, second):
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        port = full.getsockname()[1]
        for scheme in ("http", "https"):
            reason = await expect_unreachable(
                upstream, f"{scheme}://127.0.0.1:{port}", Timeouts(20, 0.1, 10)
            )
            assert reason == "connection timed out."


async def test_a_certificate_that_nobody_vouches_for(
    upstream: Upstream, serve: Any, certificates: Any
) -> None:
    server = await serve(silent, certificates.server)
    reason = await expect_unreachable(upstream, server.url)
    assert reason == "TLS certificate not valid, self-signed."


async def test_a_certificate_for_another_address(
    open_upstream: Any, serve: Any, certificates: Any
) -> None:
    upstream = await open_upstream(tls=certificates.client)
    server = await serve(silent, certificates.server)
    # Another way to say 127.0.0.1, which the certificate does not name.
    reason = await expect_unreachable(upstream, f"https://[::ffff:127.0.0.1]:{server.port}")
    assert reason == "TLS certificate not valid, for another address."


async def test_a_certificate_that_is_trusted(
    open_upstream: Any, serve: Any, certificates: Any
) -> None:
    async def answer(peer: Any) -> None:
        await peer.answer(await peer.request())

    upstream = await open_upstream(tls=certificates.client)
    server = await serve(answer, certificates.server)
    got = await send(upstream, server.url)
    assert await got.read(100) == b"body " + SECRET.encode()


async def test_an_upstream_that_speaks_no_tls(upstream: Upstream, serve: Any) -> None:
    async def plain(peer: Any) -> None:
        await peer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await peer.gone()

    server = await serve(plain)
    reason = await expect_unreachable(upstream, f"https://127.0.0.1:{server.port}")
    assert reason == "TLS handshake failed."


async def test_an_upstream_that_hangs_up_in_the_handshake(upstream: Upstream, serve: Any) -> None:
    async def hang_up(peer: Any) -> None:
        await peer.reader.read(1)

    server = await serve(hang_up)
    reason = await expect_unreachable(upstream, f"https://127.0.0.1:{server.port}")
    assert reason == "connection reset."


@pytest.mark.parametrize("timeouts", [Timeouts(20, 10, 0.1), Timeouts(0.1, 10, 10)])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_upstream_that_does_not_answer(
    upstream: Upstream, serve: Any, timeouts: Timeouts, method: str
) -> None:
    gone = asyncio.Event()

    async def read_only(peer: Any) -> None:
        await peer.request()
        await peer.gone()
        gone.set()

    server = await serve(read_only)
    body = None if method == "GET" else b"x"
    with pytest.raises(UpstreamTimeout) as caught:
        await send(upstream, server.url, timeouts, method, body=body)
    assert caught.value.acted
    check_no_secret(caught.value)
    await asyncio.wait_for(gone.wait(), 5)
    assert len(server.heads) == 1


async def test_the_wait_for_headers_begins_when_the_request_is_sent(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        await peer.answer(await peer.request())

    async def slow() -> Any:
        yield b"a"
        await asyncio.sleep(0.3)
        yield b"b"

    server = await serve(answer)
    got = await send(upstream, server.url, Timeouts(20, 10, 0.15), body=slow(), length=2)
    assert await got.read(10) == b"ab"


async def test_a_stream_may_pause_longer_than_headers_may_take(
    upstream: Upstream, serve: Any
) -> None:
    async def stream(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(2):
            await asyncio.sleep(0.3)
            await peer.write(b"2\r\nab\r\n")
        await peer.write(b"0\r\n\r\n")

    server = await serve(stream)
    got = await send(upstream, server.url, Timeouts(20, 10, 0.15))
    assert [chunk async for chunk in got.chunks()] == [b"ab", b"ab"]


@pytest.mark.parametrize("trickle", [False, True])
async def test_the_total_is_a_deadline_for_streams_too(
    upstream: Upstream, serve: Any, *, trickle: bool
) -> None:
    gone = asyncio.Event()

    async def stream(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        while trickle and not peer.reader.at_eof():
            await peer.write(b"1\r\nc\r\n")
            await asyncio.sleep(0.02)
        await peer.gone()
        gone.set()

    server = await serve(stream)
    got = await send(upstream, server.url, Timeouts(0.3, 10, 10))
    seen = b""
    with pytest.raises(UpstreamTimeout) as caught:  # noqa: PT012  # the loop is what raises
        async for chunk in got.chunks():
            seen += chunk
    assert seen.startswith(b"ab")
    assert caught.value.acted
    check_no_secret(caught.value)
    if not trickle:
        await asyncio.wait_for(gone.wait(), 5)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nab",
    ],
)
@pytest.mark.parametrize("reset", [False, True])
async def test_an_answer_that_is_cut(
    upstream: Upstream, serve: Any, head: bytes, *, reset: bool
) -> None:
    async def cut(peer: Any) -> None:
        await peer.request()
        await peer.write(head)
        await go.wait()
        hang_up(peer, reset=reset)

    go = asyncio.Event()
    server = await serve(cut)
    got = await send(upstream, server.url)
    chunks = got.chunks()
    assert await anext(chunks) == b"ab"
    go.set()
    with pytest.raises(UpstreamInterrupted) as caught:
        await anext(chunks)
    assert caught.value.acted
    check_no_secret(caught.value)
    assert got.released


def hang_up(peer: Any, *, reset: bool) -> None:
    if reset:
        linger = struct.pack("ii", 1, 0)
        peer.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)


@pytest.mark.parametrize("reset", [False, True])
async def test_an_answer_without_framing_ends_with_its_connection_unless_that_is_reset(
    upstream: Upstream, serve: Any, *, reset: bool
) -> None:
    async def unframed(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.0 200 OK\r\n\r\nab")
        await go.wait()
        hang_up(peer, reset=reset)

    go = asyncio.Event()
    server = await serve(unframed)
    got = await send(upstream, server.url)
    assert got.length is None
    chunks = got.chunks()
    assert await anext(chunks) == b"ab"
    go.set()
    if reset:
        with pytest.raises(UpstreamInterrupted):
            await anext(chunks)
    else:
        assert await anext(chunks, b"end") == b"end"


@pytest.mark.parametrize(
    "reply",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nBad Header\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/9.9 xxx\r\n\r\n",
    ],
)
async def test_an_answer_that_is_not_http(upstream: Upstream, serve: Any, reply: bytes) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.write(reply)
        await peer.gone()

    server = await serve(answer)
    with pytest.raises(UpstreamError, match="not valid HTTP") as caught:
        await send(upstream, server.url)
    assert caught.value.acted
    check_no_secret(caught.value)


async def test_the_upstreams_own_words_stay_out_of_the_error(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.write(f"HTTP/1.1 200 OK\r\nX-Bad {SECRET}\r\n\r\n".encode())
        await peer.gone()

    server = await serve(answer)
    with pytest.raises(UpstreamError) as caught:
        await send(upstream, server.url)
    check_no_secret(caught.value)
