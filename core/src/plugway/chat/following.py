"""Chats with models that make images and videos: the answer is what their task makes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING

from plugway.calls.body import ClientDeparted
from plugway.chat.completion import Collected, Completion
from plugway.chat.encoder import Heading
from plugway.chat.stream import Stream
from plugway.chat.tally import Tally
from plugway.contract import (
    ChatEvent,
    ChatRequest,
    Finish,
    MediaModels,
    Progress,
    TextDelta,
    ThoughtDelta,
)
from plugway.generations.attending import attended
from plugway.generations.generation import Generation, told
from plugway.generations.naming import place_of
from plugway.media.origin import base_of
from plugway.request import sent

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.chat.encoder import Encoder
    from plugway.clock import Clock
    from plugway.generations.generations import Generations
    from plugway.request import Request
    from plugway.settings import Settings

log = logging.getLogger(__name__)

#: Header that names the task of an answer, so that a client that leaves can ask for it.
TASK = "x-plugway-task"


class Following:
    """Follows tasks for clients that chat; a task goes on when its client leaves.

    Nothing is held or charged here: the task is.
    """

    def __init__(
        self, generations: Generations, settings: Callable[[], Settings], clock: Clock
    ) -> None:
        """Take what is needed.

        Args:
            generations: Begins them.
            settings: Returns the settings in force.
            clock: The time.
        """
        self._generations = generations
        self._settings = settings
        self._clock = clock

    async def complete(
        self,
        request: Request,
        asked: ChatRequest,
        models: MediaModels,
        heading: Heading,
        headers: Mapping[str, str],
        *,
        inline: bool = False,
    ) -> Completion:
        """Wait for what is made, or return what says where to ask for it.

        Args:
            request: The client's, its body read.
            asked: What it asks.
            models: Who makes it.
            heading: Names the answer.
            headers: Sent with it.
            inline: Images come with their bytes.

        Raises:
            PlugwayError: As `Generations.begin` and `Generation.events` raise.
            ClientDeparted: The client has left.
        """
        model = heading.model
        generation = await self._generations.begin(request, asked, models, model)
        tally, found = Tally(asked, model), Collected()
        wait = self._settings().chat.media_wait
        async with attended(request):
            steps = generation.events(self._base(request), seconds=wait, inline=inline)
            async with aclosing(steps) as events:
                async for event in events:
                    tally.note(event)
                    found.note(event)
        if tally.finish is None:
            said = TextDelta(await unfinished(generation))
            tally.note(said)
            found.note(said)
        return Completion(
            heading=heading,
            parts=found.parts(),
            citations=(),
            finish=tally.finish or Finish(),
            tokens=tally.tokens,
            estimated=tally.estimated,
            headers={**headers, TASK: generation.name},
            call_id=generation.call_id,
        )

    async def stream(
        self,
        request: Request,
        asked: ChatRequest,
        models: MediaModels,
        heading: Heading,
        headers: Mapping[str, str],
        encoder: Encoder,
        *,
        inline: bool = False,
    ) -> ASGIApp:
        """Tell of progress until it is made; a refusal comes before anything is sent.

        Args:
            request: The client's, its body read.
            asked: What it asks.
            models: Who makes it.
            heading: Names the answer.
            headers: Sent with it.
            encoder: Writes it.
            inline: Images come with their bytes.

        Returns:
            A response that has been sent.

        Raises:
            PlugwayError: As `complete` does.
        """
        generation = await self._generations.begin(request, asked, models, heading.model)
        tally = Tally(asked, heading.model)
        out = Stream(
            request,
            encoder,
            heading,
            {**headers, TASK: generation.name},
            clock=self._clock,
            silence=self._settings().chat.keepalive_seconds,
        )
        try:
            async with attended(request), out:
                steps = generation.events(self._base(request), inline=inline)
                async with aclosing(steps) as events:
                    async for event in events:
                        tally.note(event)
                        # Progress is worth a sign of life where it does not show.
                        await out.write(encoder.event(_shown(event)) or encoder.keepalive)
                await out.finish(encoder.end(tally))
        except ClientDeparted:
            raise
        except Exception as error:
            if not out.begun:
                raise
            await out.fail(error, request.id)
        return sent

    def _base(self, request: Request) -> str:
        return base_of(request, self._settings())


def _shown(event: ChatEvent) -> ChatEvent:
    """Return an event as a model would say it: where work stands is a thought of its own."""
    return ThoughtDelta(f"{event.text}\n") if isinstance(event, Progress) else event


async def unfinished(generation: Generation) -> str:
    """Say where a task stands that takes longer than its client is let wait.

    Args:
        generation: What was begun.
    """
    place = place_of(generation.kind, generation.call_id)
    state = told(await generation.task())
    return (
        f"{generation.name} {state}. It goes on, and nothing needs to be asked again:"
        f" its state, and what it makes, can be had with GET {place}"
    )
