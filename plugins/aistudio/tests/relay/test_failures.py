"""What goes wrong with an applet, and what becomes of the call, the profile and the money."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aistudio_gateway import AIStudioGateway
from playwright.async_api import Frame

from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.relay.driver import RelayDriver

pytestmark = pytest.mark.anyio

#: Seconds until an answer goes on that a test holds back.
LONG = 3_600.0

#: Comes in more pieces than can be on the way at once.
MUCH = "A text of several pieces. " * 40


@pytest.fixture(scope="module")
async def studio(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway that relays, with one profile."""
    home: Path = tmp_path_factory.mktemp("relay") / "home"
    async with running(home) as studio:
        yield studio


def running(home: Path, **channel: Any) -> Any:
    return AIStudioGateway.running(
        home,
        AIStudioEmulator(),
        driver="relay",
        channel={"applet": "/apps/mine", **channel},
        # A stream begins with its first piece, or when nothing was said for so long.
        core={"PLUGWAY__CHAT__KEEPALIVE_SECONDS": "0.1"},
    )


def driver(studio: AIStudioGateway) -> RelayDriver:
    found = studio.driver
    assert isinstance(found, RelayDriver)
    return found


def frame(studio: AIStudioGateway) -> Frame:
    applet = driver(studio).applet
    assert applet is not None
    assert applet.frame is not None
    return applet.frame


@asynccontextmanager
async def slowly(studio: AIStudioGateway) -> AsyncIterator[asyncio.Event]:
    """Let an answer come piece after piece, until what this gives is set."""
    enough = asyncio.Event()

    async def release() -> None:
        while not enough.is_set():
            studio.emulator.release()
            await asyncio.sleep(0.02)

    studio.emulator.applet.pause = LONG
    releasing = asyncio.create_task(release())
    try:
        yield enough
    finally:
        enough.set()
        await releasing
        studio.emulator.applet.pause = 0
        studio.emulator.release()


async def arrived(studio: AIStudioGateway, before: int) -> None:
    """Wait until the API has been asked once more."""
    async with asyncio.timeout(30):
        while len(studio.emulator.applet.bodies) == before:
            await asyncio.sleep(0.01)


async def works(studio: AIStudioGateway) -> bool:
    answer = await studio.ask("Still there?")
    return bool(answer.message["content"] == "Still there?")


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        ("location.reload()", "went elsewhere"),
        ("location.href = 'about:blank'", "went elsewhere"),
        ("parent.postMessage('close', '*')", "was closed"),
    ],
)
async def test_an_applet_that_is_lost_in_an_answer_costs_that_answer(
    studio: AIStudioGateway, happens: str, said: str
) -> None:
    before = await studio.charged()
    async with slowly(studio) as enough, studio.stream(MUCH) as events:
        seen, error = "", None
        async for event in events:
            if "error" in event:
                error = event["error"]
                break
            seen += event["choices"][0]["delta"].get("content") or ""
            if seen and not enough.is_set():
                enough.set()
                await frame(studio).evaluate(happens)
        assert error is not None
        assert said in error["message"]
    assert await studio.charged() == before
    assert await works(studio)


async def test_an_applet_that_only_changes_its_address_goes_on(studio: AIStudioGateway) -> None:
    assert await works(studio)
    inside = frame(studio)
    await inside.evaluate("history.pushState({}, '', '#elsewhere')")
    assert await works(studio)
    assert frame(studio) is inside


async def test_an_applet_that_was_lost_between_two_calls_is_opened_anew(
    studio: AIStudioGateway,
) -> None:
    assert await works(studio)
    await frame(studio).evaluate("location.reload()")
    async with asyncio.timeout(30):
        while driver(studio).health().open:
            await asyncio.sleep(0.01)
    assert "went elsewhere" in driver(studio).health().reason
    assert await works(studio)


@pytest.mark.parametrize(
    ("event", "code"),
    [
        ("{not json", "unreadable_answer"),
        ('{"candidates": [7]}', "unreadable_answer"),
        ('{"candidates": [{"content": {"parts": [{"text": "Half"}]}}]}', "upstream_interrupted"),
    ],
)
async def test_garbage_is_an_error_that_costs_nothing(
    studio: AIStudioGateway, event: str, code: str
) -> None:
    before = await studio.charged()
    studio.emulator.applet.scripted.append([event])
    answer = await studio.ask()
    assert (answer.status, answer.error["code"]) == (502, code)
    assert await studio.charged() == before
    assert await works(studio)


async def test_what_another_frame_tells_is_not_believed(studio: AIStudioGateway) -> None:
    assert await works(studio)
    studio.emulator.applet.pause = LONG
    inside = frame(studio)
    names = "() => Object.getOwnPropertyNames(window).filter((name) => name.startsWith('plugway'))"
    bindings = [name for name in await inside.evaluate(names) if name != "plugwayRelay"]
    before = len(studio.emulator.applet.bodies)
    try:
        async with studio.stream("A text") as events:
            await arrived(studio, before)
            lie = """([names]) => { for (const name of names) for (let id = 0; id < 99; id += 1)
                window[name]({ id, kind: 'text', text: 'data: {}\\n\\n not what was said' }) }"""
            await inside.page.main_frame.evaluate(lie, [bindings])
            studio.emulator.applet.pause = 0
            studio.emulator.release()
            pieces = [event["choices"][0]["delta"].get("content") or "" async for event in events]
            assert "".join(pieces) == "A text"
    finally:
        studio.emulator.applet.pause = 0
        studio.emulator.release()


@pytest.mark.parametrize(
    ("status", "answered", "state"),
    [(500, 502, "ready"), (400, 400, "ready"), (401, 503, "expired"), (403, 503, "restricted")],
)
async def test_a_refusal_does_to_the_profile_what_it_means(
    tmp_path: Path, status: int, answered: int, state: str
) -> None:
    async with running(tmp_path / "home") as studio:
        studio.emulator.applet.refused.extend([status] * 9)
        answer = await studio.ask()
        assert answer.status == answered, answer.body
        assert [row.state for row in await studio.rows()] == [state]
        assert await studio.charged() == 0


async def test_a_list_of_models_that_is_refused_stops_no_answer(tmp_path: Path) -> None:
    async with running(tmp_path / "home") as studio:
        studio.emulator.applet.unlisted = True
        assert await works(studio)


async def test_an_applet_without_its_mark_says_what_it_lacks(tmp_path: Path) -> None:
    async with running(tmp_path / "home", open_timeout=3) as studio:
        studio.emulator.applet.hidden = True
        answer = await studio.ask()
        assert answer.status == 504
        assert "plugway-relay" in answer.error["message"]
        assert studio.studio.browsers.health().contexts == 0
        studio.emulator.applet.hidden = False


async def test_a_channel_without_an_applet_is_told_so(tmp_path: Path) -> None:
    async with running(tmp_path / "home", applet="") as studio:
        answer = await studio.ask()
        assert "applet" in answer.error["message"]
        assert answer.error["code"] == "configuration_error"
        assert not studio.studio.browsers.health().running


async def test_silence_ends_an_answer(tmp_path: Path) -> None:
    async with running(tmp_path / "home", first_timeout=2, silence_timeout=2) as studio:
        studio.emulator.applet.pause = LONG
        answer = await studio.ask()
        assert answer.status == 504
        assert "did not begin" in answer.error["message"]
        async with asyncio.timeout(30):
            while not studio.emulator.applet.left:
                studio.emulator.release()
                await asyncio.sleep(0.02)
        assert await studio.charged() == 0


async def test_a_killed_browser_costs_one_answer(studio: AIStudioGateway) -> None:
    assert await works(studio)
    before, asked = await studio.charged(), len(studio.emulator.applet.bodies)
    studio.emulator.applet.pause = LONG
    try:
        async with studio.stream("A text") as events:
            await arrived(studio, asked)
            browser = frame(studio).page.context.browser
            assert browser is not None
            await browser.close()
            errors = [event["error"] async for event in events if "error" in event]
            assert [one["code"] for one in errors] == ["upstream_interrupted"]
    finally:
        studio.emulator.applet.pause = 0
        studio.emulator.release()
    assert await studio.charged() == before
    assert await works(studio)


async def test_an_answer_that_takes_too_long_is_charged_as_far_as_it_came(
    studio: AIStudioGateway,
) -> None:
    assert await works(studio)
    before = await studio.charged()
    asked, kept = driver(studio), driver(studio)._settings  # noqa: SLF001  # to wait for nothing
    try:
        async with slowly(studio), studio.stream(MUCH) as events:
            seen, errors = "", []
            async for event in events:
                errors += [event["error"]["code"]] if "error" in event else []
                seen += "" if errors else event["choices"][0]["delta"].get("content") or ""
                asked._settings = msgspec.structs.replace(  # noqa: SLF001  # as above
                    kept, total_timeout=0.001 if seen else kept.total_timeout
                )
        assert seen
        assert errors == ["upstream_timeout"]
    finally:
        asked._settings = kept  # noqa: SLF001  # as above
    # Else a client had it for nothing, who asks for much or reads slowly.
    assert await studio.charged() > before
    assert await works(studio)
