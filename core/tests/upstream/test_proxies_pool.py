"""The health of pooled proxies, and requests through them, with real ones."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from loopback_proxies import HangingProxy, HttpProxy, LoopbackProxy, Socks4Proxy, Socks5Proxy
from proxy_pool import LOGIN, PASSWORD, ProxyPool, answer

from plugway.errors import UpstreamError, UpstreamInterrupted, UpstreamUnreachable
from plugway.settings import ProxySettings
from plugway.upstream import Timeouts

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(stack: AsyncExitStack, serve: Any, tmp_path: Path) -> ProxyPool:
    return ProxyPool(tmp_path, stack, await serve(answer))


@pytest.mark.parametrize("tls", [False, True])
@pytest.mark.parametrize(
    "proxy",
    [HttpProxy(), HttpProxy(LOGIN), Socks5Proxy(), Socks5Proxy(LOGIN), Socks4Proxy(("me", ""))],
    ids=lambda proxy: proxy.url.replace(PASSWORD, "…"),
)
async def test_every_kind_is_checked_by_a_request_and_carries_calls(
    pool: ProxyPool, serve: Any, certificates: Any, proxy: LoopbackProxy, *, tls: bool
) -> None:
    proxy.asked.clear()
    server = await serve(answer, certificates.server) if tls else pool.server
    proxy.port = 0
    await pool.open(
        *await pool.start(proxy), tls=certificates.client,
        check_url=server.url.replace("127.0.0.1", "localhost") + "/check",
    )  # fmt: skip
    proxy.on_request = lambda: pool.clock.advance(0.25)
    await pool.round()
    assert server.heads[0].startswith(b"GET /check HTTP/1.1\r\n")
    health = pool.health(proxy)
    assert (health.state, health.latency) == ("healthy", 0.25)
    got = await pool.send(f"{server.url}/ask")
    assert await got.read(10) == b"hi"
    # The name is left to the proxy: to look it up here would tell of it.
    assert proxy.asked == [f"localhost:{server.port}", f"127.0.0.1:{server.port}"]


@pytest.mark.parametrize(
    ("proxy", "reason"),
    [
        (HttpProxy(status=407), "proxy refused with status 407"),
        (HttpProxy(LOGIN), "proxy refused with status 407"),
        (HttpProxy(status=502), "the check's address answered with status 502"),
        (Socks5Proxy(LOGIN), "proxy refused"),
        (Socks5Proxy(reply=1), "proxy refused with code 1"),
        (Socks4Proxy(LOGIN), "proxy refused with code 91"),
    ],
    ids=["407", "login", "502", "socks5 login", "socks5 reply", "socks4 user"],
)
async def test_a_proxy_that_refuses_is_not_healthy(
    pool: ProxyPool, proxy: LoopbackProxy, reason: str
) -> None:
    proxy.port = 0
    url = (await pool.start(proxy))[0].replace(f"user:{PASSWORD}", "user:wrong")
    await pool.open(url.replace("user:wrong", "other") if "socks4" in url else url)
    await pool.round()
    health = pool.health(proxy)
    assert (health.state, health.failures, health.error) == ("failing", 1, reason)
    with pytest.raises(UpstreamUnreachable, match="no proxy of the pool works") as caught:
        await pool.send()
    assert (caught.value.acted, caught.value.retry_after) == (False, 15.0)
    assert not any(b"/ask" in head for head in pool.server.heads)


async def test_proxies_that_hang_or_are_gone_are_not_healthy(pool: ProxyPool) -> None:
    hangs, mute, gone = HangingProxy(), HangingProxy(), Socks5Proxy()
    mute.scheme = "socks5"
    urls = await pool.start(hangs, mute, gone)
    await gone.stop()
    await pool.open(*urls, check_timeout=0.05)
    await pool.round()
    assert pool.health(hangs).error == "The upstream took too long to answer."
    assert pool.health(mute).error == "proxy timed out"
    assert pool.health(gone).error == "proxy not reachable, connection refused"


@pytest.mark.parametrize("kind", [HttpProxy, Socks5Proxy])
async def test_a_certificate_that_is_not_trusted_makes_no_healthy_proxy(
    pool: ProxyPool, serve: Any, certificates: Any, kind: type[LoopbackProxy]
) -> None:
    server = await serve(answer, certificates.server)
    proxy = kind()
    await pool.open(*await pool.start(proxy), check_url=f"{server.url}/check")
    await pool.round()
    health = pool.health(proxy)
    assert health.error is not None
    assert health.error.startswith("TLS certificate not valid")
    assert server.heads == []


async def test_checks_come_at_their_intervals_and_back_off(pool: ProxyPool) -> None:
    good, bad = HttpProxy(), Socks5Proxy(reply=1)
    await pool.open(*await pool.start(good, bad))
    seen = []
    for second in range(301):
        before = (good.connections, bad.connections)
        await pool.round()
        after = (good.connections, bad.connections)
        seen += [(second, at) for at in (0, 1) if after[at] > before[at]]
        pool.clock.advance(1.0)
    assert [second for second, at in seen if at == 0] == [0, 300]
    assert [second for second, at in seen if at == 1] == [0, 15, 45, 90, 150, 225]
    assert pool.health(bad).state == "sick"
    bad.reply = None
    pool.clock.advance(120.0)
    await pool.round()
    assert pool.health(bad).state == "healthy"


async def test_a_request_goes_through_another_proxy_when_one_cannot_be_reached(
    pool: ProxyPool,
) -> None:
    gone, good = HttpProxy(), Socks5Proxy(LOGIN)
    urls = await pool.start(gone, good)
    await pool.open(*urls)
    await pool.round()
    await gone.stop()
    for _ in range(4):
        assert await (await pool.send()).read(10) == b"hi"
    assert pool.health(gone).state == "failing"
    assert pool.health(gone).error == "proxy not reachable, connection refused"
    assert pool.health(good).state == "healthy"
    assert len([head for head in pool.server.heads if b"/ask" in head]) == 4
    await gone.start()
    pool.clock.advance(15.0)
    await pool.round()
    assert pool.health(gone).state == "healthy"


async def test_two_proxies_are_tried_and_no_more(pool: ProxyPool) -> None:
    proxies = [HttpProxy(status=407), HttpProxy(status=407), HttpProxy(status=407)]
    await pool.open(*await pool.start(*proxies))
    await pool.upstream.proxies.load()
    with pytest.raises(UpstreamUnreachable, match="proxy refused with status 407") as caught:
        await pool.send()
    assert caught.value.acted is False
    assert sorted(proxy.connections for proxy in proxies) == [0, 1, 1]
    assert not any(b"/ask" in head for head in pool.server.heads)


async def test_bytes_are_sent_again_after_a_proxy_that_refused_them(pool: ProxyPool) -> None:
    refuses, good = HttpProxy(), HttpProxy()
    await pool.open(*await pool.start(refuses, good))
    await pool.round()
    refuses.status = 407
    for _ in range(2):
        assert await (await pool.send(body=b"x" * 200_000)).read(1 << 20) == b"x" * 200_000
    assert pool.health(refuses).error == "proxy refused with status 407"


async def test_two_proxies_together_take_no_longer_than_one_may(pool: ProxyPool) -> None:
    proxies = [HangingProxy(), HangingProxy()]
    for proxy in proxies:
        proxy.scheme = "socks5"
    await pool.open(*await pool.start(*proxies))
    await pool.upstream.proxies.load()
    with pytest.raises(UpstreamUnreachable, match="proxy timed out"):
        await pool.send(timeouts=Timeouts(0.1, 10, 10))
    assert sum(proxy.connections for proxy in proxies) == 1


async def test_a_proxy_whose_own_certificate_is_not_trusted_is_blamed_for_it(
    pool: ProxyPool, serve: Any, certificates: Any
) -> None:
    proxy, server = HttpProxy(), await serve(answer, certificates.server)
    proxy.tls = certificates.server
    await pool.open(*await pool.start(proxy))
    with pytest.raises(UpstreamUnreachable, match="TLS certificate not valid"):
        await pool.send(server.url)
    assert pool.health(proxy).state == "failing"
    assert proxy.asked == []


async def test_a_body_that_was_begun_is_not_sent_to_another_proxy(pool: ProxyPool) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"a"
        yield b"b"

    refuses, good = HttpProxy(status=407), HttpProxy()
    urls = await pool.start(refuses, good)
    await pool.open(urls[0])
    with pytest.raises(UpstreamUnreachable, match="407"):
        await pool.send(body=parts())
    gone = Socks5Proxy()
    urls += await pool.start(gone)
    await gone.stop()
    pool.settings = ProxySettings(urls=(urls[2], urls[1]), check_url=pool.check)
    await pool.upstream.proxies.load()
    assert await (await pool.send(body=parts())).read(10) == b"ab"


async def test_there_is_no_way_around_the_pool(pool: ProxyPool) -> None:
    await pool.open()
    with pytest.raises(UpstreamUnreachable, match="the pool has no proxy") as caught:
        await pool.send()
    assert caught.value.acted is False
    proxy = HttpProxy()
    (url,) = await pool.start(proxy)
    pool.settings = ProxySettings(urls=(f"{url} | no_proxy=127.0.0.1",), check_url=pool.check)
    await pool.upstream.proxies.load()
    with pytest.raises(UpstreamUnreachable, match="no proxy of the pool works"):
        await pool.send()
    assert pool.server.heads == []


@pytest.mark.parametrize("kind", [HttpProxy, Socks5Proxy])
async def test_an_upstream_that_fails_behind_a_proxy_is_not_its_fault(
    pool: ProxyPool, serve: Any, certificates: Any, kind: type[LoopbackProxy]
) -> None:
    async def drop(peer: Any) -> None:
        await peer.request()

    proxy, drops = kind(), await serve(drop)
    strange = await serve(answer, certificates.server)
    await pool.open(*await pool.start(proxy))
    await pool.round()
    with pytest.raises(UpstreamInterrupted):
        await pool.send(drops.url)
    with pytest.raises(UpstreamError, match="certificate") as caught:
        await pool.send(strange.url)
    assert caught.value.acted is False
    health = pool.health(proxy)
    assert (health.state, health.failures) == ("healthy", 0)
    # Where it is in doubt, a check tells; it comes no earlier than it may.
    assert health.check_at == pool.clock.monotonic() + 15


async def test_a_socks_proxy_says_what_is_not_its_fault(pool: ProxyPool, serve: Any) -> None:
    proxy, gone = Socks5Proxy(), await serve(answer)
    await gone.stop()
    await pool.open(*await pool.start(proxy))
    await pool.round()
    with pytest.raises(UpstreamUnreachable, match="code 5"):
        await pool.send(gone.url)
    assert pool.health(proxy).state == "healthy"
    assert len(proxy.asked) == 2  # the check, and no second try


async def test_a_proxy_that_answers_a_tunnel_with_502_is_tried_no_more_for_now(
    pool: ProxyPool, serve: Any, certificates: Any
) -> None:
    server = await serve(answer, certificates.server)
    bad, good = HttpProxy(), HttpProxy()
    await pool.open(*await pool.start(bad, good), tls=certificates.client)
    await pool.round()
    bad.status = 502
    for _ in range(3):
        assert await (await pool.send(server.url)).read(10) == b"hi"
        pool.clock.advance(0.1)
    assert bad.connections == 2
    assert pool.health(bad).error == "proxy refused with status 502"
