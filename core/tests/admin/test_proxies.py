"""The pool of proxies over HTTP, and calls that go through it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import plugway_shop
import pytest
from back_office import BackOffice
from loopback_proxies import HttpProxy, LoopbackProxy, Socks5Proxy

from plugway.testing import ManualClock
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio

PASSWORD = "hunter-canary"
LOGIN = ("user", PASSWORD)


class Exit:
    """Is a gateway whose only channel goes through the pool."""

    def __init__(self, office: BackOffice, clock: ManualClock, stack: AsyncExitStack) -> None:
        self.office, self.clock, self.stack = office, clock, stack

    async def start(self, *proxies: LoopbackProxy) -> None:
        for proxy in proxies:
            await self.stack.enter_async_context(proxy)

    async def settings(self, *proxies: LoopbackProxy, more: str = "") -> None:
        """Write the settings, as an operator does, and let them be seen."""
        urls = ", ".join(f'"{proxy.url}"' for proxy in proxies)
        check = f'check_url = "{self.office.server.url}/health"\n'
        text = f"[proxies]\nurls = [{urls}]\n{check}check_timeout = 5.0\n{more}"
        (self.office.server.home / "plugway.toml").write_text(text)
        self.office.gateway.live.check()
        await self.round()

    async def round(self) -> None:
        await self.office.gateway.upstream.proxies.round()
        await self.office.gateway.upstream.proxies.settled()

    async def buy(self) -> Any:
        return await self.office.user.call("POST", "/shop/tea", {"cups": 1})

    async def states(self) -> dict[str, str]:
        items = (await self.office.operator.get("/proxies")).json["items"]
        return {item["name"]: item["state"] for item in items}


@pytest.fixture
async def exit_(tmp_path: Path) -> AsyncIterator[Exit]:
    clock = ManualClock()
    async with AsyncExitStack() as stack:
        server = GatewayServer(tmp_path / "home", plugins={"shop": plugway_shop}, clock=clock)
        await stack.enter_async_context(server)
        office = BackOffice(server)
        await office.prepare()
        stack.push_async_callback(office.close)
        await server.channel(
            "shop", office.shop_url, models=["tea"], secrets=[plugway_shop.SECRETS[0]],
            settings={"proxy": "pool"},
        )  # fmt: skip
        yield Exit(office, clock, stack)


async def test_a_channel_goes_through_the_pool_with_a_login(exit_: Exit) -> None:
    http, socks = HttpProxy(LOGIN), Socks5Proxy(LOGIN)
    await exit_.start(http, socks)
    await exit_.settings(http, socks)
    assert set((await exit_.states()).values()) == {"healthy"}
    for _ in range(2):
        answer = await exit_.buy()
        assert answer.status == 200, answer.text
    shop = exit_.office.shop_url.removeprefix("http://")
    # The check, then the calls: a credential stays with one exit.
    unused, used = sorted(asked[1:] for asked in (http.asked, socks.asked))
    assert (unused, set(used)) == ([], {shop})


async def test_the_pool_is_listed_without_a_login(exit_: Exit) -> None:
    http, socks = HttpProxy(), Socks5Proxy(LOGIN)
    await exit_.start(http, socks)
    socks.on_request = lambda: exit_.clock.advance(0.25)
    await exit_.settings(http, socks, more='files = ["none.txt"]\n')
    await http.stop()
    tested = (await exit_.office.operator.post("/proxies/test")).json["items"]
    assert {one["name"]: one["ok"] for one in tested} == {http.name: False, socks.name: True}
    answer = await exit_.office.operator.get("/proxies")
    assert PASSWORD not in answer.text
    bad, good = answer.json["items"]
    assert bad["state"] == "failing"
    assert (bad["healthy"], bad["failures"], bad["next_check"]) == (False, 1, 15)
    assert bad["error"] == "proxy not reachable, connection refused"
    assert good == {
        "name": socks.name,
        "url": f"socks5://…@{socks.name}",
        "kind": "socks5",
        "source": "settings",
        "state": "healthy",
        "healthy": True,
        "latency_ms": 250,
        "failures": 0,
        "error": None,
        "checked_at": good["checked_at"],
        "next_check": 300,
        "in_use": 0,
    }
    sources = {one["name"]: one["fault"] for one in answer.json["sources"]}
    assert sources["none.txt"] == "there is no such file"


async def test_a_proxy_that_dies_costs_no_call(exit_: Exit) -> None:
    http, socks = HttpProxy(), Socks5Proxy()
    await exit_.start(http, socks)
    await exit_.settings(http, socks)
    assert (await exit_.buy()).status == 200
    # Asked for the check, and one of them for the call.
    dies = http if len(http.asked) > len(socks.asked) else socks
    await dies.stop()
    for _ in range(4):
        assert (await exit_.buy()).status == 200
    assert (await exit_.states())[dies.name] == "failing"
    for wait in (15, 30):
        exit_.clock.advance(wait)
        await exit_.round()
    assert (await exit_.states())[dies.name] == "sick"
    await dies.start()
    exit_.clock.advance(45)
    await exit_.round()
    assert (await exit_.states())[dies.name] == "healthy"


async def test_without_a_proxy_nothing_leaves_and_nothing_is_charged(exit_: Exit) -> None:
    gone = Socks5Proxy()
    await exit_.start(gone)
    await gone.stop()
    seen = len(exit_.office.shop.seen)
    for _ in range(2):
        answer = await exit_.buy()
        assert (answer.status, answer.json["error"]["code"]) == (502, "upstream_unreachable")
        assert "the pool has no proxy" in answer.text or "no proxy of the pool" in answer.text
        await exit_.settings(gone)
    assert len(exit_.office.shop.seen) == seen
    alice = (await exit_.office.admin.get("/users/alice")).json
    assert (alice["balance"], alice["held"]) == (1000, 0)


async def test_settings_that_change_count_without_a_restart(exit_: Exit) -> None:
    first, second = HttpProxy(), Socks5Proxy()
    await exit_.start(first, second)
    await exit_.settings(first)
    await exit_.settings(second)
    assert await exit_.states() == {second.name: "healthy"}
    before = len(first.asked)
    assert (await exit_.buy()).status == 200
    assert len(first.asked) == before


async def test_proxies_are_added_by_administrators(exit_: Exit) -> None:
    proxy, admin = Socks5Proxy(LOGIN), exit_.office.admin
    await exit_.start(proxy)
    await exit_.settings()
    written = f"socks5://{proxy.name}:user:{PASSWORD}"
    assert (await exit_.office.operator.post("/proxies", {"proxies": [written]})).status == 403
    answer = await admin.post("/proxies", {"proxies": [written, written]})
    assert (answer.status, answer.json) == (201, {"added": 1, "known": 1})
    await exit_.round()
    assert await exit_.states() == {proxy.name: "healthy"}
    audits = (await admin.get("/audit")).text
    assert "proxy.add" in audits
    assert PASSWORD not in audits
    for wrong in ("word", f"socks5://user:{PASSWORD}é@h:1", "trojan://x@h:1"):
        answer = await admin.post("/proxies", {"proxies": [written, wrong]})
        assert answer.error == (400, "bad_request", "proxies[1]")
        assert PASSWORD not in answer.text


async def test_one_proxy_is_tested(exit_: Exit) -> None:
    proxy, other, operator = Socks5Proxy(LOGIN), HttpProxy(), exit_.office.operator
    await exit_.start(proxy, other)
    await exit_.settings(proxy, other)
    asked = len(other.asked)
    answer = await operator.post("/proxies/test", {"names": [proxy.name]})
    assert [one["name"] for one in answer.json["items"]] == [proxy.name]
    assert len(other.asked) == asked
    answer = await operator.post("/proxies/test", {"names": ["10.9.9.9:1"]})
    assert answer.error == (404, "not_found", None)
    answer = await operator.post("/proxies/test", {"proxy": proxy.url.replace(PASSWORD, "wrong")})
    (tested,) = answer.json["items"]
    assert (tested["ok"], tested["error"]) == (False, "proxy refused")
    assert tested["url"] == f"socks5://…@{proxy.name}"
    assert set((await exit_.states()).values()) == {"healthy"}
    answer = await operator.post("/proxies/test", {"proxy": f"{PASSWORD}"})
    assert answer.error == (400, "bad_request", "proxy")
    assert PASSWORD not in answer.text


async def test_sources_are_read_anew(exit_: Exit) -> None:
    await exit_.settings()
    (exit_.office.server.home / "proxies.txt").write_text("10.0.0.1:1\nvless://x\n")
    answer = await exit_.office.operator.post("/proxies/reload")
    assert [one["name"] for one in answer.json["items"]] == ["10.0.0.1:1"]
    assert answer.json["sources"][-1]["remark"] == "not supported here: 1 vless"


async def test_the_states_are_counted_for_prometheus(exit_: Exit) -> None:
    good, gone = HttpProxy(), HttpProxy()
    await exit_.start(good, gone)
    await gone.stop()
    await exit_.settings(good, gone)
    text = (await exit_.office.operator.call("GET", "/metrics")).text
    assert 'plugway_proxies{state="healthy"} 1.0' in text
    assert 'plugway_proxies{state="failing"} 1.0' in text
    await exit_.settings(good)
    text = (await exit_.office.operator.call("GET", "/metrics")).text
    assert 'plugway_proxies{state="failing"} 0.0' in text


async def test_the_gateway_checks_by_itself(exit_: Exit) -> None:
    proxy = HttpProxy()
    await exit_.start(proxy)
    checked: list[int] = []
    proxy.on_request = lambda: checked.append(1)
    await exit_.settings(proxy)
    pool = exit_.office.gateway.upstream.proxies
    exit_.clock.advance(300)
    while len(checked) < 2:
        # The gateway's own loop, woken by the clock, begins it.
        await exit_.office.operator.get("/proxies")
    await pool.settled()
    assert pool.counts() == {"healthy": 1}


async def test_no_secret_of_the_pool_is_shown(exit_: Exit) -> None:
    proxy = Socks5Proxy(LOGIN)
    await exit_.start(proxy)
    token = "token-canary"
    more = f'subscriptions = ["http://127.0.0.1:1/list?token={token}"]\n'
    await exit_.settings(proxy, more=more)
    office = exit_.office
    for path in ("/proxies", "/settings", "/channels", "/audit"):
        text = (await office.admin.get(path)).text
        assert PASSWORD not in text
        assert token not in text
    assert PASSWORD not in repr(office.gateway.current())
