"""The driver: sign-in, answers as they come, what cuts them, and cancelling."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Literal

import pytest
from aistudio_page import Desk, Hurried, desk, text_of
from machine_browser import machine_browser

from plugway import (
    ChallengeRequired,
    CredentialExpired,
    CredentialRestricted,
    Finish,
    PlugwayError,
    QuotaExhausted,
    TextDelta,
    ThoughtDelta,
    TokenCount,
    UnreadableAnswer,
    UpstreamError,
    UpstreamInterrupted,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway_aistudio.browsers import Browsers
from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import text
from plugway_aistudio.page.moment import SystemTime
from plugway_aistudio.provider import AIStudioChannel
from plugway_aistudio.settings import AIStudioSettings

pytestmark = pytest.mark.anyio


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def test_an_answer_is_told_as_documented(studio: Desk) -> None:
    events = await studio.ask("Hello")
    assert text_of(events).startswith("You said: Hello")
    assert any(isinstance(event, ThoughtDelta) for event in events)
    assert any(isinstance(event, TokenCount) and event.input for event in events)
    assert events[-1] == Finish("stop")
    assert studio.driver.health().ready


async def test_each_piece_comes_while_the_next_is_not_there_yet(studio: Desk) -> None:
    pieces = ["One ", "two ", "three"]
    studio.emulator.script(answer(*map(text, pieces), stepped=True))
    await studio.submit()
    stream = studio.driver.stream()
    for piece in pieces:
        studio.emulator.step()
        async with asyncio.timeout(30):
            assert await anext(stream) == TextDelta(piece)
    studio.emulator.step()
    assert [event async for event in stream][-1] == Finish("stop")


async def test_what_the_page_shows_and_its_address_do_not_matter(browsers: Browsers) -> None:
    # Complaints 1 to 3, 6 and 10: the page never shows the end, and goes to another address.
    channel = AIStudioChannel(temporary=False)
    async with desk(browsers, SystemTime(), channel=channel, autosave_seconds=0.0) as one:
        one.emulator.mishap("no_end")
        pieces = [text(f"{number} ") for number in range(50)]
        one.emulator.script(answer(*pieces, pause=0.01))
        events = await one.ask()
        assert text_of(events) == "".join(f"{number} " for number in range(50))
        assert one.driver.page is not None
        assert text_of(await one.ask("Next")).startswith("You said: Next")


@pytest.mark.parametrize(
    ("kind", "details", "error"),
    [
        ("truncated", {"after": 2}, UpstreamInterrupted),
        ("cut", {"after": 2}, UpstreamInterrupted),
        ("navigate", {"after": 2}, UpstreamInterrupted),
        ("reload", {"after": 2}, UpstreamInterrupted),
        ("garbage", {"after": 2}, UnreadableAnswer),
        ("status", {"status": 500}, PlugwayError),
        ("status", {"status": 403}, UpstreamError),
        ("quota", {}, QuotaExhausted),
    ],
)
async def test_an_answer_that_fails_is_an_error_and_the_next_is_good(
    studio: Desk, kind: str, details: dict[str, Any], error: type[PlugwayError]
) -> None:
    studio.emulator.mishap(kind, **details)
    if "after" in details:
        pieces = [text(f"{number} ") for number in range(50)]
        studio.emulator.script(answer(*pieces, pause=0.02))
    with pytest.raises(error) as caught:
        await studio.ask()
    if isinstance(caught.value, UpstreamInterrupted):
        assert not caught.value.charged
    assert not studio.driver.health().ready
    assert studio.driver.health().reason == caught.value.message
    studio.emulator.mishaps.waiting.clear()
    assert text_of(await studio.ask("After")).startswith("You said: After")
    assert studio.driver.health().ready


async def test_a_second_refusal_in_a_row_speaks_of_the_account(studio: Desk) -> None:
    studio.emulator.mishap("status", status=403, times=2)
    with pytest.raises(UpstreamError) as caught:
        await studio.ask()
    assert not isinstance(caught.value, CredentialRestricted)
    with pytest.raises(CredentialRestricted):
        await studio.ask()
    await studio.ask()
    studio.emulator.mishap("status", status=403)
    with pytest.raises(UpstreamError) as caught:
        await studio.ask()
    assert not isinstance(caught.value, CredentialRestricted)


async def test_silence_ends_by_the_clock(hurried: Desk) -> None:
    hurried.emulator.mishap("silence", after=2)
    with pytest.raises(UpstreamTimeout, match="Nothing came of the answer for 120 seconds"):
        await hurried.ask()
    hurried.emulator.release()


async def test_an_answer_that_does_not_begin_ends_by_the_clock(hurried: Desk) -> None:
    hurried.emulator.mishap("slow_start", seconds=0)
    with pytest.raises(UpstreamTimeout, match="did not begin within 180 seconds"):
        await hurried.ask()
    hurried.emulator.release()


async def test_a_closed_page_costs_one_answer(studio: Desk) -> None:
    studio.emulator.script(answer(text("One"), text("two"), stepped=True))
    await studio.submit()
    stream = studio.driver.stream()
    studio.emulator.step()
    assert await anext(stream) == TextDelta("One")
    assert studio.driver.page is not None
    await studio.driver.page.close()
    with pytest.raises(UpstreamInterrupted, match="closed") as caught:
        await anext(stream)
    assert not caught.value.charged
    studio.emulator.step(9)
    assert text_of(await studio.ask("After")).startswith("You said: After")


async def test_a_crashed_page_costs_one_answer(studio: Desk) -> None:
    studio.emulator.script(answer(text("One"), text("two"), pause=0.2))
    await studio.submit()
    stream = studio.driver.stream()
    assert await anext(stream) == TextDelta("One")
    assert studio.driver.page is not None
    session = await studio.driver.page.context.new_cdp_session(studio.driver.page)
    crash = asyncio.create_task(session.send("Page.crash"))
    with pytest.raises(UpstreamInterrupted, match="crashed") as caught:
        [event async for event in stream]
    crash.cancel()
    await asyncio.gather(crash, return_exceptions=True)
    assert not caught.value.charged
    assert text_of(await studio.ask("After")).startswith("You said: After")


async def test_a_browser_that_is_killed_costs_one_answer() -> None:
    browsers = Browsers(machine_browser(), AIStudioSettings, SystemTime())
    async with desk(browsers, SystemTime()) as one:
        one.emulator.script(answer(*[text("x")] * 100, pause=0.1))
        await one.submit()
        stream = one.driver.stream()
        assert await anext(stream) == TextDelta("x")
        assert one.driver.page is not None
        browser = one.driver.page.context.browser
        assert browser is not None
        session = await browser.new_browser_cdp_session()
        crash = asyncio.create_task(session.send("Browser.crash"))
        with pytest.raises(UpstreamInterrupted, match="browser ended") as caught:
            [event async for event in stream]
        await asyncio.gather(crash, return_exceptions=True)
        assert not caught.value.charged
        assert not one.driver.health().open
        assert text_of(await one.ask("After")).startswith("You said: After")
    await browsers.close()


async def test_cancelling_stops_the_upstream_and_keeps_the_page(studio: Desk) -> None:
    pieces = [text(f"{number} ") for number in range(1_000)]
    await studio.driver.open()
    page = studio.driver.page
    studio.emulator.script(answer(*pieces, pause=0.05))
    await studio.submit("Long")
    asked = studio.asked
    stream = studio.driver.stream()
    assert await anext(stream) == TextDelta("0 ")
    await stream.aclose()
    await studio.driver.cancel()
    await until(lambda: asked.ended == "left")
    assert asked.frames < 1_000
    assert text_of(await studio.ask("After")).startswith("You said: After")
    assert studio.driver.page is page
    await studio.driver.cancel()


async def test_cancelling_before_the_answer_begins_stops_it(studio: Desk) -> None:
    studio.emulator.mishap("slow_start", seconds=0)
    await studio.submit("Slow")
    await until(lambda: studio.asked.text == "Slow")
    asked = studio.asked
    await studio.driver.cancel()
    # A request that still waited would be answered now.
    studio.emulator.release()
    assert text_of(await studio.ask("After")).startswith("You said: After")
    assert asked.status == 0


async def test_a_reader_that_is_cancelled_leaves_nothing_behind(studio: Desk) -> None:
    studio.emulator.script(answer(*[text("x")] * 1_000, pause=0.05))
    task = asyncio.create_task(studio.ask("Long"))
    before = len(studio.emulator.asked)
    await until(lambda: len(studio.emulator.asked) > before and studio.asked.frames > 1)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    asked = studio.asked
    await studio.driver.cancel()
    await until(lambda: asked.ended == "left")
    assert text_of(await studio.ask("After")).startswith("You said: After")


@pytest.mark.parametrize(
    ("state", "error"),
    [("expired", CredentialExpired), ("challenge", ChallengeRequired)],
)
async def test_a_profile_that_is_not_signed_in_is_noticed(
    browsers: Browsers, state: Literal["expired", "challenge"], error: type[PlugwayError]
) -> None:
    async with desk(browsers, SystemTime()) as one:
        one.emulator.accounts["first"].state = state
        with pytest.raises(error):
            await one.driver.open()
        assert not one.driver.health().ready


@pytest.mark.parametrize("state", ["restricted", "migrated"])
async def test_an_account_that_may_not_is_noticed(
    browsers: Browsers, state: Literal["restricted", "migrated"]
) -> None:
    async with desk(browsers, Hurried()) as one:
        one.emulator.accounts["first"].state = state
        with pytest.raises(CredentialRestricted):
            await one.submit()


async def test_a_sign_in_that_ends_amid_work_is_noticed(browsers: Browsers) -> None:
    async with desk(browsers, SystemTime()) as one:
        await one.ask()
        one.emulator.accounts["first"].state = "expired"
        with pytest.raises(CredentialExpired):
            await one.ask()


async def test_an_upstream_that_is_not_there_is_unreachable(browsers: Browsers) -> None:
    async with desk(browsers, SystemTime()) as one:
        await one.emulator.stop()
        with pytest.raises(UpstreamUnreachable, match="ERR_CONNECTION_REFUSED"):
            await one.driver.open()
        await one.emulator.start()


async def test_a_page_that_comes_late_ends_by_the_clock(browsers: Browsers) -> None:
    async with desk(browsers, Hurried()) as one:
        one.emulator.mishap("slow_page", seconds=0)
        with pytest.raises(UpstreamTimeout, match="did not get ready"):
            await one.driver.open()
        one.emulator.release()


async def test_the_profile_can_be_taken_while_it_is_open(studio: Desk) -> None:
    await studio.driver.open()
    state = await studio.driver.state()
    assert state is not None
    assert {"SID", "SAPISID"} <= {each["name"] for each in state["cookies"]}


async def test_what_is_closed_opens_again(studio: Desk) -> None:
    await studio.driver.close()
    await studio.driver.close()
    assert not studio.driver.health().open
    assert await studio.driver.state() is None
    await studio.ask("Again")
    assert studio.asked.text == "Again"
