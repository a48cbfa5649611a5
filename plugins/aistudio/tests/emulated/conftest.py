"""An emulator with two accounts, and pages signed in to it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aistudio_emulated import Visitor, running_browser, signed_in
from playwright.async_api import Browser, Page

from plugway_aistudio.emulator import AIStudioEmulator


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts and a clock that stands."""
    async with Visitor("first", "second") as visitor:
        yield visitor


@pytest.fixture
async def emulator() -> AsyncIterator[AIStudioEmulator]:
    """Run an emulator with two accounts, in the time of browsers."""
    emulator = AIStudioEmulator(accounts=("first", "second"))
    await emulator.start()
    yield emulator
    await emulator.stop()


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    """Run a browser that nobody sees."""
    async with running_browser() as browser:
        yield browser


@pytest.fixture
async def page(browser: Browser, emulator: AIStudioEmulator) -> AsyncIterator[Page]:
    """Open a page of the first account."""
    async with signed_in(browser, emulator) as page:
        yield page
