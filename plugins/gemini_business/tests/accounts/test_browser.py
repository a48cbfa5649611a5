"""The browser is found or asked for, and nothing of it is left behind, whatever happens."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from gemini_business_emulated import Visitor
from loopback_proxies import Socks5Proxy
from machine_browser import descendants, gone, machine_browser

from plugway import ConfigurationError, PlugwayError, Unavailable, UpstreamUnreachable
from plugway_gemini_business import browser as module
from plugway_gemini_business.browser import (
    DIRECT,
    Browser,
    check_display,
    proxy_settings,
)
from plugway_gemini_business.socks_bridge import bridge

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def proxy() -> AsyncIterator[tuple[str, list[str]]]:
    """Run a proxy that answers every request itself, and remembers it."""
    seen: list[str] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        except asyncio.IncompleteReadError:
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


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="no program /nowhere"):
        Browser("/nowhere").program(visible=True)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PLAYWRIGHT_BROWSERS_PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="playwright install chromium"):
        Browser().program(visible=False)
    assert not Browser().available
    shell = tmp_path / "chromium-headless-shell"
    shell.touch(0o700)
    assert Browser().program(visible=False) == str(shell)
    with pytest.raises(ConfigurationError, match="there is no Chromium"):
        Browser().program(visible=True)
    (tmp_path / "chromium-1234").mkdir()
    assert Browser().program(visible=True) is None
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ConfigurationError, match="extra `browser`"):
        Browser().program(visible=False)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there always is a display")
def test_a_window_needs_a_display() -> None:
    with pytest.raises(ConfigurationError, match="no display"):
        check_display({"DISPLAY": ""})
    check_display({"WAYLAND_DISPLAY": "wayland-0"})


@pytest.mark.parametrize(
    "url", ["socks4://me:canary@proxy:1", "http://", "http://a:b", "ftp://me:canary@proxy:21"]
)
def test_a_proxy_that_no_browser_can_use_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        proxy_settings(url)
    assert "canary" not in caught.value.message


def test_proxies_are_told_without_their_login_in_the_address() -> None:
    found = proxy_settings("https://u%3A:p@[2001:db8::1]:8443")
    assert found is not None
    assert found["server"] == "https://[2001:db8::1]:8443"
    assert (found["username"], found["password"]) == ("u:", "p")
    bare = proxy_settings("socks5h://proxy:1080")
    assert bare is not None
    assert (bare["server"], "username" in bare) == ("socks5://proxy:1080", False)


async def test_only_loopback_goes_past_the_proxy() -> None:
    browser = machine_browser()
    async with proxy() as (url, seen), Visitor("demo") as visitor:
        async with browser.open(proxy=url) as context:
            page = await context.new_page()
            await page.goto(visitor.emulator.url)
            # What the browser does beside the page goes through it too.
            assert not any("127.0.0.1" in head.splitlines()[0] for head in seen)
            answer = await page.goto("http://upstream.example/")
            assert answer is not None
            assert answer.status == 200
        asked = [head for head in seen if head.startswith("GET http://upstream.example/")]
        assert "Proxy-Authorization: Basic bWU6cEBzcw==" in asked[-1]


async def test_a_socks_proxy_that_wants_a_login_gets_it() -> None:
    browser = machine_browser()
    async with Visitor("demo") as visitor, Socks5Proxy(("me", "p@ss")) as far:
        port = visitor.emulator.url.rpartition(":")[2]
        url = f"socks5://me:p%40ss@127.0.0.1:{far.port}"
        async with browser.open(proxy=url) as context:
            page = await context.new_page()
            await page.goto(f"http://upstream.example:{port}/")
            assert await page.title() == "Sign in"
        # The proxy resolves the name, and the browser goes no other way.
        assert f"upstream.example:{port}" in far.asked
        with pytest.raises(UpstreamUnreachable):
            async with browser.open(proxy=url.replace("me:", "you:")) as context:
                await (await context.new_page()).goto(f"https://upstream.example:{port}/")


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


async def test_no_proxy_is_taken_from_the_environment_against_the_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    browser = machine_browser()
    async with proxy() as (url, seen):
        monkeypatch.setenv("http_proxy", url)
        with pytest.raises(UpstreamUnreachable):
            async with browser.open(proxy=DIRECT) as context:
                await (await context.new_page()).goto("http://upstream.invalid/")
        assert seen == []


async def test_the_browser_gets_no_secret_of_the_gateways_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    real = machine_browser().program(visible=False)
    told = tmp_path / "environment"
    program = tmp_path / "chromium"
    program.write_text(f'#!/bin/sh\nenv > {told}\nexec {real} "$@"\n')
    program.chmod(0o700)
    monkeypatch.setenv("SQL_DSN", "canary-1")
    monkeypatch.setenv("PLUGWAY__DATABASE__URL", "canary-2")
    async with Browser(str(program)).open():
        pass
    assert "PATH=" in told.read_text()
    assert "canary" not in told.read_text()


async def test_nothing_is_left_behind_after_failures() -> None:
    browser, before = machine_browser(), descendants()
    for _ in range(2):
        with pytest.raises(RuntimeError):  # noqa: PT012  # it is raised inside of the block
            async with browser.open() as context:
                await context.new_page()
                assert descendants() - before
                raise RuntimeError
        with pytest.raises(PlugwayError):
            async with browser.open() as context:
                await (await context.new_page()).goto("http://127.0.0.1:1/")
    assert await gone(before)


async def test_nothing_is_left_behind_of_a_program_that_is_no_browser(tmp_path: Path) -> None:
    machine_browser()
    before = descendants()
    program = tmp_path / "chromium"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o700)
    with pytest.raises(Unavailable, match="did not open"):
        async with Browser(str(program)).open():
            pytest.fail("it opened")
    assert await gone(before)


async def test_a_browser_that_dies_is_told() -> None:
    browser, before = machine_browser(), descendants()
    with pytest.raises(Unavailable, match="ended before"):  # noqa: PT012  # the same
        async with browser.open() as context:
            page = await context.new_page()
            assert context.browser is not None
            await context.browser.close()
            await page.goto("http://127.0.0.1:1/")
    assert await gone(before)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 0.2, 0.5, 1.0])
async def test_nothing_is_left_behind_of_what_is_cancelled(seconds: float) -> None:
    browser, before = machine_browser(), descendants()

    async def use() -> None:
        async with browser.open() as context:
            await context.new_page()
            await asyncio.Event().wait()

    task = asyncio.create_task(use())
    # However far it has come: the moment is what this is about.
    await asyncio.wait([task], timeout=seconds)
    task.cancel()
    await asyncio.sleep(0)
    # Impatience changes nothing.
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await gone(before)
