from __future__ import annotations

import asyncio
import os
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plugway.errors import UpstreamError, UpstreamTimeout
from plugway.upstream import Answer, Timeouts, Upstream

pytestmark = pytest.mark.anyio

ROOMY = Timeouts(60, 10, 10)
MiB = 1 << 20
SIZE = 64 * MiB
#: What sockets of loopback take in on both sides, and our own buffers.
BUFFERED = 16 * MiB


async def get(upstream: Upstream, url: str, method: str = "GET", **rest: Any) -> Answer:
    return await upstream.send(method, f"{url}/", headers=[], timeouts=ROOMY, **rest)


async def test_a_small_body_comes_in_one_chunk_and_is_known_to_be_the_last(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"x" * 5000, "201 Created", "X-Y: z")

    server = await serve(answer)
    got = await get(upstream, server.url)
    assert (got.status, got.length) == (201, 5000)
    assert list(got.raw_headers) == [(b"Content-Length", b"5000"), (b"X-Y", b"z")]
    chunks = [(chunk, got.ended) async for chunk in got.chunks()]
    assert chunks == [(b"x" * 5000, True)]
    assert got.released


@pytest.mark.parametrize(
    ("method", "reply", "length", "body"),
    [
        ("GET", b"200 OK\r\nContent-Length: 0\r\n\r\n", 0, b""),
        ("HEAD", b"200 OK\r\nContent-Length: 9\r\n\r\n", 9, b""),
        ("GET", b"204 No Content\r\n\r\n", None, b""),
        ("GET", b"304 Not Modified\r\nContent-Length: 9\r\n\r\n", 9, b""),
        ("GET", b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", None, b""),
        ("GET", b"200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n", None, b"a"),
        ("GET", b"500 Oops\r\nContent-Length: 1\r\n\r\na", 1, b"a"),
    ],
)
async def test_length_and_body_of_every_kind_of_answer(
    upstream: Upstream, serve: Any, method: str, reply: bytes, length: int | None, body: bytes
) -> None:
    async def answer(peer: Any) -> None:
        while True:
            await peer.request()
            await peer.write(b"HTTP/1.1 " + reply)

    server = await serve(answer)
    for _ in range(2):
        got = await get(upstream, server.url, method)
        assert got.length == length
        assert await got.read(10) == body
        assert got.ended
        assert got.released
        await got.close()
    assert server.connections == 1


@pytest.mark.parametrize("stated", [True, False])
async def test_reading_stops_at_the_limit(upstream: Upstream, serve: Any, *, stated: bool) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        if stated:
            await peer.answer(b"x" * 101)
        else:
            await peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            while True:
                await peer.write(b"40\r\n" + b"x" * 64 + b"\r\n")

    server = await serve(answer)
    got = await get(upstream, server.url)
    with pytest.raises(UpstreamError, match="larger than 100 bytes"):
        await got.read(100)
    assert got.released


async def test_a_client_that_reads_slowly_holds_the_upstream_back(
    upstream: Upstream, serve: Any
) -> None:
    sent = 0

    async def pour(peer: Any) -> None:
        nonlocal sent
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % SIZE)
        block = b"x" * 65_536
        while sent < SIZE:
            await peer.write(block)
            sent += len(block)

    server = await serve(pour)
    got = await get(upstream, server.url)
    received = most = largest = 0
    async for chunk in got.chunks():
        received += len(chunk)
        largest = max(largest, len(chunk))
        for _ in range(20):
            await asyncio.sleep(0)  # the server may send as much as it can
        most = max(most, sent - received)
    assert received == SIZE
    assert most < BUFFERED
    assert largest <= MiB


async def test_an_upstream_that_reads_slowly_holds_the_source_back(
    upstream: Upstream, serve: Any
) -> None:
    taken = received = most = 0

    async def sip(peer: Any) -> None:
        nonlocal received
        await peer.reader.readuntil(b"\r\n\r\n")
        while received < SIZE:
            received += len(await peer.reader.read(65_536))
            for _ in range(5):
                await asyncio.sleep(0)  # the gateway may take as much as it can
        await peer.answer(b"%d" % received)

    async def source() -> AsyncIterator[bytes]:
        nonlocal taken, most
        block = b"x" * 65_536
        while taken < SIZE:
            taken += len(block)
            yield block
            most = max(most, taken - received)

    server = await serve(sip)
    got = await get(upstream, server.url, "POST", body=source(), length=SIZE)
    assert await got.read(100) == b"%d" % SIZE
    assert most < BUFFERED


class Deaf:
    """Is an upstream that takes connections and then reads nothing more."""

    def __init__(self, reply: bytes = b"") -> None:
        self._reply = reply
        self.reached = asyncio.Event()

    async def __call__(self, peer: Any) -> None:
        peer.writer.transport.pause_reading()
        await peer.write(self._reply)
        self.reached.set()
        await asyncio.Event().wait()


def open_files() -> int:
    return len(os.listdir("/dev/fd"))


async def settle() -> None:
    """Let the event loop finish what is ready."""
    for _ in range(10):
        await asyncio.sleep(0)


@pytest.mark.parametrize("end", ["deadline", "cancel"])
@pytest.mark.parametrize("whole", [False, True])
async def test_an_upstream_that_does_not_read_stops_the_source_and_is_left_at_once(
    upstream: Upstream, serve: Any, end: str, *, whole: bool
) -> None:
    taken = 0

    async def source() -> AsyncIterator[bytes]:
        nonlocal taken
        while True:
            taken += 65_536
            yield b"x" * 65_536

    deaf = Deaf()
    server = await serve(deaf)
    before = open_files()
    body = bytes(SIZE) if whole else source()
    call = upstream.send(
        "POST",
        f"{server.url}/",
        headers=[],
        body=body,
        length=SIZE,
        timeouts=Timeouts(0.5 if end == "deadline" else 50, 50, 50),
    )
    tracemalloc.start()
    try:
        task = asyncio.create_task(call)
        if end == "cancel":
            await asyncio.wait_for(deaf.reached.wait(), 5)
            await asyncio.wait([task], timeout=0.2)
            task.cancel()
        with pytest.raises(UpstreamTimeout if end == "deadline" else asyncio.CancelledError):
            await task
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < BUFFERED
    assert peak < MiB
    await settle()
    # Only the server's end is left, though much was written that it never took.
    assert open_files() == before + 1


@pytest.mark.parametrize("moment", ["upload", "headers", "body"])
@pytest.mark.parametrize("tls", [False, True])
async def test_cancelling_closes_the_connection_at_once(
    open_upstream: Any, serve: Any, certificates: Any, moment: str, *, tls: bool
) -> None:
    reached = asyncio.Event()
    gone = asyncio.Event()

    async def wait(peer: Any) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        if moment == "body":
            await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
        reached.set()
        await peer.gone()
        gone.set()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x"
            await asyncio.sleep(0)

    async def call() -> None:
        body = endless() if moment == "upload" else b"x"
        got = await get(upstream, server.url, "POST", body=body)
        async for _ in got.chunks():
            pass

    upstream = await open_upstream(tls=certificates.client)
    server = await serve(wait, certificates.server if tls else None)
    task = asyncio.create_task(call())
    await asyncio.wait_for(reached.wait(), 5)
    for _ in range(20):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(gone.wait(), 1)


async def test_closing_early_closes_the_connection_at_once_though_the_upload_is_stuck(
    upstream: Upstream, serve: Any
) -> None:
    server = await serve(Deaf(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na"))
    before = open_files()
    got = await get(upstream, server.url, "POST", body=bytes(SIZE))
    assert await anext(got.chunks()) == b"a"
    assert open_files() == before + 2
    await got.close()
    assert got.released
    await settle()
    assert open_files() == before + 1
    await got.close()


async def test_a_short_body_can_be_looked_at_before_it_is_read(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        for _ in range(2):
            await peer.request()
            await peer.answer(b"x" * 500)

    server = await serve(answer)
    got = await get(upstream, server.url)
    assert await got.peek(499) is None
    assert [chunk async for chunk in got.chunks()] == [b"x" * 500]
    again = await get(upstream, server.url)
    assert await again.peek(500) == b"x" * 500
    assert again.ended
    assert [chunk async for chunk in again.chunks()] == [b"x" * 500]
    await again.close()
