"""The Run button: disabled, deaf, with a question of its own, or with an error."""

from __future__ import annotations

import pytest
from aistudio_page import Desk

from plugway import PlugwayError, QuotaExhausted
from plugway_aistudio.page.run import StuckRun

pytestmark = pytest.mark.anyio


async def test_a_button_that_is_slow_is_waited_for(studio: Desk) -> None:
    studio.emulator.mishap("stuck_run", seconds=0.4)
    await studio.ask("Slow")
    assert studio.asked.text == "Slow"


async def test_a_button_that_stays_disabled_is_got_rid_of(hurried: Desk) -> None:
    # Comhurriedts 9 and 21: from then on every call failed.
    hurried.emulator.mishap("stuck_run")
    await hurried.ask("Stuck")
    assert hurried.asked.text == "Stuck"


async def test_one_that_stays_disabled_for_good_is_named(hurried: Desk) -> None:
    hurried.emulator.mishap("stuck_run", times=3)
    with pytest.raises(StuckRun, match="Run button stays disabled"):
        await hurried.submit("Stuck")
    assert not hurried.driver.health().ready
    assert "Run" in hurried.driver.health().reason
    await hurried.ask("After")
    assert hurried.asked.text == "After"


async def test_a_click_that_is_ignored_is_made_again(studio: Desk) -> None:
    studio.emulator.mishap("run_ignored")
    await studio.ask("Again")
    assert studio.asked.text == "Again"


async def test_a_question_of_the_pages_is_agreed_to(studio: Desk) -> None:
    studio.emulator.mishap("confirm")
    await studio.ask("Confirmed")
    assert studio.asked.text == "Confirmed"


async def test_an_error_of_the_pages_is_told_in_its_words(studio: Desk) -> None:
    studio.emulator.mishap("toast", text="Something is odd.", times=4)
    with pytest.raises(PlugwayError, match=r"Something is odd\."):
        await studio.submit("Odd")
    studio.emulator.mishaps.waiting.clear()
    await studio.ask("After")
    assert studio.asked.text == "After"


async def test_a_quota_that_the_page_tells_of_is_one(studio: Desk) -> None:
    studio.emulator.mishap("toast", text="You have exceeded quota for this model.", times=4)
    with pytest.raises(QuotaExhausted):
        await studio.submit("Much")
    studio.emulator.mishaps.waiting.clear()
