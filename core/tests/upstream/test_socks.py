from __future__ import annotations

import asyncio
import base64
import sys
import traceback
from typing import Any

import pytest

from plugway.errors import (
    ConfigurationError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.upstream import Answer, Timeouts, Upstream, socks

pytestmark = pytest.mark.anyio

ROOMY = Timeouts(20, 10, 10)
PASSWORD = "hunter-canary"


async def send(
    upstream: Upstream, url: str, proxy: str = "", timeouts: Timeouts = ROOMY, **rest: Any
) -> Answer:
    return await upstream.send(
        "POST", f"{url}/a%2fb?c=%2F", headers=[("X-A", "1")], body=b"hi", timeouts=timeouts,
        proxy=proxy, **rest,
    )  # fmt: skip


async def echo(peer: Any) -> None:
    while True:
        await peer.answer(await peer.request())


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()


async def tunnel(peer: Any, host: str, port: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        await asyncio.gather(pump(reader, peer.writer), pump(peer.reader, writer))
    finally:
        writer.close()


async def socks_proxy(peer: Any) -> None:
    """Speak RFC 1928 with a user and a password (RFC 1929)."""
    _, count = await peer.reader.readexactly(2)
    methods = await peer.reader.readexactly(count)
    wanted = 2 if 2 in methods else 0
    await peer.write(bytes((5, wanted)))
    if wanted:
        _, size = await peer.reader.readexactly(2)
        user = await peer.reader.readexactly(size)
        password = await peer.reader.readexactly((await peer.reader.readexactly(1))[0])
        right = (user, password) == (b"user", PASSWORD.encode())
        await peer.write(bytes((1, 0 if right else 1)))
        if not right:
            return
    _, _, _, kind = await peer.reader.readexactly(4)
    size = 4 if kind == 1 else (await peer.reader.readexactly(1))[0]
    name = await peer.reader.readexactly(size)
    host = ".".join(map(str, name)) if kind == 1 else name.decode()
    port = int.from_bytes(await peer.reader.readexactly(2))
    peer.server.heads.append(f"{host}:{port}".encode())
    if port == 1:
        await peer.write(bytes((5, 5, 0, 1, 0, 0, 0, 0, 0, 0)))
        return
    await peer.write(bytes((5, 0, 0, 1, 0, 0, 0, 0, 0, 0)))
    await tunnel(peer, "127.0.0.1", port)


def check_no_password(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error)
    assert PASSWORD not in shown
    assert base64.b64encode(f"user:{PASSWORD}".encode()).decode() not in shown


@pytest.mark.parametrize("tls", [False, True])
async def test_a_socks_proxy_resolves_the_name_and_carries_the_request(
    open_upstream: Any, serve: Any, certificates: Any, *, tls: bool
) -> None:
    upstream = await open_upstream(tls=certificates.client)
    server = await serve(echo, certificates.server if tls else None)
    proxy = await serve(socks_proxy)
    via = f"socks5://user:{PASSWORD}@127.0.0.1:{proxy.port}"
    url = f"{'https' if tls else 'http'}://localhost:{server.port}"
    for _ in range(3):
        got = await send(upstream, url, via)
        assert await got.read(10) == b"hi"
    assert proxy.heads == [f"localhost:{server.port}".encode()]
    assert (proxy.connections, server.connections) == (1, 1)
    assert server.heads[0].startswith(b"POST /a%2fb?c=%2F HTTP/1.1\r\n")


@pytest.mark.parametrize("wrong", ["password", "destination"])
async def test_a_socks_proxy_that_refuses_means_nothing_was_sent(
    upstream: Upstream, serve: Any, wrong: str
) -> None:
    proxy = await serve(socks_proxy)
    password = "wrong" if wrong == "password" else PASSWORD
    via = f"socks5://user:{password}@127.0.0.1:{proxy.port}"
    with pytest.raises(UpstreamUnreachable, match="proxy refused") as caught:
        await send(upstream, "http://upstream.example:1", via)
    assert caught.value.acted is False
    check_no_password(caught.value)


async def test_a_socks_proxy_that_stalls_means_nothing_was_sent(
    upstream: Upstream, serve: Any
) -> None:
    async def wait(peer: Any) -> None:
        await peer.gone()

    proxy = await serve(wait)
    for timeouts in (Timeouts(20, 0.1, 10), Timeouts(0.1, 10, 10)):
        with pytest.raises(UpstreamUnreachable, match="proxy timed out") as caught:
            await send(upstream, "http://a.example", f"socks5://{proxy.url[7:]}", timeouts)
        assert caught.value.acted is False


async def test_an_upstream_behind_a_socks_proxy_that_does_not_answer(
    upstream: Upstream, serve: Any
) -> None:
    async def read_only(peer: Any) -> None:
        await peer.request()
        await peer.gone()

    server = await serve(read_only)
    proxy = await serve(socks_proxy)
    with pytest.raises(UpstreamTimeout) as caught:
        await send(upstream, server.url, f"socks5://{proxy.url[7:]}", Timeouts(20, 10, 0.1))
    assert caught.value.acted


async def test_socks_sessions_are_bounded_and_busy_ones_are_spared(
    upstream: Upstream, serve: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socks, "KEPT", 2)
    more = asyncio.Event()

    async def answer(peer: Any) -> None:
        while True:
            slow = await peer.request() == b"slow"
            await peer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na")
            if slow:
                await more.wait()
            await peer.write(b"b")

    server = await serve(answer)
    proxies = [await serve(socks_proxy) for _ in range(4)]
    vias = [f"socks5://127.0.0.1:{proxy.port}" for proxy in proxies]

    async def ask(via: str, body: bytes) -> Answer:
        return await upstream.send(
            "POST", server.url, headers=[], body=body, timeouts=ROOMY, proxy=via
        )

    slow = await ask(vias[0], b"slow")
    for via in vias[1:]:
        assert await (await ask(via, b"quick")).read(2) == b"ab"
    # The busy first and the last are kept; the others were closed, so a new connection is made.
    for via in (vias[3], vias[1]):
        assert await (await ask(via, b"quick")).read(2) == b"ab"
    more.set()
    assert await slow.read(2) == b"ab"
    assert [proxy.connections for proxy in proxies] == [1, 2, 1, 1]


async def test_socks_without_its_extra_says_what_to_install(
    upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp_socks", None)
    with pytest.raises(ConfigurationError, match=r"plugway\[socks\]"):
        await send(upstream, "http://a.example", "socks5://127.0.0.1:1")
