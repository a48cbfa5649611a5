from __future__ import annotations

import asyncio
from typing import Any

import pytest

from plugway.settings import RelaySettings
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


async def test_a_connection_is_used_again_after_a_whole_answer_only(
    upstream: Upstream, serve: Any
) -> None:
    async def answer(peer: Any) -> None:
        while True:
            await peer.request()
            await peer.answer(b"x" * 4_000_000)

    server = await serve(answer)
    for _ in range(3):
        await (await send(upstream, f"{server.url}/")).read(4_000_000)
    assert server.connections == 1
    for _ in range(3):
        half = await send(upstream, f"{server.url}/")
        await anext(half.chunks())
        await half.close()
        assert half.released
    assert server.connections == 3


async def test_a_pooled_connection_that_the_upstream_closed_is_not_used(
    upstream: Upstream, serve: Any
) -> None:
    closed = asyncio.Event()

    async def once(peer: Any) -> None:
        await peer.answer(await peer.request())
        peer.writer.close()
        await peer.writer.wait_closed()
        closed.set()

    server = await serve(once)
    for number in range(3):
        closed.clear()
        answer = await send(upstream, f"{server.url}/", "POST", body=b"%d" % number)
        assert await answer.read(10) == b"%d" % number
        await asyncio.wait_for(closed.wait(), 5)
        await asyncio.sleep(0)
    assert server.connections == 3


async def test_busy_connections_are_not_limited_and_idle_ones_are(
    open_upstream: Any, serve: Any
) -> None:
    upstream = await open_upstream(RelaySettings(idle_connections=3))
    everyone = asyncio.Barrier(10)
    left = asyncio.Semaphore(0)

    async def together(peer: Any) -> None:
        try:
            await peer.request()
            await everyone.wait()
            await peer.answer(b"ok")
            await peer.request()
        except asyncio.IncompleteReadError:
            left.release()

    server = await serve(together)
    answers = await asyncio.gather(*(send(upstream, f"{server.url}/") for _ in range(10)))
    assert [await answer.read(10) for answer in answers] == [b"ok"] * 10
    for _ in range(7):
        await asyncio.wait_for(left.acquire(), 5)
    assert server.connections == 10
    # The three that were kept wait for their next request.
    assert left.locked()


async def test_connections_that_an_upstream_closed_do_not_count_as_idle(
    open_upstream: Any, serve: Any
) -> None:
    closed = asyncio.Event()

    async def once(peer: Any) -> None:
        await peer.answer(await peer.request())
        peer.writer.close()
        await peer.writer.wait_closed()
        closed.set()

    upstream = await open_upstream(RelaySettings(idle_connections=1))
    short, long = await serve(once), await serve(echo)
    await (await send(upstream, f"{short.url}/")).read(10)
    await asyncio.wait_for(closed.wait(), 5)
    await asyncio.sleep(0)
    for _ in range(3):
        await (await send(upstream, f"{long.url}/")).read(10)
    assert long.connections == 1
