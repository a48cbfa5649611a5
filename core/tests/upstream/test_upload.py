from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from plugway.errors import BadRequest
from plugway.upstream import Answer, Timeouts, Upstream

pytestmark = pytest.mark.anyio

QUICK = Timeouts(total=10, connect=5, headers=5)


async def send(upstream: Upstream, url: str, method: str = "GET", **rest: Any) -> Answer:
    rest.setdefault("headers", [])
    rest.setdefault("timeouts", QUICK)
    return await upstream.send(method, url, **rest)


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def echo(peer: Any) -> None:
    while True:
        await peer.answer(await peer.request())


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_a_body_of_bytes_is_sent_with_its_length(
    upstream: Upstream, serve: Any, method: str
) -> None:
    server = await serve(echo)
    answer = await send(upstream, f"{server.url}/", method, body=b"hello")
    assert await answer.read(100) == b"hello"
    assert b"Content-Length: 5\r\n" in server.heads[0]
    assert b"Content-Type" not in server.heads[0]


async def test_a_large_body_of_bytes_arrives_whole(upstream: Upstream, serve: Any) -> None:
    server = await serve(echo)
    body = bytes(range(256)) * 12_000
    answer = await send(upstream, f"{server.url}/", "POST", body=body)
    assert await answer.read(len(body)) == body


async def test_a_source_of_unknown_length_is_sent_chunked(upstream: Upstream, serve: Any) -> None:
    server = await serve(echo)
    answer = await send(upstream, f"{server.url}/", "POST", body=parts(b"he", b"", b"llo"))
    assert await answer.read(100) == b"hello"
    assert b"Transfer-Encoding: chunked\r\n" in server.heads[0]
    assert b"Content-Length" not in server.heads[0]


async def test_a_source_of_known_length_is_sent_with_it(upstream: Upstream, serve: Any) -> None:
    server = await serve(echo)
    answer = await send(upstream, f"{server.url}/", "POST", body=parts(b"he", b"llo"), length=5)
    assert await answer.read(100) == b"hello"
    assert b"Content-Length: 5\r\n" in server.heads[0]
    assert b"Transfer-Encoding" not in server.heads[0]


@pytest.mark.parametrize(
    ("chunks", "word"),
    [
        ((), "shorter"),
        ((b"he",), "shorter"),
        ((b"he", b"llo!"), "longer"),
        ((b"hello", b"!"), "longer"),
    ],
)
async def test_a_source_that_breaks_its_length_fails_at_once(
    upstream: Upstream, serve: Any, chunks: tuple[bytes, ...], word: str
) -> None:
    gone = asyncio.Event()

    async def wait_for_more(peer: Any) -> None:
        await peer.gone()
        gone.set()

    server = await serve(wait_for_more)
    with pytest.raises(BadRequest, match=word):
        await asyncio.wait_for(
            send(upstream, f"{server.url}/", "POST", body=parts(*chunks), length=5), 5
        )
    await asyncio.wait_for(gone.wait(), 5)


async def test_what_the_source_raises_is_raised_and_the_upstream_is_left(
    upstream: Upstream, serve: Any
) -> None:
    gone = asyncio.Event()

    async def wait_for_more(peer: Any) -> None:
        await peer.gone()
        gone.set()

    class ClientLeftError(Exception):
        pass

    async def source() -> AsyncIterator[bytes]:
        yield b"first"
        raise ClientLeftError

    server = await serve(wait_for_more)
    for length in (None, 100):
        gone.clear()
        with pytest.raises(ClientLeftError):
            await send(upstream, f"{server.url}/", "POST", body=source(), length=length)
        await asyncio.wait_for(gone.wait(), 5)


async def test_a_source_that_fails_after_the_headers_came_ends_the_answer(
    upstream: Upstream, serve: Any
) -> None:
    fail = asyncio.Event()

    async def answer_early(peer: Any) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
        await peer.gone()

    async def source() -> AsyncIterator[bytes]:
        yield b"first"
        await fail.wait()

    server = await serve(answer_early)
    answer = await send(upstream, f"{server.url}/", "POST", body=source(), length=100)
    chunks = answer.chunks()
    assert await anext(chunks) == b"ab"
    fail.set()
    with pytest.raises(BadRequest, match="shorter"):
        await asyncio.wait_for(anext(chunks), 5)


async def test_an_early_answer_ends_the_upload_and_its_connection(
    upstream: Upstream, serve: Any
) -> None:
    async def refuse(peer: Any) -> None:
        await peer.reader.readuntil(b"\r\n\r\n")
        await peer.answer(b"too large", "413 Content Too Large")
        await peer.gone()

    stopped = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0)
        finally:
            stopped.set()

    server = await serve(refuse)
    answer = await send(upstream, f"{server.url}/", "POST", body=endless())
    assert (answer.status, await answer.read(100)) == (413, b"too large")
    await answer.close()
    again = await send(upstream, f"{server.url}/", "POST", body=b"x")
    assert again.status == 413
    assert server.connections == 2
