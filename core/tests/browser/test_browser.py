"""Whatever happens in the process that drives it, nothing of a browser is left behind."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from machine_browser import descendants, gone, machine_browser

from plugway import Browser, PlugwayError, Unavailable, UpstreamTimeout

pytestmark = pytest.mark.anyio


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


async def test_contexts_of_one_browser_do_not_see_each_other(site: str) -> None:
    browser, before = machine_browser(), descendants()
    url = f"http://127.0.0.1:{site}/"
    async with browser.run() as running:
        first, second = await running.new_context(), await running.new_context()
        await first.add_cookies([{"name": "who", "value": "first", "url": url}])
        for context, seen in ((first, "who=first"), (second, "")):
            page = await context.new_page()
            await page.goto(url)
            assert await page.evaluate("document.cookie") == seen
        await first.close()
        # One that ends costs the others nothing.
        assert await second.pages[0].title() == "Here"
    assert await gone(before)


async def test_a_page_that_takes_too_long_is_told() -> None:
    with pytest.raises(UpstreamTimeout):
        async with machine_browser().open() as context:
            await (await context.new_page()).wait_for_selector("#never", timeout=1)


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
