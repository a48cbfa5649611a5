"""A fetch of which only the status counts."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plugway.errors import UpstreamInterrupted, UpstreamTimeout
from plugway.upstream import AddressPolicy, Fetched, fetch

pytestmark = pytest.mark.anyio

LIMIT = 10_000


@pytest.fixture
def post(open_upstream: Any, serve: Any) -> Any:
    """Give what serves once with a handler, and posts to it."""

    async def go(handler: Any, **rest: Any) -> tuple[Fetched, Any]:
        server = await serve(handler)
        policy = AddressPolicy(
            ports=frozenset({server.port}), exempt=frozenset({("127.0.0.1", server.port)})
        )
        upstream = await open_upstream(policy=policy)
        options = {"max_bytes": LIMIT, "timeout": 10, "discard": True, **rest}
        return await upstream.fetch(server.url, method="POST", body=b"{}", **options), server

    return go


async def test_a_short_body_is_taken_and_thrown_away(post: Any) -> None:
    ended = asyncio.Event()

    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"thank you", "200 OK", "Content-Type: text/plain", "Retry-After: 7")
        await peer.gone()
        ended.set()

    got, server = await post(answer)
    assert (got.status, got.content_type, got.body) == (200, "text/plain", b"")
    assert (got.url, got.retry_after) == (server.url, 7.0)
    async with asyncio.timeout(10):
        await ended.wait()


@pytest.mark.parametrize(
    "rest",
    [
        b"Content-Length: 100000000\r\n\r\n" + b"x" * 50_000,
        b"Content-Length: 100\r\n\r\n",
        b"Content-Length: 100\r\nContent-Encoding: br\r\n\r\nx",
    ],
)
async def test_a_body_that_is_large_slow_or_broken_is_no_failure(
    post: Any, monkeypatch: pytest.MonkeyPatch, rest: bytes
) -> None:
    monkeypatch.setattr(fetch, "DRAIN_SECONDS", 0.1)

    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 202 Accepted\r\n" + rest)
        await peer.gone()

    got, _ = await post(answer, timeout=5)
    assert (got.status, got.body) == (202, b"")


async def test_the_time_still_bounds_the_wait_for_the_status(post: Any) -> None:
    async def stall(peer: Any) -> None:
        await peer.request()
        await peer.gone()

    async def hang_up(peer: Any) -> None:
        await peer.request()

    with pytest.raises(UpstreamTimeout):
        await post(stall, timeout=0.2)
    with pytest.raises(UpstreamInterrupted):
        await post(hang_up)
