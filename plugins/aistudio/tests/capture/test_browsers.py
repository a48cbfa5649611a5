"""One browser for all profiles: started once, started again, and ended with all that is its."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from aistudio_capture import Rpc, nobody, process, read, timed
from loopback_proxies import Socks5Proxy
from machine_browser import descendants, gone, machine_browser

from plugway import Browser, ConfigurationError, CredentialExpired, PlugwayError, Unavailable
from plugway.testing import ManualClock
from plugway_aistudio.browsers import Browsers, Context
from plugway_aistudio.capture import listen
from plugway_aistudio.settings import AIStudioSettings

pytestmark = pytest.mark.anyio

EMPTY: dict[str, Any] = {"cookies": [], "origins": []}


@pytest.fixture
async def browsers(clock: ManualClock) -> AsyncIterator[Browsers]:
    """Prepare the one browser, and end it."""
    before = descendants()
    made = Browsers(machine_browser(), lambda: AIStudioSettings(width=1_300, height=700), clock)
    yield made
    await made.close()
    await made.close()
    assert await gone(before)


async def test_each_profile_has_its_own_state(browsers: Browsers, rpc: Rpc) -> None:
    states = [
        {
            "cookies": [
                {
                    "name": "SID",
                    "value": name,
                    "domain": "127.0.0.1",
                    "path": "/",
                    "expires": -1,
                    "httpOnly": True,
                    "secure": False,
                    "sameSite": "Lax",
                }
            ],
            "origins": [{"origin": rpc.url, "localStorage": [{"name": "who", "value": name}]}],
        }
        for name in ("first", "second")
    ]
    one, two, none = await asyncio.gather(
        *(browsers.context(state, proxy=None) for state in (*states, EMPTY))
    )
    assert browsers.health().contexts == 3
    for context, name in ((one, "first"), (two, "second"), (none, None)):
        page = await context.window.new_page()
        await page.goto(rpc.url)
        assert await page.evaluate("localStorage.getItem('who')") == name
        assert await page.evaluate("[innerWidth, innerHeight]") == [1_300, 700]
        cookies = (await context.state())["cookies"]
        assert [cookie["value"] for cookie in cookies] == ([name] if name else [])
    await asyncio.gather(one.close(), one.close(), two.close())
    await one.close()
    assert not one.open
    assert none.open
    assert browsers.health().contexts == 1
    with pytest.raises(Unavailable):
        await one.state()


async def test_it_is_started_once_whoever_leaves(browsers: Browsers, clock: ManualClock) -> None:
    assert not browsers.health().running
    before = descendants()
    asking = [asyncio.create_task(browsers.context(EMPTY, proxy=None)) for _ in range(5)]
    await asyncio.sleep(0)
    asking[0].cancel()
    while not descendants() - before:
        await asyncio.sleep(0.01)
    asking[1].cancel()
    contexts = await asyncio.gather(*asking, return_exceptions=True)
    assert [type(one) for one in contexts[2:]] == [Context] * 3
    assert all(isinstance(one, asyncio.CancelledError) for one in contexts[:2])
    # A second one would be beside the first.
    driver = process("driver", descendants() - before)
    with pytest.raises(AssertionError, match="there is no driver"):
        process("driver", descendants() - before - {driver})
    clock.advance(5)
    health = browsers.health()
    assert (health.running, health.contexts, health.restarts) == (True, 3, 0)
    assert health.seconds == 5
    # Nobody's wait that was cut short has left a context.
    assert isinstance(contexts[2], Context)
    assert contexts[2].window.browser is not None
    assert len(contexts[2].window.browser.contexts) == 3


async def test_it_rests_only_when_nobody_has_a_context(browsers: Browsers) -> None:
    await browsers.rest()
    before = descendants()
    context = await browsers.context(EMPTY, proxy=None)
    await browsers.rest()
    assert context.open
    await context.close()
    await browsers.rest()
    assert not browsers.health().running
    assert await gone(before)
    again = await browsers.context(EMPTY, proxy=None)
    assert again.open
    # It was not the browser that ended.
    assert browsers.restarts == 0


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
async def test_a_killed_browser_costs_one_answer(
    browsers: Browsers, rpc: Rpc, clock: ManualClock
) -> None:
    before = descendants()
    for restarts in range(2):
        context = await browsers.context(EMPTY, proxy=None)
        assert browsers.restarts == restarts
        page = await context.window.new_page()
        capture = await listen(page, clock=clock, models=nobody)
        await page.goto(rpc.url)
        exchange = capture.expect()
        answer = await rpc.ask(page)
        await answer.begin()
        await answer.give(b"first")
        chunks = timed(exchange.chunks())
        assert await anext(chunks) == b"first"
        os.kill(process("browser", descendants() - before), signal.SIGKILL)
        with pytest.raises(PlugwayError, match="The browser ended"):
            await anext(chunks)
        assert not context.open
        with pytest.raises(Unavailable):
            await context.state()
        # Also if nobody ever asks again, nothing of it is left.
        assert await gone(before)
        assert not browsers.health().running
        await capture.close()
        await context.close()
    context = await browsers.context(EMPTY, proxy=None)
    page = await context.window.new_page()
    capture = await listen(page, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    await (await rpc.ask(page)).all([b"whole"])
    assert await read(exchange) == b"whole"
    assert browsers.health().restarts == 2


async def test_a_state_that_no_browser_takes(browsers: Browsers) -> None:
    with pytest.raises(CredentialExpired, match="does not take this profile"):
        await browsers.context({"cookies": [{"name": "canary"}], "origins": []}, proxy=None)
    assert browsers.health().running
    assert browsers.health().contexts == 0


async def test_each_profile_has_its_own_way(browsers: Browsers, rpc: Rpc) -> None:
    async with Socks5Proxy(("me", "p@ss")) as proxy:
        context = await browsers.context(EMPTY, proxy=proxy.url)
        straight = await browsers.context(EMPTY, proxy="direct")
        page = await context.window.new_page()
        # Loopback never goes through a proxy.
        await page.goto(rpc.url)
        assert await page.title() == "asks"
        page = await straight.window.new_page()
        await page.goto(rpc.url)
        assert await page.title() == "asks"
        await context.close()
    with pytest.raises(ConfigurationError, match="socks4"):
        await browsers.context(EMPTY, proxy="socks4://me:canary@proxy:1")


async def test_what_is_missing_is_said_each_time(clock: ManualClock) -> None:
    browsers = Browsers(Browser("/nowhere/chromium"), AIStudioSettings, clock)
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="no program /nowhere/chromium"):
            await browsers.context(EMPTY, proxy=None)
    assert browsers.restarts == 0
    await browsers.close()
    with pytest.raises(Unavailable, match="The gateway stops"):
        await browsers.context(EMPTY, proxy=None)


def fake_camoufox(monkeypatch: pytest.MonkeyPatch, program: Path | None) -> None:
    """Put a package in the place of camoufox, which finds that program."""

    class NotInstalled(FileNotFoundError): ...

    def camoufox_path(*, download_if_missing: bool) -> Path:
        assert not download_if_missing
        if program is None:
            raise NotInstalled
        return program.parent

    found = SimpleNamespace(
        camoufox_path=camoufox_path, launch_path=lambda folder: str(folder / "camoufox-bin")
    )
    exceptions = SimpleNamespace(UnsupportedVersion=type("UnsupportedVersion", (Exception,), {}))
    monkeypatch.setitem(sys.modules, "camoufox", ModuleType("camoufox"))
    monkeypatch.setitem(sys.modules, "camoufox.pkgman", found)
    monkeypatch.setitem(sys.modules, "camoufox.exceptions", exceptions)


async def test_camoufox_is_asked_for_by_name(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    browsers = Browsers(Browser(), lambda: AIStudioSettings(engine="camoufox"), clock)
    monkeypatch.setitem(sys.modules, "camoufox", None)
    with pytest.raises(ConfigurationError, match="extra `camoufox`"):
        await browsers.context(EMPTY, proxy=None)
    fake_camoufox(monkeypatch, None)
    with pytest.raises(ConfigurationError, match="run `camoufox fetch`"):
        await browsers.context(EMPTY, proxy=None)
    # A program that is no browser: it is started by Playwright's Firefox, with its options.
    seen = tmp_path / "seen"
    program = tmp_path / "camoufox-bin"
    program.write_text(f'#!/bin/sh\necho "$@" > {seen}\n')
    program.chmod(0o700)
    fake_camoufox(monkeypatch, program)
    with pytest.raises(Unavailable, match="did not open"):
        await browsers.context(EMPTY, proxy=None)
    assert {"-headless", "-juggler-pipe"} <= set(seen.read_text().split())
    await browsers.close()
