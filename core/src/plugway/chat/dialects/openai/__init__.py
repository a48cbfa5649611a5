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
from plugway.chat.dialects.openai.images import ImageAnswer, ImageBody, Images
from plugway.chat.dialects.openai.models import ListedModel, ModelList, Models
from plugway.contract import Mount, Operation

if TYPE_CHECKING:
    from starlette.types import Scope

    from plugway.gateway import Gateway

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
        Mount(
            path="/v1/images/generations",
            endpoint=Images(gateway).create,
            methods={"POST"},
            # A plugin may have images of its own.
            fallback=True,
            errors=official,
            operation=Operation(
                summary="Make images with a model that chats.",
                request=ImageBody,
                response=ImageAnswer,
                tags=_TAGS,
            ),
        ),
    ]


def _shared(mount: Mount) -> Mount:
    """Return a route that Anthropic's API has too, which tells its clients errors in its shape."""
    theirs = msgspec.structs.replace(mount, errors=anthropics)
    return msgspec.structs.replace(mount, instead=partial(_meant, theirs))


def _meant(theirs: Mount, scope: Scope) -> Mount | None:
    return theirs if any(name == models.ANTHROPICS for name, _ in scope["headers"]) else None
