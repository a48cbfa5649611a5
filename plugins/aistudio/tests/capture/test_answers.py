"""Answers come through byte for byte, while they arrive, however they are listened to."""

from __future__ import annotations

import asyncio
import hashlib

import pytest
from aistudio_capture import LIST, Rpc, nobody, pieces, read, timed
from playwright.async_api import Page

from plugway import UnreadableAnswer, UpstreamInterrupted
from plugway.testing import ManualClock
from plugway_aistudio.capture import listen
from plugway_aistudio.capture.listening import Kind

pytestmark = pytest.mark.anyio

SIZES = [(1, 1), (300, 1), (5_000, 40), (200_000, 3_000), (3_000_000, 500_000)]


@pytest.mark.parametrize("gzip", [False, True])
@pytest.mark.parametrize(("total", "most"), SIZES)
async def test_every_byte_comes_once(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind, total: int, most: int, gzip: bool
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    for seed in range(3):
        body = list(pieces(seed, total, most))
        exchange = capture.expect()
        answer = await rpc.ask(page, base=rpc.other if seed else "")
        await exchange.sent()
        reading = asyncio.create_task(read(exchange))
        await answer.all(body, gzip=gzip)
        assert await exchange.status() == 200
        assert await reading == b"".join(body)
        # The page has the same, and saw nothing else than it would have.
        own = await page.evaluate("hash(last.responseText)")
        assert own == hashlib.sha256(b"".join(body)).hexdigest()
        assert await page.evaluate("last.seen.slice(-2).join()") == "load,loadend"


async def test_a_very_large_answer(page: Page, rpc: Rpc, clock: ManualClock, kind: Kind) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    body = list(pieces(1, 20_000_000, 1_000_000))
    for at_once in (False, True):
        exchange = capture.expect()
        answer = await rpc.ask(page, base=rpc.other)
        reading = asyncio.create_task(read(exchange))
        await (answer.whole(b"".join(body)) if at_once else answer.all(body))
        assert hashlib.sha256(await reading).digest() == hashlib.sha256(b"".join(body)).digest()


async def test_pieces_come_while_the_answer_arrives(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    answer = await rpc.ask(page, base=rpc.other)
    await answer.begin(429)
    chunks = timed(exchange.chunks())
    for number in range(20):
        clock.advance(1)
        # The page's own text begins with the fourth byte: there may be a byte order mark.
        await answer.give(b"[[%d]]" % number)
        # Only what was given before can come, and it comes before anything else is given.
        assert await anext(chunks) == b"[[%d]]" % number
        assert exchange.heard == clock.monotonic()
        # The page itself knows it with the first bytes only.
        assert await exchange.status() == 429
    clock.advance(1)
    await answer.end()
    with pytest.raises(StopAsyncIteration):
        await anext(chunks)


async def test_by_fetch(page: Page, rpc: Rpc, clock: ManualClock, kind: Kind) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    for base in ("", rpc.other):
        body = list(pieces(7, 100_000, 5_000))
        exchange = capture.expect()
        answer = await rpc.ask(page, base=base, how="askFetch")
        await answer.all(body, gzip=True)
        assert await read(exchange) == b"".join(body)
        assert await page.evaluate("got") == b"".join(body).decode()


async def test_the_leave_to_ask_elsewhere_is_no_answer(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    answer = await rpc.ask(page, base=rpc.other)
    assert rpc.options == 1
    await exchange.sent()
    await answer.whole(b"[,[7,1]]", status=403)
    # The leave was given with 204.
    assert await exchange.status() == 403
    assert await read(exchange) == b"[,[7,1]]"


async def test_other_requests_are_none_of_it(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    await (await rpc.ask(page, path=LIST.replace("ListModels", "CountTokens"))).whole(b"1")
    await (await rpc.ask(page, path="/log?to=MakerSuiteService/GenerateContent")).whole(b"2")
    answer = await rpc.ask(page)
    # A second request beside it does not mix with it.
    beside = await rpc.ask(page)
    await answer.begin()
    await beside.begin()
    for number in range(10):
        await answer.give(b"a%d" % number)
        await beside.give(b"b%d" % number)
    await beside.end()
    await answer.end()
    assert await read(exchange) == b"".join(b"a%d" % number for number in range(10))


async def test_what_the_page_stopped_does_not_come_with_the_next(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    for how, stop in (("ask", "last.abort()"), ("askFetch", "controller.abort()")):
        first = capture.expect()
        earlier = await rpc.ask(page, base=rpc.other, how=how)
        await earlier.begin()
        await earlier.give(b"older")
        chunks = timed(first.chunks())
        assert await anext(chunks) == b"older"
        await page.evaluate(stop)
        with pytest.raises(UpstreamInterrupted, match="The page stopped the answer"):
            await anext(chunks)
        second = capture.expect()
        answer = await rpc.ask(page, base=rpc.other, how=how)
        await answer.all([b"new"])
        assert await read(second) == b"new"
        # The upstream noticed too.
        async with asyncio.timeout(60):
            await earlier.gone.wait()


async def test_an_earlier_answer_that_still_comes_is_forgotten(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    first = capture.expect()
    earlier = await rpc.ask(page)
    await earlier.begin()
    await earlier.give(b"old")
    await first.sent()
    waiting = asyncio.create_task(read(first))
    second = capture.expect()
    with pytest.raises(UpstreamInterrupted, match="Another answer is expected"):
        await waiting
    answer = await rpc.ask(page)
    await earlier.give(b"older")
    await answer.all([b"new"])
    await earlier.end()
    assert await read(second) == b"new"


async def test_bytes_that_are_no_text(page: Page, rpc: Rpc, clock: ManualClock) -> None:
    capture = await listen(page, kind="cdp", clock=clock, models=nobody)
    await page.goto(rpc.url)
    body = bytes(range(256)) * 300
    for at_once in (False, True):
        exchange = capture.expect()
        answer = await rpc.ask(page)
        await (answer.whole(body) if at_once else answer.all([body[:70], body[70:]], gzip=True))
        assert await read(exchange) == body


@pytest.mark.parametrize("wanted", ["arraybuffer", "blob"])
async def test_a_page_that_wants_bytes(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind, wanted: str
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    answer = await rpc.ask(page, kind=wanted)
    body = bytes(range(256)) * 300
    await answer.all([body[:100], body[100:]])
    assert await read(exchange) == body


async def test_a_page_that_wants_what_no_script_can_give_back(
    page: Page, rpc: Rpc, clock: ManualClock
) -> None:
    capture = await listen(page, kind="script", clock=clock, models=nobody)
    await page.goto(rpc.url)
    exchange = capture.expect()
    await (await rpc.ask(page, kind="json")).whole(b"[1, 2]")
    with pytest.raises(UnreadableAnswer, match="did not give the whole answer"):
        await read(exchange)


async def test_an_empty_answer(page: Page, rpc: Rpc, clock: ManualClock, kind: Kind) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)
    for at_once in (False, True):
        exchange = capture.expect()
        answer = await rpc.ask(page)
        await (answer.whole(b"") if at_once else answer.all([]))
        assert await read(exchange) == b""
