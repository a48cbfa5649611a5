"""Which proxy of the pool a request takes."""

from __future__ import annotations

from collections import Counter
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from loopback_proxies import HttpProxy, Socks5Proxy
from proxy_pool import LOGIN, PASSWORD, ProxyPool, answer
from yarl import URL

from plugway.settings import ProxySettings
from plugway.upstream import socks

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(stack: AsyncExitStack, serve: Any, tmp_path: Path) -> ProxyPool:
    return ProxyPool(tmp_path, stack, await serve(answer))


async def test_the_faster_half_is_used_in_turn_and_rests_between(pool: ProxyPool) -> None:
    proxies = [HttpProxy() for _ in range(4)]
    for proxy, seconds in zip(proxies, (0.1, 0.2, 5.0, 6.0), strict=True):
        proxy.on_request = partial(pool.clock.advance, seconds)
    await pool.open(*await pool.start(*proxies), concurrency=1)
    await pool.round()
    for proxy in proxies:
        proxy.on_request = lambda: None
    pool.clock.advance(10.0)
    names = {proxy.name: number for number, proxy in enumerate(proxies)}

    async def taken() -> int:
        lease = await pool.upstream.proxies.take(URL("http://a.example"))
        return names[lease.member.name]

    # The fast ones first; while these rest the slow ones; then who was not used for longest.
    assert [await taken() for _ in range(6)] == [0, 1, 2, 3, 0, 1]
    pool.clock.advance(5.0)
    seen = []
    for _ in range(4):
        seen.append(await taken())
        pool.clock.advance(5.0)
    assert seen == [0, 1, 0, 1]


async def test_one_key_keeps_to_one_proxy_and_comes_back_to_it(pool: ProxyPool) -> None:
    await pool.open(*(f"10.0.0.{number}:1080" for number in range(1, 21)))
    proxies = pool.upstream.proxies
    await proxies.load()
    target = URL("http://a.example")
    keys = [f"account-{number}" for number in range(400)]

    async def chosen() -> dict[str, str]:
        return {key: (await proxies.take(target, key)).member.name for key in keys}

    first = await chosen()
    assert first == await chosen()
    assert min(Counter(first.values()).values()) >= 5
    away = first[keys[0]]
    for _ in range(3):
        pool.members()[away].health.failed(pool.clock.monotonic(), "no")
    moved = await chosen()
    assert {key for key in keys if moved[key] != first[key]} == {
        key for key in keys if first[key] == away
    }
    pool.members()[away].health.passed(pool.clock.monotonic(), 0.1, 300.0)
    assert await chosen() == first
    # One that comes takes some of the keys, and moves none between the others.
    pool.settings = ProxySettings(urls=(*pool.settings.urls, "10.0.0.99:1080"))
    await proxies.load()
    later = await chosen()
    assert {later[key] for key in keys if later[key] != first[key]} == {"10.0.0.99:1080"}
    for name, member in pool.members().items():
        if name != "10.0.0.7:1080":
            member.health.failed(pool.clock.monotonic(), "no")
    assert set((await chosen()).values()) == {"10.0.0.7:1080"}


async def test_what_it_carries_is_counted_until_it_is_read(pool: ProxyPool) -> None:
    proxy = Socks5Proxy()
    await pool.open(*await pool.start(proxy))
    await pool.round()
    traffic = pool.members()[proxy.name].traffic
    got = await pool.send(body=b"x" * 500_000)
    assert traffic.count == 1
    await got.close()
    assert traffic.count == 0


async def test_many_socks_proxies_keep_few_connections(
    pool: ProxyPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socks, "KEPT", 2)
    proxies = [Socks5Proxy(LOGIN) for _ in range(6)]
    await pool.open(*await pool.start(*proxies), use_cooldown=0.0)
    for _ in range(3):
        await pool.round()
        for _ in proxies:
            assert await (await pool.send()).read(10) == b"hi"
            pool.clock.advance(1.0)
    assert all(proxy.asked for proxy in proxies)
    assert sum(len(proxy.standing) for proxy in proxies) <= 2


async def test_a_proxy_for_what_is_no_request(pool: ProxyPool) -> None:
    await pool.open(f"socks5://user:{PASSWORD}@10.0.0.1:1080")
    upstream = pool.upstream
    await upstream.proxies.load()
    found = await upstream.proxy_url("https://a.example", proxy="pool", sticky="one")
    assert str(found) == f"socks5://user:{PASSWORD}@10.0.0.1:1080"
    assert await upstream.proxy_url("https://a.example", proxy="direct") is None
    setting = "http://10.0.0.2:3128 | no_proxy=.example"
    assert await upstream.proxy_url("https://a.example", proxy=setting) is None
    assert str(await upstream.proxy_url("https://a.test", proxy=setting)) == "http://10.0.0.2:3128"
