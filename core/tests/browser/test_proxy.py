"""Proxies: which ones a browser can use, and that nothing goes past the one that it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest
from loopback_proxies import HttpProxy, Socks5Proxy
from machine_browser import machine_browser
from playwright.async_api import BrowserContext

from plugway import Browser, ConfigurationError, UpstreamUnreachable
from plugway.browser.bridge import bridge
from plugway.browser.proxy import proxy_settings

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """Run a proxy that answers every request itself, and remembers it."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except (asyncio.IncompleteReadError, ConnectionError):
            # Opened in case it were needed.
            writer.close()
            return
        seen.append(head)
        if "proxy-authorization" in head.lower():
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        else:
            writer.write(
                b"HTTP/1.1 407 Who\r\nProxy-Authenticate: Basic realm=x\r\n"
                b"Content-Length: 0\r\nConnection: close\r\n\r\n"
            )
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://me:p%40ss@127.0.0.1:{port}", seen


@pytest.mark.parametrize(
    "url",
    ["socks4://me:canary@proxy:1", "http://", "http://a:b", "ftp://me:canary@proxy:21", "http://["],
)
async def test_a_proxy_that_no_browser_can_use_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        async with Browser().way(url):
            pytest.fail("it was taken")
    assert "canary" not in caught.value.message


def test_proxies_are_told_without_their_login_in_the_address() -> None:
    found = proxy_settings("https://u%3A:p@[2001:db8::1]:8443")
    assert found is not None
    assert found["server"] == "https://[2001:db8::1]:8443"
    assert (found["username"], found["password"]) == ("u:", "p")
    bare = proxy_settings("socks5h://proxy:1080")
    assert bare is not None
    assert (bare["server"], "username" in bare) == ("socks5://proxy:1080", False)


async def test_only_loopback_goes_past_the_proxy(site: str) -> None:
    browser = machine_browser()
    async with proxy() as (url, seen), browser.open(proxy=url) as context:
        page = await context.new_page()
        for host in ("127.0.0.1", "localhost"):
            await page.goto(f"http://{host}:{site}/")
            assert await page.title() == "Here"
        assert seen == []
        answer = await page.goto("http://upstream.example/")
        assert answer is not None
        assert answer.status == 200
        assert "Proxy-Authorization: Basic bWU6cEBzcw==" in seen[-1]
        # A browser that is left alone asks nobody else; it used to, half a second from its start.
        for _ in range(60):
            await page.goto("http://upstream.example/")
        places = {head.split(" ")[1] for head in seen}
        assert {place for place in places if "upstream.example" not in place} == set()


async def test_contexts_of_one_browser_go_each_their_own_way(site: str) -> None:
    browser = machine_browser()
    login = ("me", "p@ss")
    async with (
        proxy() as (url, seen),
        HttpProxy() as http,
        Socks5Proxy() as bare,
        Socks5Proxy(login) as socks,
        browser.run() as running,
    ):

        async def visited(proxy: str | None, host: str) -> str:
            async with browser.way(proxy) as way:
                context = await running.new_context(proxy=way)
                page = await context.new_page()
                await page.goto(f"http://{host}:{site}/")
                title = await page.title()
                await context.close()
                return title

        urls = {
            "http": http.url,
            "bare": bare.url,
            "socks": f"socks5://me:p%40ss@127.0.0.1:{socks.port}",
        }
        titles = await asyncio.gather(
            *(visited(url, f"{name}.example") for name, url in urls.items()),
            visited(url, "login.example"),
            visited(Browser.DIRECT, "localhost"),
            visited(None, "localhost"),
        )
        assert titles == ["Here", "Here", "Here", "", "Here", "Here"]
        for name, far in (("http", http), ("bare", bare), ("socks", socks)):
            places = {place.removeprefix("http://").partition("/")[0] for place in far.asked}
            assert places == {f"{name}.example:{site}"}
        assert "Proxy-Authorization: Basic bWU6cEBzcw==" in seen[-1]
        assert {urlsplit(head.split(" ")[1]).hostname for head in seen} == {"login.example"}


async def test_a_socks_proxy_that_wants_a_login_gets_it(site: str) -> None:
    browser = machine_browser()
    async with Socks5Proxy(("me", "p@ss")) as far:
        url = f"socks5://me:p%40ss@127.0.0.1:{far.port}"
        async with browser.open(proxy=url) as context:
            page = await context.new_page()
            await page.goto(f"http://upstream.example:{site}/")
            assert await page.title() == "Here"
        # The proxy resolves the name, and the browser goes no other way.
        assert f"upstream.example:{site}" in far.asked
        with pytest.raises(UpstreamUnreachable):
            async with browser.open(proxy=url.replace("me:", "you:")) as context:
                await (await context.new_page()).goto(f"https://upstream.example:{site}/")


async def test_the_way_to_it_is_nobody_elses() -> None:
    async with Socks5Proxy(("me", "secret")) as far:
        async with bridge(f"socks5://me:secret@127.0.0.1:{far.port}") as url:
            assert "secret" not in url
            port = urlsplit(url).port
            for login in ("", "Proxy-Authorization: Basic YnJpZGdlOg==\r\n"):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                asked = f"CONNECT upstream.example:443 HTTP/1.1\r\n{login}\r\n"
                writer.write(asked.encode())
                assert (await reader.read()).startswith(b"HTTP/1.1 407 ")
                writer.close()
        assert far.asked == []


@pytest.mark.parametrize("shared", [False, True])
async def test_no_proxy_is_taken_from_the_environment_against_the_settings(
    shared: bool, monkeypatch: pytest.MonkeyPatch, site: str
) -> None:
    browser = machine_browser()
    async with proxy() as (url, seen):
        monkeypatch.setenv("http_proxy", url)

        async def visit(context: BrowserContext) -> None:
            page = await context.new_page()
            await page.goto(f"http://127.0.0.1:{site}/")
            assert await page.title() == "Here"
            await page.goto("http://upstream.invalid/")

        with pytest.raises(UpstreamUnreachable, match="NOT_RESOLVED"):  # noqa: PT012  # in a block
            if shared:
                async with browser.run() as running, browser.way(Browser.DIRECT) as way:
                    await visit(await running.new_context(proxy=way))
            else:
                async with browser.open(proxy=Browser.DIRECT) as context:
                    await visit(context)
        assert seen == []
