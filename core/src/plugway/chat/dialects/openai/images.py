"""`/v1/images`: images made by models that chat, and by those that make them as tasks."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from plugway.calls.body import ClientDeparted
from plugway.chat.body import read_body
from plugway.chat.dialects.openai.errors import official
from plugway.chat.dialects.openai.image_answer import (
    Image,
    estimated_tokens,
    image_answer,
    tokens_of,
)
from plugway.chat.dialects.openai.image_body import EditBody, ImageBody, asked_of, not_done
from plugway.chat.dialects.openai.references import references
from plugway.chat.dialects.openai.video_shown import image_of
from plugway.chat.following import TASK, unfinished
from plugway.chat.form import read_either
from plugway.chat.ignored import IGNORED, ignored, named
from plugway.contract import MediaModels
from plugway.errors import (
    BadRequest,
    EmptyAnswer,
    NotFound,
    PlugwayError,
    SafetyBlocked,
    UpstreamTimeout,
)
from plugway.generations.attending import attended
from plugway.generations.failures import failure
from plugway.media.origin import base_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp

    from plugway.chat.completion import Completion
    from plugway.contract import ChatModel, ChatRequest, Media
    from plugway.gateway import Gateway
    from plugway.generations.generation import Generation
    from plugway.media.kept import Kept
    from plugway.request import Request

#: Images that something can be made of, as officially.
_MOST = 16


class Images:
    """Makes images."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what answers.

        Args:
            gateway: Its parts are used when a request comes.
        """
        self._gateway = gateway

    async def create(self, request: Request) -> ASGIApp:
        """Make images of a prompt.

        Args:
            request: The client's.

        Raises:
            EmptyAnswer: The model answered without an image.
            SafetyBlocked: Its rules do not allow this one.
            PlugwayError: As `Chat.complete` does.
        """
        return await self._make(request, await read_body(request, ImageBody), ())

    async def edit(self, request: Request) -> ASGIApp:
        """Make images of a prompt and images.

        Args:
            request: The client's.

        Raises:
            PlugwayError: As `create` does.
        """
        body, files = await read_either(request, EditBody)
        if body.mask is not None or "mask" in files:
            raise BadRequest("mask: no model here knows masks: say in words where", field="mask")
        media = [*files.get("image", ()), *files.get("images", ())]
        media += references(body.image, "image") + references(body.images, "images")
        if not 1 <= len(media) <= _MOST:
            raise BadRequest(f"image: expected 1 to {_MOST} images", field="image")
        return await self._make(request, body, media)

    async def one(self, request: Request) -> ASGIApp:
        """Tell of images that are made as a task.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has no such task.
        """
        gateway = self._gateway
        await gateway.chat.admit(request)
        name, field = request.path_params["image_id"], "image_id"
        task = await gateway.generations.task(request.principal, "image", name, field)
        kept = await gateway.generations.kept(task)
        if kept is None:
            raise NotFound(f"{field}: there is no image {name[:128]!r}", field=field)
        return _answered(image_of(task, kept, [self._url(request, one) for one in kept]), {})

    async def _make(self, request: Request, body: ImageBody, media: Sequence[Media]) -> ASGIApp:
        if body.stream:
            raise BadRequest("stream: images come whole here", field="stream")
        offer = self._gateway.chat.offer(body.model, request.principal)
        if "image" not in offer.model.gives:
            raise BadRequest(f"model: {offer.model.id} makes no images", field="model")
        asked, wishes = asked_of(body, media)
        models = offer.models
        if not isinstance(models, MediaModels):
            return await self._chatted(request, body, asked)
        if models.kind(offer.model) != "image":
            raise BadRequest(f"model: {offer.model.id} makes videos", field="model")
        asked = msgspec.structs.replace(asked, count=body.n or 1)
        generation = await self._gateway.generations.begin(
            request, asked, models, offer.model, size=wishes.size
        )
        return await self._followed(request, body, asked, generation, offer.model)

    async def _followed(
        self,
        request: Request,
        body: ImageBody,
        asked: ChatRequest,
        generation: Generation,
        model: ChatModel,
    ) -> ASGIApp:
        gateway = self._gateway
        headers = {TASK: generation.name}
        async with attended(request):
            task = await generation.ended(gateway.current().chat.media_wait)
        if task is None:
            error = UpstreamTimeout(await unfinished(generation))
            content = official(error, request.id).content
            # Asked again it would be made, and paid for, twice.
            headers["x-should-retry"] = "false"
            return Response(msgspec.json.encode(content), error.status, headers, "application/json")
        if task.state != "succeed":
            raise failure(task)
        kept = await generation.kept()
        images = [await self._kept(request, body, one) for one in kept]
        content = image_answer(
            task.created_at // 1_000_000,
            images,
            [one.mime_type for one in kept],
            estimated_tokens(asked, len(kept)),
        )
        followed = ignored(asked, model).get(IGNORED, "")
        return _answered(content, {**headers, **_ignored(body, followed)})

    async def _chatted(self, request: Request, body: ImageBody, asked: ChatRequest) -> ASGIApp:
        """Ask for one answer after another until there are enough images.

        Each answer is charged as one of a chat. One that fails after others brought images
        ends the work, and what came is returned.
        """
        answers: list[Completion] = []
        images: list[Image] = []
        types: list[str] = []
        for _ in range(body.n or 1):
            try:
                answer = await self._gateway.chat.complete(request, asked)
            except ClientDeparted:
                raise
            except PlugwayError:
                if not images:
                    raise
                break
            answers.append(answer)
            for position, media in enumerate(answer.media):
                if media.kind == "image":
                    images.append(await self._said(request, body, answer, position, media))
                    types.append(media.mime_type)
            if len(images) >= (body.n or 1):
                break
        if not images:
            raise _nothing(answers[-1])
        content = image_answer(answers[0].heading.created, images, types, tokens_of(answers))
        return _answered(content, _ignored(body, answers[0].headers.get(IGNORED, "")))

    async def _kept(self, request: Request, body: ImageBody, kept: Kept) -> Image:
        if body.response_format == "url":
            return Image(url=self._url(request, kept))
        return _image(await self._gateway.media.read(kept))

    async def _said(
        self, request: Request, body: ImageBody, answer: Completion, position: int, media: Media
    ) -> Image:
        if media.data is None:
            return Image(url=media.url)
        if body.response_format != "url":
            return _image(media.data)
        kept = await self._gateway.media.keep(
            media.data,
            call_id=answer.call_id,
            user_id=request.principal.user_id,
            position=position,
            mime_type=media.mime_type,
        )
        return Image(url=self._url(request, kept))

    def _url(self, request: Request, kept: Kept) -> str:
        gateway = self._gateway
        return gateway.media.url(kept, base_of(request, gateway.current()))


def _image(data: bytes) -> Image:
    return Image(b64_json=base64.b64encode(data).decode())


def _ignored(body: ImageBody, others: str) -> dict[str, str]:
    return named(sorted([*not_done(body), *[name for name in others.split(", ") if name]]))


def _answered(content: msgspec.Struct, headers: dict[str, str]) -> Response:
    return Response(msgspec.json.encode(content), headers=headers, media_type="application/json")


def _nothing(answer: Completion) -> PlugwayError:
    said = " ".join(answer.text.split())[:200]
    told = f"The model made no image; it said: {said}" if said else "The model made no image."
    if answer.finish.reason in ("safety", "recitation"):
        return SafetyBlocked(told)
    return EmptyAnswer(told)
