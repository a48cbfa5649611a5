"""`/v1/videos`: videos as tasks that a client asks for, and fetches when they are made."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from plugway.chat.dialects.openai.references import references
from plugway.chat.dialects.openai.video_body import (
    ExtensionBody,
    RemixBody,
    VideoBody,
    asked_of,
    named_video,
    query_of,
)
from plugway.chat.dialects.openai.video_shown import Video, VideoDeleted, VideoList, video_of
from plugway.chat.following import TASK
from plugway.chat.form import read_either
from plugway.chat.ignored import ignored
from plugway.contract import MediaModels, Task
from plugway.errors import BadRequest, NotFound
from plugway.generations.attending import attended
from plugway.generations.naming import call_of, name_of
from plugway.media.answer import answer
from plugway.media.origin import base_of

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.chat.catalog import Offer
    from plugway.contract import ChatRequest
    from plugway.gateway import Gateway
    from plugway.generations.sources import Source
    from plugway.request import Request

#: Images that a video can be made from.
_MOST = 16

#: Official, and not kept here.
_OTHER_VARIANTS = ("thumbnail", "spritesheet")


class Videos:
    """Makes videos, and hands them out."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what is needed.

        Args:
            gateway: Its parts are used when a request comes.
        """
        self._gateway = gateway

    async def create(self, request: Request) -> ASGIApp:
        """Begin a video; the answer goes when the upstream has taken it.

        Args:
            request: The client's.

        Raises:
            PlugwayError: As `Generations.begin` does, or the upstream did not take it.
        """
        body, files = await read_either(request, VideoBody)
        media = [*files.get("input_reference", ())]
        media += references(body.input_reference, "input_reference")
        if len(media) > _MOST:
            raise BadRequest(f"input_reference: at most {_MOST}", field="input_reference")
        asked, wishes = asked_of(body, body.model, media)
        return await self._begin(request, asked, wishes.size)

    async def remix(self, request: Request) -> ASGIApp:
        """Begin a video that goes on from the one that the path names.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has no such video.
            PlugwayError: As `create` does.
        """
        body, _ = await read_either(request, RemixBody)
        return await self._go_on(request, body, request.path_params["video_id"], "video_id")

    async def extend(self, request: Request) -> ASGIApp:
        """Begin a video that goes on from the one that the body names.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has no such video.
            PlugwayError: As `create` does.
        """
        body, files = await read_either(request, ExtensionBody)
        if "video" in files:
            raise BadRequest(
                "video: only a video made here can be gone on from: give its id", field="video"
            )
        return await self._go_on(request, body, named_video(body.video), "video")

    async def edit(self, request: Request) -> ASGIApp:
        """Refuse to change a video.

        Args:
            request: The client's.

        Raises:
            BadRequest: Always.
        """
        raise BadRequest(
            "video: no model here changes a video; POST /v1/videos/extensions goes on from one",
            field="video",
        )

    async def listed(self, request: Request) -> ASGIApp:
        """List the caller's videos.

        Args:
            request: The client's.

        Raises:
            BadRequest: The query is wrong; the field is named.
            NotFound: There is no such video as `after` names.
        """
        gateway = self._gateway
        await gateway.chat.admit(request)
        query = query_of(request.query_params)
        last = None if query.after is None else call_of("video", query.after) or query.after
        tasks = await gateway.tasks.listed(
            request.principal,
            kinds=("video",),
            after=last,
            limit=query.limit + 1,
            oldest_first=query.order == "asc",
        )
        page = tasks[: query.limit]
        found = [await self._shown(request, task) for task in page]
        names = [name_of("video", task.call_id) for task in page]
        return _answered(
            VideoList(
                data=[video for video in found if video is not None],
                first_id=names[0] if names else None,
                last_id=names[-1] if names else None,
                has_more=len(tasks) > query.limit,
            )
        )

    async def one(self, request: Request) -> ASGIApp:
        """Tell of one video.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has no such video.
        """
        task = await self._task(request)
        video = await self._shown(request, task)
        if video is None:
            raise _absent(request)
        return _answered(video)

    async def delete(self, request: Request) -> ASGIApp:
        """Remove one video.

        Args:
            request: The client's.

        Raises:
            NotFound: The caller has no such video.
            BadRequest: It is still being made.
        """
        task = await self._task(request)
        if not task.ended:
            raise BadRequest("video_id: the video is still being made", field="video_id")
        if await self._shown(request, task) is None:
            raise _absent(request)
        await self._gateway.generations.discard(task)
        return _answered(VideoDeleted(id=name_of("video", task.call_id)))

    async def content(self, request: Request) -> ASGIApp:
        """Hand a video out.

        Args:
            request: The client's; it may ask for a part.

        Raises:
            NotFound: The caller has no such video.
            BadRequest: It is not made, or something else is wanted of it.
        """
        task = await self._task(request)
        variant = request.query_params.get("variant", "video")
        if variant != "video":
            what = f"no {variant}s are made here" if variant in _OTHER_VARIANTS else "unknown"
            raise BadRequest(f"variant: {what}: expected video", field="variant")
        if task.state != "succeed":
            raise BadRequest("video_id: the video is not completed", field="video_id")
        media = self._gateway.media
        kept = await media.of(task.call_id)
        if not kept:
            raise _absent(request)
        return await answer(media, kept[0], request)

    async def _go_on(self, request: Request, body: RemixBody, name: str, field: str) -> ASGIApp:
        source = await self._gateway.generations.source(request.principal, name, field)
        asked, wishes = asked_of(body, body.model or source.task.model, source=field)
        return await self._begin(request, asked, wishes.size, source)

    async def _begin(
        self, request: Request, asked: ChatRequest, size: str, source: Source | None = None
    ) -> ASGIApp:
        gateway = self._gateway
        offer = gateway.chat.offer(asked.model, request.principal)
        generation = await gateway.generations.begin(
            request, asked, _maker(offer), offer.model, size=size, source=source
        )
        async with attended(request):
            task = await generation.accepted()
        video = await self._shown(request, task)
        if video is None:
            raise _absent(request)
        return _answered(video, {TASK: generation.name, **ignored(asked, offer.model)})

    async def _task(self, request: Request) -> Task:
        await self._gateway.chat.admit(request)
        return await self._gateway.generations.task(
            request.principal, "video", request.path_params["video_id"], "video_id"
        )

    async def _shown(self, request: Request, task: Task) -> Video | None:
        """Return a video as it is shown; None: it is there no more."""
        gateway = self._gateway
        kept = await gateway.generations.kept(task)
        if kept is None:
            return None
        base = base_of(request, gateway.current())
        return video_of(task, kept, [gateway.media.url(one, base) for one in kept])


def _maker(offer: Offer) -> MediaModels:
    models = offer.models
    if isinstance(models, MediaModels) and models.kind(offer.model) == "video":
        return models
    told = "makes videos in chats only" if "video" in offer.model.gives else "makes no videos"
    raise BadRequest(f"model: {offer.model.id} {told}", field="model")


def _absent(request: Request) -> NotFound:
    name = request.path_params.get("video_id", "")
    return NotFound(f"video_id: there is no video {name[:128]!r}", field="video_id")


def _answered(content: msgspec.Struct, headers: dict[str, str] | None = None) -> Response:
    return Response(msgspec.json.encode(content), headers=headers, media_type="application/json")
