"""A page of the emulated service in the machine's browser, driven for tests."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from plugway import ChatEvent, Clock, TextDelta
from plugway_aistudio.browsers import Browsers
from plugway_aistudio.emulated.asked import Asked
from plugway_aistudio.emulator import AIStudioEmulator
from plugway_aistudio.page.driver import PageDriver
from plugway_aistudio.page.moment import SystemTime
from plugway_aistudio.provider import AIStudioChannel
from plugway_aistudio.question import Question
from plugway_aistudio.settings import AIStudioSettings

#: A model that thinks or not, within a budget; one that always thinks, by levels; one that has
#: nothing of it.
FLASH, LEVELS, PLAIN = "gemini-2.5-flash", "gemini-3-flash-preview", "gemma-3-27b-it"


class Desk:
    """Asks the emulated service through a driver."""

    def __init__(self, emulator: AIStudioEmulator, driver: PageDriver) -> None:
        self.emulator = emulator
        self.driver = driver

    @property
    def asked(self) -> Asked:
        """Return the last request that the service got."""
        return self.emulator.asked[-1]

    async def ask(self, text: str = "Hello", **fields: Any) -> list[ChatEvent]:
        """Ask a question, and return the whole answer.

        Args:
            text: What is asked.
            fields: Of the question.
        """
        await self.submit(text, **fields)
        return [event async for event in self.driver.stream()]

    async def submit(self, text: str = "Hello", **fields: Any) -> None:
        """Ask a question, and read nothing of its answer."""
        await self.driver.open()
        await self.driver.submit(Question(**{"model": FLASH, "text": text, **fields}))


@asynccontextmanager
async def desk(
    browsers: Browsers,
    clock: Clock,
    *,
    channel: AIStudioChannel | None = None,
    settings: AIStudioSettings | None = None,
    emulator: AIStudioEmulator | None = None,
    **behaviour: Any,
) -> AsyncIterator[Desk]:
    """Run the service, and drive a page of it.

    Args:
        browsers: The browser.
        clock: The driver's.
        channel: Settings of the channel.
        settings: Those of the plugin.
        emulator: A service that runs already.
        behaviour: Of a service that is started.
    """
    own = emulator or AIStudioEmulator(**behaviour)
    base = own.url if emulator is not None else await own.start()
    driver = PageDriver(
        browsers,
        json.loads(own.profile("first")),
        base=base,
        channel=channel or AIStudioChannel(),
        settings=settings or AIStudioSettings(),
        clock=clock,
        models=lambda _: None,
        titles={each.id: each.title for each in own.chats},
    )
    try:
        yield Desk(own, driver)
    finally:
        await driver.close()
        if emulator is None:
            await own.stop()


def text_of(events: list[ChatEvent]) -> str:
    """Return an answer's text."""
    return "".join([event.text for event in events if isinstance(event, TextDelta)])


class Hurried(SystemTime):
    """Is a clock that goes ten times as fast, for what ends only because time is over."""

    def monotonic(self) -> float:
        """Return seconds that never go back."""
        return super().monotonic() * 10

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await super().sleep(seconds / 10)
