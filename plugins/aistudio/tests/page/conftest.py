"""A Chromium for all tests of this folder; what they ask is their own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aistudio_page import Desk, Hurried, desk
from machine_browser import machine_browser

from plugway_aistudio.browsers import Browsers
from plugway_aistudio.page.moment import SystemTime
from plugway_aistudio.settings import AIStudioSettings


@pytest.fixture(scope="session")
async def browsers() -> AsyncIterator[Browsers]:
    """Run the machine's browser."""
    one = Browsers(machine_browser(), AIStudioSettings, SystemTime())
    yield one
    await one.close()


@pytest.fixture(scope="module", params=["new", "old"])
def layout(request: pytest.FixtureRequest) -> str:
    """Repeat the test for each layout of the page."""
    found: str = request.param
    return found


@pytest.fixture(scope="module")
async def either(browsers: Browsers, layout: str) -> AsyncIterator[Desk]:
    """Drive one page of each layout for all tests of a module."""
    async with desk(browsers, SystemTime(), layout=layout) as one:
        yield one


@pytest.fixture(scope="module")
async def studio(browsers: Browsers) -> AsyncIterator[Desk]:
    """Drive one page for all tests of a module: what one leaves over, the next would see."""
    async with desk(browsers, SystemTime()) as one:
        yield one


@pytest.fixture(scope="module")
async def hurried(browsers: Browsers) -> AsyncIterator[Desk]:
    """Drive one page, in a hurry, for all tests of a module of what time puts an end to."""
    async with desk(browsers, Hurried()) as one:
        yield one
