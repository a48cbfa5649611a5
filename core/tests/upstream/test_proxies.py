from __future__ import annotations

import asyncio
import base64
import traceback
from typing import Any

import msgspec
import pytest
from yarl import URL

from plugway.contract import ChannelSettings
from plugway.contract.settings import masked
from plugway.errors import (
    ConfigurationError,
    UpstreamInterrupted,
    UpstreamUnreachable,
)
from plugway.upstream import Answer, Timeouts, Upstream
from plugway.upstream.proxies import EnvironmentProxies, parse_proxy

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


async def connect_proxy(peer: Any) -> None:
    await peer.request()
    _, authority, _ = peer.lines()[0].split(" ")
    await peer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    host, _, port = authority.partition(":")
    await tunnel(peer, host, int(port))


def check_no_password(error: BaseException) -> None:
    shown = "".join(traceback.format_exception(error)) + repr(error)
    assert PASSWORD not in shown
    assert base64.b64encode(f"user:{PASSWORD}".encode()).decode() not in shown


async def test_a_plain_request_goes_to_an_http_proxy_whole(upstream: Upstream, serve: Any) -> None:
    proxy = await serve(echo)
    via = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
    for _ in range(2):
        got = await send(upstream, "http://upstream.example:8080", via)
        assert await got.read(10) == b"hi"
    lines = proxy.heads[1].decode().split("\r\n")
    assert lines[0] == "POST http://upstream.example:8080/a%2fb?c=%2F HTTP/1.1"
    assert "Host: upstream.example:8080" in lines
    basic = base64.b64encode(f"user:{PASSWORD}".encode()).decode()
    assert f"Proxy-Authorization: Basic {basic}" in lines
    assert "X-A: 1" in lines
    assert proxy.connections == 1


async def test_a_tls_request_goes_through_a_tunnel(
    open_upstream: Any, serve: Any, certificates: Any
) -> None:
    upstream = await open_upstream(tls=certificates.client)
    server = await serve(echo, certificates.server)
    proxy = await serve(connect_proxy)
    via = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
    for _ in range(2):
        got = await send(upstream, server.url, via)
        assert await got.read(10) == b"hi"
    assert proxy.connections == 1
    assert b"Proxy-Authorization" in proxy.heads[0]
    assert all(b"Proxy-Authorization" not in head for head in server.heads)
    assert server.heads[0].startswith(b"POST /a%2fb?c=%2F HTTP/1.1\r\n")


async def test_a_tls_request_goes_through_a_tls_proxy(
    open_upstream: Any, serve: Any, certificates: Any
) -> None:
    upstream = await open_upstream(tls=certificates.client)
    server = await serve(echo, certificates.server)
    proxy = await serve(connect_proxy, certificates.server)
    got = await send(upstream, server.url, proxy.url)
    assert await got.read(10) == b"hi"
    assert proxy.connections == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_refuses_means_nothing_was_sent(
    upstream: Upstream, serve: Any, scheme: str
) -> None:
    async def refuse(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"no", "407 Proxy Authentication Required")

    proxy = await serve(refuse)
    via = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}"
    with pytest.raises(UpstreamUnreachable, match="proxy refused with status 407") as caught:
        await send(upstream, f"{scheme}://upstream.example", via)
    assert caught.value.acted is False
    check_no_password(caught.value)


async def test_a_status_that_comes_through_a_tunnel_is_the_upstreams_own(
    open_upstream: Any, serve: Any, certificates: Any
) -> None:
    async def answer(peer: Any) -> None:
        await peer.request()
        await peer.answer(b"own", "407 Proxy Authentication Required")

    upstream = await open_upstream(tls=certificates.client)
    server = await serve(answer, certificates.server)
    proxy = await serve(connect_proxy)
    got = await send(upstream, server.url, proxy.url)
    assert (got.status, await got.read(10)) == (407, b"own")


@pytest.mark.parametrize("stall", ["answer", "handshake"])
async def test_a_tunnel_that_stalls_means_nothing_was_sent(
    upstream: Upstream, serve: Any, stall: str
) -> None:
    async def wait(peer: Any) -> None:
        await peer.request()
        if stall == "handshake":
            await peer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await peer.gone()

    proxy = await serve(wait)
    for timeouts in (Timeouts(20, 0.1, 10), Timeouts(0.1, 10, 10)):
        with pytest.raises(UpstreamUnreachable) as caught:
            await send(upstream, "https://upstream.example", proxy.url, timeouts)
        assert caught.value.acted is False
        words = {"answer": "proxy timed out", "handshake": "TLS handshake timed out"}
        assert words[stall] in caught.value.message


async def test_a_tunnel_that_breaks_before_it_stands_means_nothing_was_sent(
    upstream: Upstream, serve: Any
) -> None:
    async def drop(peer: Any) -> None:
        await peer.request()

    proxy = await serve(drop)
    with pytest.raises(UpstreamUnreachable) as caught:
        await send(upstream, "https://upstream.example", proxy.url)
    assert caught.value.acted is False
    assert proxy.connections == 1


async def test_an_answer_lost_behind_a_proxy_may_have_been_acted_on(
    upstream: Upstream, serve: Any
) -> None:
    async def drop(peer: Any) -> None:
        await peer.request()

    proxy = await serve(drop)
    with pytest.raises(UpstreamInterrupted) as caught:
        await send(upstream, "http://upstream.example", proxy.url)
    assert caught.value.acted


@pytest.mark.parametrize("scheme", ["http", "socks5"])
async def test_a_proxy_that_is_not_there(upstream: Upstream, serve: Any, scheme: str) -> None:
    gone = await serve(echo)
    await gone.stop()
    via = f"{scheme}://user:{PASSWORD}@127.0.0.1:{gone.port}"
    with pytest.raises(UpstreamUnreachable, match="proxy") as caught:
        await send(upstream, "https://upstream.example", via)
    assert caught.value.acted is False
    check_no_password(caught.value)


@pytest.mark.parametrize(
    "text", ["", "proxy", "ftp://h:1", "http://", "http://h:99999", f"htp://user:{PASSWORD}@h"]
)
def test_a_proxy_that_cannot_be_one_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigurationError, match="right form") as caught:
        parse_proxy(text)
    check_no_password(caught.value)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("http://h", "http://h"),
        ("https://u:p@h:1", "https://u:p@h:1"),
        ("socks5://h", "socks5://h:1080"),
        ("socks5h://u:p@h:1", "socks5://u:p@h:1"),
    ],
)
def test_the_forms_of_a_proxy(text: str, parsed: str) -> None:
    assert parse_proxy(text) == URL(parsed)


async def test_the_environments_proxy_is_used_for_channels_without_their_own(
    open_upstream: Any, serve: Any
) -> None:
    proxy = await serve(echo)
    other = await serve(echo)
    upstream = await open_upstream(environ={"HTTP_PROXY": f"127.0.0.1:{proxy.port}"})
    await (await send(upstream, "http://upstream.example")).read(10)
    assert proxy.connections == 1
    await (await send(upstream, "http://upstream.example", other.url)).read(10)
    assert (proxy.connections, other.connections) == (1, 1)
    with pytest.raises(UpstreamUnreachable, match="name not resolved"):
        await send(upstream, "http://upstream.invalid", "direct")
    assert proxy.connections == 1


async def test_loopback_never_goes_through_the_environments_proxy(
    open_upstream: Any, serve: Any
) -> None:
    proxy = await serve(echo)
    server = await serve(echo)
    environ = {"http_proxy": proxy.url, "HTTPS_PROXY": proxy.url}
    upstream = await open_upstream(environ=environ)
    for host in ("127.0.0.1", "localhost", "127.0.0.2"):
        if host == "127.0.0.2":
            with pytest.raises(UpstreamUnreachable, match="refused"):
                await send(upstream, f"http://{host}:{server.port}")
        else:
            await (await send(upstream, f"http://{host}:{server.port}")).read(10)
    assert proxy.connections == 0


@pytest.mark.parametrize(
    ("without", "url", "goes"),
    [
        ("", "http://a.example", "through"),
        ("*", "http://a.example", "straight"),
        ("a.example", "http://a.example", "straight"),
        ("a.example", "http://b.a.example", "straight"),
        ("a.example", "http://ba.example", "through"),
        (".a.example", "http://b.a.example", "straight"),
        ("*.a.example", "http://b.a.example", "straight"),
        ("A.EXAMPLE, other", "http://a.example.", "straight"),
        ("a.example:81", "http://a.example", "through"),
        ("a.example:80", "http://a.example", "straight"),
        ("10.0.0.0/8", "http://10.1.2.3", "straight"),
        ("10.0.0.0/8", "http://11.1.2.3", "through"),
        ("10.1.2.3", "http://10.1.2.3:8080", "straight"),
        ("10.1.2.3:80", "http://10.1.2.3:8080", "through"),
        ("2001:db8::/32", "http://[2001:db8::1]", "straight"),
        ("example", "http://[2001:db8::1]", "through"),
        ("", "http://localhost:1", "straight"),
        ("", "http://a.localhost", "straight"),
        ("", "http://127.3.2.1", "straight"),
        ("", "http://[::1]:1", "straight"),
        (",,", "http://a.example", "through"),
    ],
)
def test_no_proxy(without: str, url: str, goes: str) -> None:
    proxies = EnvironmentProxies({"http_proxy": "http://proxy:3128", "no_proxy": without})
    for _ in range(2):
        found = proxies.find(URL(url))
        assert found == (URL("http://proxy:3128") if goes == "through" else None)
    assert proxies.find(URL("https://a.example")) is None


async def test_a_channels_proxy_may_name_hosts_that_go_straight(
    upstream: Upstream, serve: Any
) -> None:
    proxy, server = await serve(echo), await serve(echo)
    via = f"http://user:{PASSWORD}@127.0.0.1:{proxy.port} | no_proxy=127.0.0.0/8"
    for url in (server.url, "http://upstream.example"):
        assert await (await send(upstream, url, via)).read(10) == b"hi"
    assert (proxy.connections, server.connections) == (1, 1)


@pytest.mark.parametrize("option", ["", " | no_proxy=.a.example", " | no_proxy=10.0.0.0/8"])
def test_a_list_of_channels_hides_the_login_of_a_proxy(option: str) -> None:
    (proxy,) = (f for f in msgspec.structs.fields(ChannelSettings) if f.name == "proxy")
    shown = masked(proxy.type, f"socks5://user:{PASSWORD}@10.0.0.1:1080{option}")
    assert shown == f"socks5://…@10.0.0.1:1080{option}"


def test_a_broken_proxy_in_the_environment_is_named() -> None:
    with pytest.raises(ConfigurationError, match="HTTPS_PROXY") as caught:
        EnvironmentProxies({"https_proxy": f"htp://user:{PASSWORD}@h"})
    check_no_password(caught.value)


def test_one_name_for_both_schemes_is_taken_as_older_deployments_set_it() -> None:
    proxies = EnvironmentProxies({"PROXY": "127.0.0.1:3128", "HTTPS_PROXY": "http://other:1"})
    assert proxies.find(URL("http://a.example")) == URL("http://127.0.0.1:3128")
    assert proxies.find(URL("https://a.example")) == URL("http://other:1")
    with pytest.raises(ConfigurationError, match=r"^PROXY:"):
        EnvironmentProxies({"PROXY": "nonsense://x"})
