"""The door to images and videos made as tasks: `gateway.generations`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.errors import BadRequest, NotFound
from plugway.generations.discarded import Discarded
from plugway.generations.generation import Generation
from plugway.generations.naming import call_of
from plugway.generations.order import order_of
from plugway.generations.sources import Source, find_source
from plugway.generations.wanted import wanted
from plugway.request import Request

if TYPE_CHECKING:
    from plugway.bindings import Bindings
    from plugway.clock import Clock
    from plugway.contract import ChatModel, ChatRequest, MediaModels, Task
    from plugway.identity.principal import Principal
    from plugway.media.kept import Kept
    from plugway.media.store import MediaStore
    from plugway.tasks.submission import Submission
    from plugway.tasks.tasks import Tasks


class Generations:
    """Begins what clients ask for, whatever dialect they ask in."""

    def __init__(
        self,
        tasks: Tasks,
        media: MediaStore,
        bindings: Bindings,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Take what is needed.

        Args:
            tasks: Makes tasks.
            media: Keeps what they made.
            bindings: Where it is noted what was thrown away.
            clock: The time.
            spawn: Runs what goes on when a client leaves.
        """
        self._tasks = tasks
        self._media = media
        self._clock = clock
        self._spawn = spawn
        self._discarded = Discarded(media, bindings)

    async def begin(
        self,
        request: Request,
        asked: ChatRequest,
        models: MediaModels,
        model: ChatModel,
        *,
        size: str = "",
        source: Source | None = None,
    ) -> Generation:
        """Begin an image or a video; its row and its hold are durable on return.

        Its submit goes on by itself: the client may leave, and ask for the task later.

        Args:
            request: The client's, its body read.
            asked: What it asks.
            models: Who makes it.
            model: With which model.
            size: Width and height, if the client gave them.
            source: The video that it goes on from, if the request does not name one itself.

        Raises:
            BadRequest: It cannot be made so; the field is named.
            NotFound: There is no video that it could go on from.
            PlugwayError: As `Tasks.open` raises.
        """
        kind = models.kind(model)
        reduced, name = wanted(asked, model, kind)
        if name:
            source = await self.source(request.principal, name, asked.spelt("messages"))
        if source is not None:
            reduced = self._from(source, reduced, models, model)
        models.check(reduced, model)
        generation = Generation(self._tasks, self._media, self._clock, request.principal, kind)
        self._spawn(self._submit(generation, request, reduced, models, model, size, source))
        await generation.begun()
        return generation

    async def source(self, principal: Principal, name: str, field: str) -> Source:
        """Return a caller's own video, for one that goes on from it.

        Args:
            principal: Whose it must be.
            name: The name of its task.
            field: Where that stands, for errors.

        Raises:
            NotFound: The caller has no such video.
            BadRequest: It cannot be gone on from.
        """
        return await find_source(self._tasks, self._media, principal, name, field)

    async def task(self, principal: Principal, kind: str, name: str, field: str) -> Task:
        """Return a caller's own task.

        Args:
            principal: Whose it must be.
            kind: `video` or `image`.
            name: What clients call it.
            field: Where that stands, for errors.

        Raises:
            NotFound: The caller has no such task.
        """
        try:
            return await self._tasks.own(principal, call_of(kind, name), kinds=(kind,))
        except NotFound:
            raise NotFound(f"{field}: there is no {kind} {name[:128]!r}", field=field) from None

    async def kept(self, task: Task) -> list[Kept] | None:
        """Return what a task made, nothing yet perhaps; None: it is there no more.

        Args:
            task: The task.
        """
        return await self._discarded.kept(task)

    async def discard(self, task: Task) -> None:
        """Throw away what a task made, or the word of its failure.

        Args:
            task: One that has ended.
        """
        await self._discarded.add(task)

    def _from(
        self, source: Source, asked: ChatRequest, models: MediaModels, model: ChatModel
    ) -> ChatRequest:
        field = asked.spelt("source")
        if source.task.provider != models.provider or "video" not in model.takes:
            raise BadRequest(
                f"{field}: {model.id} cannot go on from {source.name}: name a model that can",
                field=field,
            )
        return msgspec.structs.replace(asked, source=source.media)

    async def _submit(
        self,
        generation: Generation,
        request: Request,
        asked: ChatRequest,
        models: MediaModels,
        model: ChatModel,
        size: str,
        source: Source | None,
    ) -> None:
        usage = models.usage(asked, model)
        order = order_of(
            asked, model, usage, size=size, source="" if source is None else source.name
        )
        submission = self._tasks.open(
            _detached(request),
            provider=models.provider,
            kind=generation.kind,
            model=model.id,
            listed=model.listed_as,
            usage=usage,
            body=msgspec.json.encode(order),
            pin=None if source is None else source.pin,
        )

        async def submit(entered: Submission) -> None:
            await entered.submit(
                lambda turn: models.submit(asked, model, turn),
                quotas=model.quotas,
                suits=lambda credential_id: models.suits(asked, model, credential_id),
            )

        await generation.run(submission, submit)


def _detached(request: Request) -> Request:
    """Return a request for work that goes on when its client leaves, and its time is up."""
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # only coroutines ask, and those run in tasks
    return Request(
        request.scope,
        _silent,
        request.asgi_send,
        request_id=request.id,
        started=request.started,
        task=task,
        client_ip=request.client_ip,
        principal=request.principal,
    )


async def _silent() -> Any:
    """Receive nothing: nobody says anything any more."""
    await asyncio.Event().wait()
