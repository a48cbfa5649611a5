"""What is fetched from strangers' URLs and too large to be held."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from plugway.errors import AddressRefused, PayloadTooLarge, UpstreamError, UpstreamInterrupted
from plugway.upstream import AddressPolicy

pytestmark = pytest.mark.anyio


def allow(*servers: Any) -> AddressPolicy:
    """Admit the ports of these servers by their loopback address."""
    ports = {server.port for server in servers}
    return AddressPolicy(
        ports=AddressPolicy().ports | ports,
        exempt=frozenset(("127.0.0.1", port) for port in ports),
    )


async def read(upstream: Any, url: str, *, max_bytes: int = 100_000) -> tuple[int, str, bytes]:
    async with upstream.arriving(url, max_bytes=max_bytes, timeout=10) as found:
        return found.status, found.content_type, b"".join([one async for one in found.chunks])


async def test_it_comes_through_redirects_and_unpacked(open_upstream: Any, serve: Any) -> None:
    async def film(peer: Any) -> None:
        await peer.request()
        packed = gzip.compress(b"a film " * 1000)
        await peer.answer(packed, "200 OK", "Content-Type: video/mp4", "Content-Encoding: gzip")

    there = await serve(film)

    async def elsewhere(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"", "302 Found", f"Location: {there.url}/film")

    here = await serve(elsewhere)
    upstream = await open_upstream(policy=allow(here, there))
    assert await read(upstream, here.url) == (200, "video/mp4", b"a film " * 1000)
    with pytest.raises(PayloadTooLarge):
        await read(upstream, here.url, max_bytes=6_999)


async def test_what_ends_early_or_leads_inside_is_an_error(open_upstream: Any, serve: Any) -> None:
    async def cut(peer: Any) -> None:
        await peer.request()
        packed = gzip.compress(b"a film " * 1000)[:-9]
        await peer.answer(packed, "200 OK", "Content-Encoding: gzip")

    async def inside(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"", "302 Found", "Location: http://127.0.0.2/film")

    async def strange(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"x", "200 OK", "Content-Encoding: zstd")

    for script, error in (
        (cut, UpstreamInterrupted),
        (inside, AddressRefused),
        (strange, UpstreamError),
    ):
        server = await serve(script)
        upstream = await open_upstream(policy=allow(server))
        with pytest.raises(error):
            await read(upstream, server.url)
