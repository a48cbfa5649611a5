"""A Chromium for all tests of this folder, and an upstream of its own for each."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aistudio_capture import Rpc
from machine_browser import machine_browser
from playwright.async_api import Browser, Page

from plugway.testing import ManualClock


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Run the machine's browser."""
    async with machine_browser().run() as running:
        yield running


@pytest.fixture
async def rpc() -> AsyncIterator[Rpc]:
    """Run an upstream."""
    async with Rpc().running() as running:
        yield running


@pytest.fixture
async def page(chromium: Browser) -> AsyncIterator[Page]:
    """Open a page that has been nowhere."""
    context = await chromium.new_context()
    yield await context.new_page()
    await context.close()


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that stands still."""
    return ManualClock()


@pytest.fixture(params=["cdp", "script"])
def kind(request: pytest.FixtureRequest) -> str:
    """Repeat the test for each way to listen."""
    found: str = request.param
    return found
