"""The door to chats: `gateway.chat`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import msgspec

from plugway.calls.body import ClientDeparted
from plugway.chat.completion import Collected, Completion
from plugway.chat.counting import count_request
from plugway.chat.cutting import cut
from plugway.chat.encoder import Heading
from plugway.chat.following import Following
from plugway.chat.ignored import ignored
from plugway.chat.stream import Stream
from plugway.chat.tally import Tally
from plugway.contract import (
    ChatEvent,
    ChatModel,
    ChatModels,
    ChatRequest,
    Finish,
    Media,
    MediaModels,
    TextDelta,
    TokenCount,
    ToolCall,
)
from plugway.errors import BadRequest, UpstreamInterrupted
from plugway.generations.wanted import extended
from plugway.ids import new_id
from plugway.request import sent

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.calls.call import Call
    from plugway.calls.calls import Calls
    from plugway.calls.turn import Turn
    from plugway.chat.catalog import Catalog, Offer
    from plugway.chat.encoder import Encoder
    from plugway.clock import Clock
    from plugway.generations.generations import Generations
    from plugway.identity.identity import Identity
    from plugway.identity.principal import Principal
    from plugway.request import Request
    from plugway.settings import Settings


class Chat:
    """Takes a request of any dialect to its model, and charges what it used."""

    def __init__(
        self,
        calls: Calls,
        catalog: Catalog,
        identity: Identity,
        settings: Callable[[], Settings],
        clock: Clock,
        generations: Generations,
    ) -> None:
        """Take what chats go through.

        Args:
            calls: Metered calls.
            catalog: Finds models.
            identity: Says what a caller may.
            settings: Returns the settings in force.
            clock: The time.
            generations: Makes images and videos as tasks.
        """
        self._calls = calls
        self._catalog = catalog
        self._identity = identity
        self._settings = settings
        self._clock = clock
        self._following = Following(generations, settings, clock)

    async def admit(self, request: Request) -> None:
        """Let a caller in who asks for no answer, but for a list or a count.

        Args:
            request: The client's; it counts against the caller's rates.

        Raises:
            NotPermitted: Not from this address.
            RateLimited: Too many requests.
        """
        await self._identity.permit(request.principal, model=None, ip=request.client_ip)

    def models(self, principal: Principal) -> list[ChatModel]:
        """List the models that a caller can use, by name."""
        return self._catalog.visible(principal)

    def model(self, name: str, principal: Principal) -> ChatModel:
        """Return one model.

        Args:
            name: Its id.
            principal: Who asks.

        Raises:
            NotFound: This caller has no such model.
        """
        return self.offer(name, principal).model

    def offer(self, name: str, principal: Principal) -> Offer:
        """Return one model with who answers for it.

        Args:
            name: Its id.
            principal: Who asks.

        Raises:
            NotFound: This caller has no such model.
        """
        return self._catalog.find(name, principal)

    def count(self, asked: ChatRequest, principal: Principal) -> int:
        """Count the tokens of a request, about; nothing is charged.

        Args:
            asked: The request.
            principal: Who asks.

        Raises:
            NotFound: This caller has no such model.
        """
        self._catalog.find(asked.model, principal)
        return count_request(asked)

    async def complete(
        self, request: Request, asked: ChatRequest, *, inline: bool = False
    ) -> Completion:
        """Return the whole answer; it is charged then.

        Of a model that makes media as tasks it is what the task has made or, where that takes
        longer than `chat.media_wait`, where to ask for it.

        Args:
            request: The client's request, its body read.
            asked: What it asks.
            inline: Images that are kept here come with their bytes, too.

        Raises:
            PlugwayError: As `Calls.open`, `ChatModels.check` and `ChatModels.answer` raise, or
                `Generations.begin` and `Generation.events`.
        """
        offer, heading = self._begin(request, asked)
        models, headers = offer.models, ignored(asked, offer.model)
        if isinstance(models, MediaModels):
            return await self._following.complete(
                request, asked, models, heading, headers, inline=inline
            )
        tally = Tally(asked, offer.model)
        found = Collected()
        async with self._open(request, offer, tally) as call:
            call.answer_id = heading.id
            async with aclosing(self._events(call, asked, offer, tally, found)) as events:
                async for event in events:
                    if not call.begun:
                        call.begin_answer()
                    found.note(event)
            await call.settle()
        if tally.finish is None:
            raise UpstreamInterrupted
        return Completion(
            heading=heading,
            parts=found.parts(),
            citations=tuple(found.citations),
            cited=tuple(found.cited),
            finish=tally.finish,
            tokens=tally.tokens,
            estimated=tally.estimated,
            headers=headers,
            call_id=call.id,
        )

    async def stream(
        self, request: Request, asked: ChatRequest, encoder: Encoder, *, inline: bool = False
    ) -> ASGIApp:
        """Send the answer as it comes; it is charged before its last bytes go.

        A failure before anything was sent is raised, one after that is written in the
        dialect's own way.

        Args:
            request: The client's request, its body read.
            asked: What it asks.
            encoder: Writes it.
            inline: Images that are kept here come with their bytes, too.

        Returns:
            A response that has been sent: return it from the endpoint.

        Raises:
            PlugwayError: As `complete` does.
        """
        offer, heading = self._begin(request, asked)
        models, headers = offer.models, ignored(asked, offer.model)
        if isinstance(models, MediaModels):
            return await self._following.stream(
                request, asked, models, heading, headers, encoder, inline=inline
            )
        tally = Tally(asked, offer.model)
        out = Stream(
            request,
            encoder,
            heading,
            headers,
            clock=self._clock,
            silence=self._settings().chat.keepalive_seconds,
        )
        try:
            async with self._open(request, offer, tally) as call, out:
                out.call = call
                call.answer_id, call.streaming = heading.id, True
                async with aclosing(self._events(call, asked, offer, tally)) as events:
                    async for event in events:
                        await out.write(encoder.event(event))
                await call.settle()
                await out.finish(encoder.end(tally))
        except ClientDeparted:
            raise
        except Exception as error:
            if not out.begun:
                raise
            await out.fail(error, request.id)
        return sent

    def _begin(self, request: Request, asked: ChatRequest) -> tuple[Offer, Heading]:
        offer = self._catalog.find(asked.model, request.principal)
        if isinstance(offer.models, ChatModels):
            _check(asked)
            offer.models.check(asked, offer.model)
        created = self._clock.now() // 1_000_000
        return offer, Heading(id=new_id(), model=offer.model, created=created)

    def _open(self, request: Request, offer: Offer, tally: Tally) -> Call:
        return self._calls.open(
            request,
            provider=offer.models.provider,
            model=offer.model.id,
            listed=offer.model.listed_as,
            usage=tally.expected(self._settings().chat.hold_tokens),
        )

    async def _events(
        self,
        call: Call,
        asked: ChatRequest,
        offer: Offer,
        tally: Tally,
        found: Collected | None = None,
    ) -> AsyncGenerator[ChatEvent, None]:
        """Give what comes, counted, whatever ends it."""

        models = cast("ChatModels", offer.models)

        def work(turn: Turn) -> AsyncGenerator[ChatEvent, None]:
            # Of a try that failed nothing is charged, and a whole answer says nothing.
            tally.clear()
            if found is not None:
                found.clear()
            return cut(models.answer(asked, offer.model, turn), asked, offer.model)

        turns = call.turns(work, quotas=offer.model.quotas, binding=_binds)
        try:
            async with aclosing(turns):
                async for event in turns:
                    event = _sound(event)
                    tally.note(event)
                    yield event
        finally:
            call.observe(*tally.usages())


def _check(asked: ChatRequest) -> None:
    """Refuse what only those that make media as tasks can do."""
    if asked.count != 1:
        field = asked.spelt("count")
        raise BadRequest(f"{field}: only one answer can be had at a time", field=field)
    if any(extended(media) for media in asked.media()):
        field = asked.spelt("messages")
        raise BadRequest(f"{field}: this model goes on from no video", field=field)


def _binds(event: ChatEvent) -> bool:
    """Say whether an event is part of the answer, so that nobody else may begin it anew."""
    return isinstance(event, TextDelta | Media | ToolCall)


def _sound(event: ChatEvent) -> ChatEvent:
    """Return an event whose text every dialect can write: half a character is none."""
    if isinstance(event, Media | TokenCount | Finish):
        return event
    sound = {}
    for name in event.__struct_fields__:
        text = getattr(event, name)
        if isinstance(text, str) and not text.isascii():
            whole = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
            if whole != text:
                sound[name] = whole
    return msgspec.structs.replace(event, **sound) if sound else event
