"""`plugway proxies`, with real ones."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from command_line import Shell
from loopback_proxies import HttpProxy, LoopbackProxy, Socks5Proxy

PASSWORD = "hunter-canary"


async def no_content(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
    writer.close()


@pytest.fixture
def proxies(shell: Shell) -> Iterator[tuple[LoopbackProxy, LoopbackProxy]]:
    """Run two proxies and what is asked through them in a thread of their own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    both = Socks5Proxy(("user", PASSWORD)), HttpProxy(status=407)

    async def start() -> asyncio.Server:
        for proxy in both:
            await proxy.start()
        return await asyncio.start_server(no_content, "127.0.0.1", 0)

    async def stop() -> None:
        for proxy in both:
            await proxy.stop()
        server.close()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    port = server.sockets[0].getsockname()[1]
    shell.environ["PLUGWAY__PROXIES__CHECK_URL"] = f"http://127.0.0.1:{port}/"
    yield both
    asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


def test_proxies_are_added_listed_and_tested(
    shell: Shell, proxies: tuple[LoopbackProxy, LoopbackProxy]
) -> None:
    good, bad = proxies
    assert shell("proxies", "list").err == "none\n"
    assert shell("proxies", "test").code == 0
    added = shell("proxies", "add", f"socks5://{good.name}:user:{PASSWORD}", "--json")
    assert added.json == {"added": 1, "known": 0}
    assert "added  1" in shell("proxies", "add", "-", stdin=f"{bad.name}\n").out
    ran = shell("proxies", "list", "--json")
    assert [(one["name"], one["state"]) for one in ran.json["items"]] == [
        (good.name, "unchecked"),
        (bad.name, "unchecked"),
    ]
    table = shell("proxies", "list").out
    assert f"socks5://…@{good.name}" in table
    tested = shell("proxies", "test", check=False)
    assert tested.code == 1
    first, second = tested.out.splitlines()
    assert first.startswith(f"{good.name}  ")
    assert first.endswith(" ms  ok")
    assert second == f"{bad.name}  fail  proxy refused with status 407"
    assert shell("proxies", "test", good.name, "--json").json[0]["ok"] is True
    assert shell("proxies", "test", "--proxy", good.url).code == 0
    for one in (ran, tested, added):
        assert PASSWORD not in one.out + one.err + table


def test_sources_are_read_anew_and_their_faults_shown(shell: Shell) -> None:
    shell.environ["PLUGWAY__PROXIES__FILES"] = "none.txt"
    (shell.home / "proxies.txt").write_text("10.0.0.1:1\nvmess://x\n")
    reloaded = shell("proxies", "reload").out
    assert "there is no such file" in reloaded
    assert "not supported here: 1 vmess" in reloaded
    listed = shell("proxies", "list")
    assert "10.0.0.1:1" in listed.out
    assert "none.txt: there is no such file" in listed.err
    assert "proxies.txt: not supported here: 1 vmess" in listed.err
    assert shell("proxies", "reload", "--json").json["items"][0]["name"] == "10.0.0.1:1"


def test_what_is_no_proxy_is_refused_without_repeating_it(shell: Shell) -> None:
    ran = shell("proxies", "add", f"ftp://user:{PASSWORD}@h", check=False)
    assert ran.code == 1
    assert "proxies[0]: the right form is" in ran.err
    assert PASSWORD not in ran.err
    assert not (shell.home / "proxies.txt").exists()
