"""The dialect of OpenAI's API."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import msgspec

from plugway.chat.dialects.anthropic.errors import official as anthropics
from plugway.chat.dialects.openai import models
from plugway.chat.dialects.openai.answer import ChatAnswer
from plugway.chat.dialects.openai.asked import ChatBody
from plugway.chat.dialects.openai.completions import Completions
from plugway.chat.dialects.openai.errors import official
from plugway.chat.dialects.openai.image_answer import ImageAnswer
from plugway.chat.dialects.openai.image_body import EditBody, ImageBody
from plugway.chat.dialects.openai.images import Images
from plugway.chat.dialects.openai.models import ListedModel, ModelList, Models
from plugway.chat.dialects.openai.video_body import (
    ContentQuery,
    ExtensionBody,
    RemixBody,
    VideoBody,
    VideoQuery,
)
from plugway.chat.dialects.openai.video_shown import ImageTask, Video, VideoDeleted, VideoList
from plugway.chat.dialects.openai.videos import Videos
from plugway.contract import Mount, Operation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Scope

    from plugway.gateway import Gateway
    from plugway.request import Request

_TAGS = ("openai",)


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the routes of this dialect.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
    """
    listing = Models(gateway)
    return [
        Mount(
            path="/v1/chat/completions",
            endpoint=Completions(gateway).create,
            methods={"POST"},
            errors=official,
            operation=Operation(
                summary="Chat, in OpenAI's dialect.",
                request=ChatBody,
                response=ChatAnswer,
                tags=_TAGS,
            ),
        ),
        _shared(
            Mount(
                path=models.PATH,
                endpoint=listing.listed,
                methods={"GET"},
                errors=official,
                operation=Operation(
                    summary="List the models of this key.", response=ModelList, tags=_TAGS
                ),
            )
        ),
        _shared(
            Mount(
                path=models.PATH,
                endpoint=listing.one,
                methods={"GET"},
                prefix=True,
                errors=official,
                operation=Operation(summary="Tell of one model.", response=ListedModel, tags=_TAGS),
            )
        ),
        *_images(gateway),
        *_videos(gateway),
    ]


def _images(gateway: Gateway) -> list[Mount]:
    images = Images(gateway)
    path = "/v1/images/generations"
    return [
        _own(
            path,
            images.create,
            "POST",
            Operation(summary="Make images.", request=ImageBody, response=ImageAnswer, tags=_TAGS),
        ),
        _own(
            "/v1/images/edits",
            images.edit,
            "POST",
            Operation(
                summary="Make images of images; a form may have them as files.",
                request=EditBody,
                response=ImageAnswer,
                tags=_TAGS,
            ),
        ),
        _own(
            f"{path}/{{image_id}}",
            images.one,
            "GET",
            Operation(
                summary="Tell of images that are made as a task.", response=ImageTask, tags=_TAGS
            ),
        ),
    ]


def _videos(gateway: Gateway) -> list[Mount]:
    videos = Videos(gateway)
    path = "/v1/videos"
    return [
        _own(
            path,
            videos.create,
            "POST",
            Operation(
                summary="Begin a video; a form may have images as files.",
                request=VideoBody,
                response=Video,
                tags=_TAGS,
            ),
        ),
        _own(
            path,
            videos.listed,
            "GET",
            Operation(summary="List videos.", query=VideoQuery, response=VideoList, tags=_TAGS),
        ),
        _own(
            f"{path}/extensions",
            videos.extend,
            "POST",
            Operation(
                summary="Begin a video that goes on from another one.",
                request=ExtensionBody,
                response=Video,
                tags=_TAGS,
            ),
        ),
        _own(
            f"{path}/edits",
            videos.edit,
            "POST",
            Operation(summary="Refused: no model here changes a video.", tags=_TAGS),
        ),
        _own(
            f"{path}/{{video_id}}",
            videos.one,
            "GET",
            Operation(summary="Tell of a video.", response=Video, tags=_TAGS),
        ),
        _own(
            f"{path}/{{video_id}}",
            videos.delete,
            "DELETE",
            Operation(summary="Remove a video.", response=VideoDeleted, tags=_TAGS),
        ),
        _own(
            f"{path}/{{video_id}}/content",
            videos.content,
            "GET",
            Operation(summary="Fetch a video, or a part of it.", query=ContentQuery, tags=_TAGS),
        ),
        _own(
            f"{path}/{{video_id}}/remix",
            videos.remix,
            "POST",
            Operation(
                summary="Begin a video that goes on from this one.",
                request=RemixBody,
                response=Video,
                tags=_TAGS,
            ),
        ),
    ]


def _own(
    path: str,
    endpoint: Callable[[Request], Awaitable[ASGIApp]],
    method: str,
    operation: Operation,
) -> Mount:
    """Return a route that a plugin may have instead."""
    return Mount(
        path=path,
        endpoint=endpoint,
        methods={method},
        fallback=True,
        errors=official,
        operation=operation,
    )


def _shared(mount: Mount) -> Mount:
    """Return a route that Anthropic's API has too, which tells its clients errors in its shape."""
    theirs = msgspec.structs.replace(mount, errors=anthropics)
    return msgspec.structs.replace(mount, instead=partial(_meant, theirs))


def _meant(theirs: Mount, scope: Scope) -> Mount | None:
    return theirs if any(name == models.ANTHROPICS for name, _ in scope["headers"]) else None
