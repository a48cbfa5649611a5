"""Answers pass byte for byte, streamed, and are complete only when they are settled."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator

import aiohttp
import pytest
from small import PRICE, SmallGateway

from plugway.testing.scripted import Seen, answer

pytestmark = pytest.mark.anyio


async def test_chunks_reach_the_client_while_the_upstream_is_still_sending(
    small: SmallGateway,
) -> None:
    more = asyncio.Event()

    async def stream(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
            b"transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n"
        )
        await more.wait()
        writer.write(b"6\r\nsecond\r\n0\r\n\r\n")

    small.upstream.scripts = [stream]
    async with small.client.post("/small/sse") as response:
        assert await response.content.readany() == b"first"
        assert await small.server.balance(small.user) == (1000, PRICE)
        more.set()
        assert await response.content.read() == b"second"
    await small.until_charged(PRICE)


async def test_the_last_byte_waits_for_the_settlement(small: SmallGateway) -> None:
    """A body of known length arrives but for its last chunk while the ledger is held up."""
    ledger = small.server.gateway.ledger
    gate: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    submit = ledger.submit

    def held_up(operation: object) -> asyncio.Future[object]:
        async def later() -> object:
            await asyncio.shield(gate)
            return await submit(operation)  # type: ignore[arg-type]  # passed on as it came

        return asyncio.ensure_future(later())

    size = 300_000
    small.upstream.scripts = [answer("200 OK", b"z" * size)]
    ledger.submit = held_up  # type: ignore[method-assign,assignment]  # the database is slow
    async with small.client.post("/small/x") as response:
        received = 0
        async with asyncio.timeout(5):
            while received < size // 2:
                received += len(await response.content.readany())
        assert not response.content.at_eof()
        gate.set_result(None)
        received += len(await response.content.read())
    assert received == size
    assert await small.server.balance(small.user) == (1000 - PRICE, 0)


async def test_a_large_upload_streams_and_arrives_whole(small: SmallGateway) -> None:
    piece = bytes(range(256)) * 256
    pieces = 32

    async def body() -> AsyncIterator[bytes]:
        for _ in range(pieces):
            yield piece

    length = str(len(piece) * pieces)
    for headers in ({}, {"content-length": length}):
        status, *_ = await small.call(data=body(), headers=headers)
        assert status == 200
        seen = small.upstream.seen[-1]
        assert hashlib.sha256(seen.body).digest() == hashlib.sha256(piece * pieces).digest()
        assert seen.header("content-length") == headers.get("content-length")
    await small.until_charged(2 * PRICE, rows=2)


@pytest.mark.parametrize(
    ("method", "status"),
    [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")],
)
async def test_answers_without_a_body_end_at_once(
    small: SmallGateway, method: str, status: str
) -> None:
    async def bodiless(
        seen: Seen, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        extra = b"content-length: 11\r\n" if seen.line.startswith("HEAD") else b""
        writer.write(b"HTTP/1.1 " + status.encode() + b"\r\netag: x\r\n" + extra + b"\r\n")

    small.upstream.scripts = [bodiless]
    async with asyncio.timeout(5):
        seen, body, headers = await small.call(method=method)
    assert (seen, body) == (int(status[:3]), b"")
    assert headers["etag"] == "x"
    await small.until_charged(PRICE)


async def test_an_encoded_body_passes_as_it_is(small: SmallGateway) -> None:
    small.upstream.scripts = [answer("200 OK", b"\x1f\x8bnot really", "content-encoding: gzip")]
    async with aiohttp.ClientSession(auto_decompress=False) as client:
        url, headers = small.server.url + "/small/x", {"authorization": f"Bearer {small.key}"}
        async with client.post(url, headers=headers) as response:
            assert response.headers["content-encoding"] == "gzip"
            assert await response.read() == b"\x1f\x8bnot really"
    await small.until_charged(PRICE)


async def test_headers_pass_both_ways_but_for_hop_by_hop_and_cookies(small: SmallGateway) -> None:
    small.upstream.scripts = [
        answer(
            "201 Created",
            b"{}",
            "X-Twice: 1",
            "X-Twice: 2",
            "Set-Cookie: a=b",
            "Connection: keep-alive, x-named",
            "X-Named: hop",
            "Location: /elsewhere",
        )
    ]
    status, _, headers = await small.call(
        headers={"Connection": "keep-alive, x-mine", "X-Mine": "hop", "X-Forwarded-For": "1.2.3.4"}
    )
    assert status == 201
    assert headers.getall("x-twice") == ["1", "2"]
    assert "set-cookie" not in headers
    assert "x-named" not in headers
    assert headers["location"] == "/elsewhere"
    seen = small.upstream.seen[0]
    assert seen.header("x-mine") is None
    assert seen.header("x-forwarded-for") is None
