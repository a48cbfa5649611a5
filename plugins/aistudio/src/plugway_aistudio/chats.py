"""Answers chats through the pages of a channel's profiles."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from typing import TYPE_CHECKING

from plugway import (
    ChatEvent,
    ChatModel,
    ChatModels,
    ChatRequest,
    Finish,
    NotFound,
    PlugwayError,
    ToolCall,
    Turn,
)
from plugway_aistudio import asking
from plugway_aistudio.profiles.profile import usable
from plugway_aistudio.provider import NAME

if TYPE_CHECKING:
    from plugway_aistudio.driver import Driver
    from plugway_aistudio.studio import Studio

#: Seconds that a page gets to stop an answer, and to be closed if it does not.
_STOPPING = 10.0


class AIStudioModels(ChatModels):
    """Serves the models that the page lists; each question has a chat of its own."""

    provider = NAME

    def __init__(self, studio: Studio) -> None:
        """Take what answers.

        Args:
            studio: The gateway's.
        """
        self._models = studio.models
        self._pages = studio.pages
        self._saving = studio.saving
        self._clock = studio.clock

    def list(self) -> Iterable[ChatModel]:
        """Return the models of the page's list."""
        return self._models.chats()

    def check(self, request: ChatRequest, model: ChatModel) -> None:
        """Refuse by name what the page cannot do."""
        super().check(request, model)
        listed, settings = self._models.get(model.id), self._models.settings()
        if listed is not None and settings.driver == "page":
            asking.check(request, listed, frozenset(settings.ignore))

    async def answer(
        self, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        """Ask the page of the turn's profile in a new chat, and pass on what it says."""
        listed = self._models.get(model.id)
        if listed is None:
            raise NotFound(f"the model {model.id!r} does not exist", field="model")
        if turn.secret is not None:
            # One that has ended opens no browser.
            usable(turn.secret, self._clock.now() / 1_000_000)
        with asking.spelt(request):
            page = self._models.settings().driver == "page"
            question = asking.question_of(await asking.loaded(request, turn), listed, page=page)
        driver = await self._pages.take(turn)
        try:
            await driver.open()
            with asking.spelt(request):
                await driver.submit(question)
            async with aclosing(driver.stream()) as events:
                async for event in events:
                    yield event
                    if isinstance(event, ToolCall) and not request.tool_choice.parallel:
                        # The page cannot be told that one is enough.
                        yield Finish("tool_calls")
                        return
        finally:
            try:
                await _let_go(driver)
            finally:
                self._pages.give(turn)
                self._saving.after(turn, driver)


async def _let_go(driver: Driver) -> None:
    """Stop what the page still does, however often that is cancelled; it takes seconds at most.

    The next question comes as soon as this returns.
    """
    stopping = asyncio.create_task(_stopped(driver))
    cancelled: asyncio.CancelledError | None = None
    while not stopping.done():
        try:
            await asyncio.wait([stopping])
        except asyncio.CancelledError as error:
            cancelled = error
    stopping.result()
    if cancelled is not None:
        raise cancelled


async def _stopped(driver: Driver) -> None:
    for stop in (driver.cancel, driver.close):
        try:
            async with asyncio.timeout(_STOPPING):
                await stop()
        except (PlugwayError, TimeoutError):
            # What cannot be stopped is closed.
            continue
        return
