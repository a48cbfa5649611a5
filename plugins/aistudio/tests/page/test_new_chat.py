"""A new chat for every question, temporary or not, whatever lies over the page."""

from __future__ import annotations

import pytest
from aistudio_page import FLASH, LEVELS, Desk, desk, text_of

from plugway import BadRequest, NotFound, PlugwayError
from plugway_aistudio.browsers import Browsers
from plugway_aistudio.page.moment import SystemTime
from plugway_aistudio.provider import AIStudioChannel

pytestmark = pytest.mark.anyio


async def test_no_question_sees_another(either: Desk) -> None:
    for number in range(3):
        events = await either.ask(f"Question {number}")
        assert f"Question {number}" in text_of(events)
        assert either.asked.turns == (("user", f"Question {number}"),)


@pytest.mark.parametrize("place", ["bar", "menu"])
async def test_chats_are_temporary(browsers: Browsers, place: str) -> None:
    async with desk(browsers, SystemTime(), temporary_in=place) as one:
        await one.ask()
        assert one.asked.temporary
        await one.ask()
        assert one.asked.temporary


async def test_chats_are_kept_where_the_operator_wants_that(browsers: Browsers) -> None:
    channel = AIStudioChannel(temporary=False)
    # They get addresses of their own amid their answers.
    async with desk(browsers, SystemTime(), channel=channel, autosave_seconds=0.0) as one:
        for number in range(2):
            events = await one.ask(f"Question {number}")
            assert f"Question {number}" in text_of(events)
            assert not one.asked.temporary


async def test_a_chat_that_stays_temporary_is_left_so(browsers: Browsers) -> None:
    async with desk(browsers, SystemTime(), temporary_stays=True) as one:
        for _ in range(2):
            await one.ask()
            assert one.asked.temporary


async def test_the_model_is_the_one_asked_for(either: Desk) -> None:
    for model in (LEVELS, FLASH, "gemini-2.5-flash-image", LEVELS):
        await either.ask(model=model)
        assert either.asked.model == model


async def test_a_model_that_the_page_does_not_have_is_not_found(studio: Desk) -> None:
    with pytest.raises(NotFound, match="no model 'gemini-9'") as caught:
        await studio.submit(model="gemini-9")
    assert caught.value.field == "model"
    await studio.ask()
    assert studio.asked.model == FLASH


async def test_a_page_that_keeps_another_model_is_not_asked(hurried: Desk) -> None:
    await hurried.driver.open()
    hurried.emulator.mishap("wrong_model")
    before = len(hurried.emulator.asked)
    with pytest.raises(NotFound):
        await hurried.submit(model=LEVELS)
    assert len(hurried.emulator.asked) == before


@pytest.mark.parametrize("kind", ["dialog", "survey", "welcome"])
@pytest.mark.parametrize("moment", ["load", "chat"])
async def test_what_covers_the_page_is_taken_away(
    browsers: Browsers, kind: str, moment: str
) -> None:
    async with desk(browsers, SystemTime()) as one:
        one.emulator.mishap(kind, at=moment)
        for _ in range(2):
            await one.ask()
            assert one.asked.text == "Hello"
        assert not one.emulator.mishaps.waiting


async def test_an_error_of_one_question_is_not_told_of_the_next(studio: Desk) -> None:
    studio.emulator.mishap("status", status=400, text="The question is too long.")
    with pytest.raises(BadRequest, match="too long"):
        await studio.ask("First")
    # It takes so long that the page's notices are read.
    studio.emulator.mishap("confirm")
    studio.emulator.mishap("slow_start", seconds=3)
    await studio.ask("Second")
    studio.emulator.mishap("toast", text="Something is odd.", times=4)
    with pytest.raises(PlugwayError, match=r"^The page says: Something is odd\.") as caught:
        await studio.ask("Third")
    assert "long" not in caught.value.message
