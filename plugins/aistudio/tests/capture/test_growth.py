"""A page that is asked many times leaves nothing behind, and a list of models is given."""

from __future__ import annotations

import asyncio
import gc
from collections import Counter

import pytest
from aistudio_capture import LIST, Rpc, nobody, read
from playwright.async_api import Page

from plugway import ConfigurationError
from plugway.testing import ManualClock
from plugway_aistudio.capture import listen
from plugway_aistudio.capture.listening import Kind

pytestmark = pytest.mark.anyio


def counted(page: Page) -> Counter[str]:
    """Count what the driver and the plugin keep, and the tasks that run."""
    gc.collect()
    found: Counter[str] = Counter()
    for one in gc.get_objects():
        kind = type(one)
        if str(kind.__module__).startswith("plugway_aistudio.capture"):
            found[kind.__name__] += 1
    connection = page._impl_obj._connection  # noqa: SLF001  # the driver has no other way to count
    for name, kept in Counter(type(one).__name__ for one in connection._objects.values()).items():  # noqa: SLF001  # the same
        found[f"driver's {name}"] += kept
    found["tasks"] = len(asyncio.all_tasks())
    return found


async def test_many_answers_leave_nothing(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    capture = await listen(page, kind=kind, clock=clock, models=nobody)
    await page.goto(rpc.url)

    async def ask(number: int) -> None:
        exchange = capture.expect()
        answer = await rpc.ask(page)
        body = [b"[[%d]," % number, b"1]" * 50]
        await exchange.sent()
        if number % 10 == 3:
            # One that the page stops, and below one that nobody reads.
            await page.evaluate("last.abort()")
            return
        await answer.all(body)
        if number % 10 != 7:
            assert await read(exchange) == b"".join(body)

    for number in range(10):
        await ask(number)
    await ask(0)
    before = counted(page)
    for number in range(200):
        await ask(number)
    await ask(0)
    # Connections to the upstream have a task each in this process; of them the browser has six.
    before["tasks"] += 6
    async with asyncio.timeout(60):
        while counted(page) - before:
            # The last word of the last answer may still be under way.
            await asyncio.sleep(0.1)
    await capture.close()


async def test_a_list_of_models_is_given(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind
) -> None:
    lists: asyncio.Queue[bytes] = asyncio.Queue()
    capture = await listen(page, kind=kind, clock=clock, models=lists.put_nowait)
    await page.goto(rpc.url)
    exchange = capture.expect()
    for base in ("", rpc.other):
        await (await rpc.ask(page, base=base, path=LIST)).whole(b"[,[7]]", status=403)
        body = b')]}\'\n[[["models/a",null,"\xc3\xa9"]]]'
        await (await rpc.ask(page, base=base, path=LIST)).all([body[:9], body[9:]])
        async with asyncio.timeout(60):
            assert await lists.get() == body
    # It is no answer.
    await (await rpc.ask(page)).all([b"answer"])
    assert await read(exchange) == b"answer"
    assert lists.empty()
    await capture.close()
    await (await rpc.ask(page, path=LIST)).all([b"unheard"])
    await (await rpc.ask(page)).all([b"unheard"])
    assert lists.empty()


async def test_whoever_takes_the_models_may_fail(
    page: Page, rpc: Rpc, clock: ManualClock, kind: Kind, caplog: pytest.LogCaptureFixture
) -> None:
    called = asyncio.Event()

    def models(_: bytes) -> None:
        called.set()
        raise ValueError("not a list")

    capture = await listen(page, kind=kind, clock=clock, models=models)
    await page.goto(rpc.url)
    await (await rpc.ask(page, path=LIST)).all([b"[]"])
    async with asyncio.timeout(60):
        await called.wait()
    exchange = capture.expect()
    await (await rpc.ask(page)).all([b"answer"])
    assert await read(exchange) == b"answer"
    assert "a list of models was not taken" in caplog.text


async def test_an_engine_without_the_protocol_says_so(
    page: Page, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = page.context.browser
    assert browser is not None
    monkeypatch.setattr(type(browser.browser_type), "name", "firefox")
    with pytest.raises(ConfigurationError, match=r"plugins\.aistudio\.capture"):
        await listen(page, kind="cdp", clock=clock, models=nobody)
    capture = await listen(page, clock=clock, models=nobody)
    await capture.close()
