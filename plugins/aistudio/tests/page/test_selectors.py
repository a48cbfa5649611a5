"""The parts of the page as data, and the operator's own ways to find them."""

from __future__ import annotations

import pytest
from aistudio_page import desk

from plugway import ConfigurationError, UnreadableAnswer
from plugway_aistudio.browsers import Browsers
from plugway_aistudio.page.moment import SystemTime
from plugway_aistudio.page.purpose import Selector
from plugway_aistudio.page.selectors import PURPOSES, Selectors
from plugway_aistudio.settings import AIStudioSettings

pytestmark = pytest.mark.anyio


def test_each_part_has_a_way_and_says_where_it_is_known_from() -> None:
    names = [one.name for one in PURPOSES]
    assert len(names) == len(set(names))
    for one in PURPOSES:
        assert one.selectors
        assert all(way.css and way.source for way in one.selectors)
        assert not one.within or one.within in names
        assert one.need == "always" or one.note, f"{one.name} does not say when it is there"


def test_a_selector_may_name_a_text() -> None:
    way = Selector.read('button.x:has-text("Discard and continue")', "settings")
    assert (way.css, way.text) == ("button.x", "Discard and continue")
    assert str(way) == 'button.x:has-text("Discard and continue")'


def test_own_selectors_come_first() -> None:
    found = Selectors({"run": ("button.go", "button.start")})["run"].selectors
    assert [way.css for way in found[:2]] == ["button.go", "button.start"]
    assert len(found) == len(Selectors()["run"].selectors) + 2


def test_a_part_that_is_not_known_is_named() -> None:
    with pytest.raises(ConfigurationError, match="no part 'rum'") as caught:
        Selectors({"rum": ("button",)})
    assert caught.value.field == "selectors.rum"


@pytest.mark.parametrize("written", ["", "  ", "a\nb"])
def test_what_is_no_selector_is_refused(written: str) -> None:
    with pytest.raises(ConfigurationError, match=r"selectors\.run") as caught:
        Selectors({"run": (written,)})
    assert caught.value.field == "selectors.run"


async def test_an_own_selector_mends_what_has_a_new_name(browsers: Browsers) -> None:
    own = AIStudioSettings(selectors={"run": ("form.prompt button.x-unknown",)})
    async with desk(browsers, SystemTime(), settings=own, renamed=["run"]) as one:
        await one.ask("Hello")
        assert one.asked.text == "Hello"


async def test_a_selector_that_is_no_css_is_named(browsers: Browsers) -> None:
    own = AIStudioSettings(selectors={"prompt": ("textarea[",)})
    async with desk(browsers, SystemTime(), settings=own) as one:
        with pytest.raises(ConfigurationError, match="'textarea\\['") as caught:
            await one.driver.open()
        assert caught.value.field == "selectors.prompt"


async def test_what_is_missing_is_named_with_what_was_tried(browsers: Browsers) -> None:
    async with desk(browsers, SystemTime(), renamed=["run"]) as one:
        with pytest.raises(UnreadableAnswer, match="no run; tried: ms-run-button") as caught:
            await one.submit()
        assert "aistudio check" in caught.value.message
        assert not caught.value.acted
        assert not one.driver.health().ready
