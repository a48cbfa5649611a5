"""Whatever happens to a page ends what waits for it at once, with words that say what."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Literal

import pytest
from aistudio_capture import Rpc, nobody, process, read, timed, until
from machine_browser import descendants, gone, machine_browser
from playwright.async_api import Error, Page

from plugway import PlugwayError, UnreadableAnswer, UpstreamInterrupted
from plugway.testing import ManualClock
from plugway_aistudio.capture import Capture, Exchange, listen
from plugway_aistudio.capture.arriving import Arriving
from plugway_aistudio.capture.listening import Kind

pytestmark = pytest.mark.anyio

Event = Callable[[Page, Rpc], Awaitable[object]]


async def goes(page: Page, rpc: Rpc) -> None:
    rpc.pages["/elsewhere"] = b"<p>elsewhere"
    await page.goto(f"{rpc.url}/elsewhere")


async def reloads(page: Page, _: Rpc) -> None:
    await page.reload()


async def is_sent_away(page: Page, rpc: Rpc) -> None:
    await page.evaluate("(url) => { location.href = url; }", rpc.other)


async def goes_nowhere(page: Page, _: Rpc) -> None:
    await page.goto("about:blank")


async def fails_to_go(page: Page, _: Rpc) -> None:
    # An address that no browser opens: it shows a page of its own that says so.
    await page.evaluate("() => { location.href = 'http://127.0.0.1:1/'; }")


async def crashes(page: Page, _: Rpc) -> None:
    with pytest.raises(Error):
        await page.goto("chrome://crash")


async def is_closed(page: Page, _: Rpc) -> None:
    await page.close()


async def loses_its_context(page: Page, _: Rpc) -> None:
    await page.context.close()


EVENTS: list[tuple[Event, str]] = [
    (goes, "The page went elsewhere."),
    (reloads, "The page went elsewhere."),
    (is_sent_away, "The page went elsewhere."),
    (goes_nowhere, "The page went elsewhere."),
    (fails_to_go, "The page went elsewhere."),
    (crashes, "The page crashed."),
    (is_closed, "The page was closed."),
    (loses_its_context, "The page was closed."),
]


async def cut(waiting: Awaitable[object]) -> PlugwayError:
    """Return the error that something ends with; it must come."""
    async with asyncio.timeout(60):
        with pytest.raises(PlugwayError) as caught:
            await waiting
    return caught.value


async def streaming(page: Page, rpc: Rpc, capture: Capture) -> Exchange:
    """Return an answer whose first bytes have been read."""
    exchange = capture.expect()
    answer = await rpc.ask(page, base=rpc.other)
    await answer.begin()
    await answer.give(b"first")
    assert await anext(timed(exchange.chunks())) == b"first"
    return exchange


@pytest.mark.parametrize(("event", "words"), EVENTS)
async def test_a_stream_ends(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind, event: Event, words: str
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = await streaming(page, rpc, capture)
    reading = asyncio.create_task(read(exchange))
    await asyncio.sleep(0)
    await event(page, rpc)
    error = await cut(reading)
    # A page that leaves may stop its request first.
    assert error.message in {words, "The page stopped the answer."}
    assert isinstance(error, UpstreamInterrupted)
    assert not error.charged
    # What was known stays known.
    assert await exchange.status() == 200
    await capture.close()


@pytest.mark.parametrize(("event", "words"), EVENTS)
async def test_a_request_that_was_not_sent_is_not_waited_for(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind, event: Event, words: str
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    sent, status = asyncio.create_task(exchange.sent()), asyncio.create_task(exchange.status())
    await asyncio.sleep(0)
    await event(page, rpc)
    for waiting in (sent, status, read(exchange)):
        assert (await cut(waiting)).message == words
    if words != "The page went elsewhere.":
        # Nothing will come of this page, so nobody waits for another answer either.
        assert (await cut(capture.expect().sent())).message == words


async def test_an_address_that_only_changes_ends_nothing(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    answer = await rpc.ask(page)
    await answer.begin()
    for script in (
        "history.pushState({}, '', '/prompts/saved')",
        "history.replaceState({}, '', '/prompts/saved?model=x#1')",
        "location.hash = 'there'",
        "history.back()",
        "document.body.append(Object.assign(document.createElement('iframe'), {src: '/frame'}))",
        "document.body.append(Object.assign(document.createElement('iframe'), {srcdoc: 'x'}))",
    ):
        async with page.expect_event("framenavigated"):
            await page.evaluate(script)
        await answer.give(b"[more]")
    await answer.end()
    assert await read(exchange) == b"[more]" * 6


async def test_a_page_that_went_elsewhere_is_asked_again(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    for _ in range(3):
        await page.goto(rpc.url, wait_until="commit")
        await until(page, "window.ask")
        exchange = capture.expect()
        await (await rpc.ask(page)).all([b"here"])
        assert await read(exchange) == b"here"


@pytest.mark.skipif(sys.platform != "linux", reason="processes are found in /proc")
@pytest.mark.parametrize("victim", ["browser", "driver"])
async def test_a_browser_that_is_killed(
    rpc: Rpc, clock: ManualClock, kind: Kind, victim: Literal["browser", "driver"]
) -> None:
    browser = machine_browser()
    before = descendants()
    loop = asyncio.get_running_loop()
    # The driver's package leaves an error of its own that nobody takes.
    earlier = loop.get_exception_handler()
    loop.set_exception_handler(lambda _, context: None)
    with pytest.raises(PlugwayError):  # noqa: PT012  # the block's end says so too
        async with browser.run() as running:
            page = await (await running.new_context()).new_page()
            capture = await listen(page, kind=kind, clock=clock, models=nobody)
            await page.goto(rpc.url)
            exchange = await streaming(page, rpc, capture)
            reading = asyncio.create_task(read(exchange))
            await asyncio.sleep(0)
            os.kill(process(victim, descendants() - before), signal.SIGKILL)
            assert (await cut(reading)).message == "The browser ended."
            assert (await cut(capture.expect().status())).message == "The browser ended."
            await capture.close()
            await page.reload()
    assert await gone(before)
    del page, capture, exchange, reading, running
    gc.collect()
    loop.set_exception_handler(earlier)


async def test_a_broken_connection(page: Page, rpc: Rpc, clock: ManualClock, kind: Kind) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    answer = await rpc.ask(page)
    await answer.begin()
    await answer.give(b"some of it")
    chunks = timed(exchange.chunks())
    assert await anext(chunks) == b"some of it"
    answer.cut()
    with pytest.raises(UpstreamInterrupted, match="The browser's network failed"):
        await anext(chunks)
    exchange = capture.expect()
    ended = asyncio.create_task(cut(exchange.status()))
    (await rpc.ask(page)).cut()
    await exchange.sent()
    while not ended.done():
        # What a kept connection did not take, a browser sends again.
        coming = asyncio.create_task(rpc.answer())
        await asyncio.wait((ended, coming), return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            coming.result().cut()
        coming.cancel()
    assert "The browser's network failed" in (await ended).message


async def test_what_came_is_read_before_the_error(page: Page, rpc: Rpc, clock: ManualClock) -> None:
    capture = await listen(page, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    answer = await rpc.ask(page)
    await answer.begin()
    await answer.give(b"some of it")
    await exchange.status()
    await until(page, "last.responseText")
    await page.close()
    chunks = timed(exchange.chunks())
    assert await anext(chunks) == b"some of it"
    with pytest.raises(UpstreamInterrupted, match="closed"):
        await anext(chunks)


async def test_closing_ends_what_waits(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = await streaming(page, rpc, capture)
    await capture.close()
    await capture.close()
    assert (await cut(read(exchange))).message == "The page is not listened to any more."
    assert (await cut(capture.expect().sent())).message == "The page is not listened to any more."
    # The page goes on as before.
    await (await rpc.ask(page)).all([b"unheard"])
    await until(page, "last.responseText === 'unheard'")


async def test_what_nobody_reads_is_bounded(clock: ManualClock) -> None:
    exchange = Arriving(clock, limit=3 << 20)
    exchange.asked()
    exchange.answered(200)
    chunks = exchange.chunks()
    for _ in range(10):
        for _ in range(3):
            exchange.came(bytes(1 << 20))
        assert exchange.held == 3 << 20
        for _ in range(3):
            await anext(chunks)
        assert exchange.held == 0
    for _ in range(4):
        exchange.came(bytes(1 << 20))
    assert exchange.held == 0
    with pytest.raises(UnreadableAnswer, match="More than 3 MiB of the answer were not read"):
        await anext(chunks)
