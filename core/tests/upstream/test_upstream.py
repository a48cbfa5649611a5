from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plugway.contract import Channel, ChannelSettings, Grant
from plugway.errors import (
    CredentialExpired,
    CredentialRestricted,
    Unavailable,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.settings import RelaySettings
from plugway.upstream import Timeouts, Upstream

pytestmark = pytest.mark.anyio

GRANT = Grant((("Authorization", "Bearer sk-canary"),))


def channel(url: str, **settings: Any) -> Channel:
    return Channel(
        id=1,
        provider="echo",
        name="one",
        base_url=url,
        models=frozenset({"echo"}),
        settings=ChannelSettings(**settings),
    )


@pytest.mark.parametrize("status", [200, 204, 301, 400, 404, 429])
async def test_a_probe_is_content_with_any_word_of_a_working_upstream(
    upstream: Upstream, serve: Any, status: int
) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)

    server = await serve(answer)
    await upstream.probe(channel(server.url), GRANT)
    assert server.heads[0].startswith(b"HEAD / HTTP/1.1\r\n")
    assert b"Authorization: Bearer sk-canary\r\n" in server.heads[0]


@pytest.mark.parametrize("head", [405, 500, 501])
async def test_a_probe_asks_again_with_get_where_head_is_not_served(
    upstream: Upstream, serve: Any, head: int
) -> None:
    async def answer(peer: Any) -> None:
        while True:
            await peer.request()
            status = head if peer.lines()[0].startswith("HEAD") else 200
            await peer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)

    server = await serve(answer)
    await upstream.probe(channel(f"{server.url}/base/v1"), GRANT)
    assert [head.split(b" HTTP")[0] for head in server.heads] == [b"HEAD /base/v1", b"GET /base/v1"]


@pytest.mark.parametrize(
    ("status", "error"),
    [(401, CredentialExpired), (403, CredentialRestricted), (500, UpstreamError)],
)
async def test_a_probe_names_what_does_not_work(
    upstream: Upstream, serve: Any, status: int, error: type[UpstreamError]
) -> None:
    async def answer(peer: Any) -> None:
        while True:
            await peer.request()
            await peer.write(b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % status)

    server = await serve(answer)
    with pytest.raises(error, match=str(status)) as caught:
        await upstream.probe(channel(server.url), GRANT)
    assert type(caught.value) is error
    assert "canary" not in caught.value.message


async def test_a_probe_uses_the_channels_timeouts_and_proxy(upstream: Upstream, serve: Any) -> None:
    async def wait(peer: Any) -> None:
        await peer.gone()

    server = await serve(wait)
    with pytest.raises(UpstreamTimeout):
        await upstream.probe(channel(server.url, headers_timeout=0.1), GRANT)
    with pytest.raises(UpstreamUnreachable, match="proxy"):
        await upstream.probe(channel(server.url, proxy="http://127.0.0.1:1"), GRANT)


async def test_timeouts_come_from_the_channel() -> None:
    settings = ChannelSettings(total_timeout=3, connect_timeout=2, headers_timeout=1)
    assert Timeouts.of(settings) == Timeouts(3, 2, 1)
    assert Timeouts.of(ChannelSettings()) == Timeouts()


async def test_nothing_is_sent_before_open_and_after_close(serve: Any) -> None:
    async def answer(peer: Any) -> None:
        await peer.answer(await peer.request())

    server = await serve(answer)
    upstream = Upstream(RelaySettings(), environ={})

    async def send(proxy: str = "") -> None:
        got = await upstream.send(
            "GET", server.url, headers=[], timeouts=Timeouts(5, 5, 5), proxy=proxy
        )
        await got.read(10)

    with pytest.raises(Unavailable):
        await send()
    await upstream.open()
    await send()
    await upstream.close()
    for proxy in ("", "socks5://127.0.0.1:1"):
        with pytest.raises(Unavailable):
            await send(proxy)
    with pytest.raises(Unavailable):
        await upstream.fetch("http://a.example", max_bytes=1, timeout=1)
    assert server.connections == 1


@pytest.mark.parametrize("waiting", [False, True])
@pytest.mark.parametrize("tls", [False, True])
async def test_closing_cuts_what_is_under_way(
    open_upstream: Any, serve: Any, certificates: Any, *, waiting: bool, tls: bool
) -> None:
    gone = asyncio.Event()

    async def stream(peer: Any) -> None:
        await peer.request()
        await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na")
        await peer.gone()
        gone.set()

    upstream = await open_upstream(tls=certificates.client)
    server = await serve(stream, certificates.server if tls else None)
    got = await upstream.send("GET", server.url, headers=[], timeouts=Timeouts(50, 5, 5))
    chunks = got.chunks()
    assert await anext(chunks) == b"a"
    rest = asyncio.ensure_future(anext(chunks))
    if waiting:
        await asyncio.sleep(0)
    await upstream.close()
    with pytest.raises(UpstreamInterrupted):
        await asyncio.wait_for(rest, 5)
    await asyncio.wait_for(gone.wait(), 5)


async def test_two_in_one_process_share_nothing(open_upstream: Any, serve: Any) -> None:
    async def answer(peer: Any) -> None:
        while True:
            await peer.answer(await peer.request())

    server = await serve(answer)
    first, second = await open_upstream(), await open_upstream()
    for upstream in (first, second, first):
        got = await upstream.send("GET", server.url, headers=[], timeouts=Timeouts(5, 5, 5))
        await got.read(10)
    await first.close()
    got = await second.send("GET", server.url, headers=[], timeouts=Timeouts(5, 5, 5))
    await got.read(10)
    assert server.connections == 2
