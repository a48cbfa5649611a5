"""The dialect of Gemini's API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

import msgspec

from plugway.chat.dialects.gemini.errors import render
from plugway.chat.dialects.gemini.generation import Generation
from plugway.chat.dialects.gemini.models import Models
from plugway.chat.dialects.gemini.wire import (
    GenerateContentResponse,
    ListModelsResponse,
    Model,
    ModelsQuery,
)
from plugway.contract import Mount, Operation
from plugway.identity.presented import has_key

if TYPE_CHECKING:
    from starlette.types import Scope

    from plugway.gateway import Gateway

#: Where Google's clients put their key: a header of its own, the query, or `Authorization`.
KEYS = frozenset({"x-goog-api-key", "key", "bearer"})

_TAGS = ("gemini",)


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the routes of this dialect.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
    """
    generation = Generation(gateway)
    return [
        *_listing(gateway, "/v1beta/models"),
        *[
            Mount(
                path=f"/{version}/models",
                prefix=True,
                endpoint=generation.post,
                methods={"POST"},
                keys=KEYS,
                errors=render,
                operation=Operation(
                    summary="Answer, stream or count: `{model}:generateContent`,"
                    " `:streamGenerateContent` or `:countTokens`.",
                    response=GenerateContentResponse,
                    tags=_TAGS,
                ),
            )
            for version in ("v1beta", "v1")
        ],
    ]


def shared(gateway: Gateway, theirs: Iterable[Mount]) -> Iterator[Mount]:
    """Give other dialects' routes, with those of Google's API that have the same paths in them.

    That API lists its models at `/v1/models`, too, as the OpenAI API does. Whoever shows a key
    in Google's way means Google's list.

    Args:
        gateway: The gateway.
        theirs: Routes of other dialects.
    """
    own = {mount.prefix: mount for mount in _listing(gateway, "/v1/models")}
    for mount in theirs:
        other = own.get(mount.prefix) if mount.path == "/v1/models" else None
        if other is None or mount.methods != other.methods:
            yield mount
        else:
            yield msgspec.structs.replace(mount, instead=partial(_meant, other, mount.instead))


def _listing(gateway: Gateway, path: str) -> list[Mount]:
    models = Models(gateway)
    return [
        Mount(
            path=path,
            endpoint=models.list,
            methods={"GET"},
            keys=KEYS,
            errors=render,
            operation=Operation(
                summary="List models.", query=ModelsQuery, response=ListModelsResponse, tags=_TAGS
            ),
        ),
        Mount(
            path=path,
            prefix=True,
            endpoint=models.get,
            methods={"GET"},
            keys=KEYS,
            errors=render,
            operation=Operation(summary="Describe a model.", response=Model, tags=_TAGS),
        ),
    ]


def _meant(
    mount: Mount, otherwise: Callable[[Scope], Mount | None] | None, scope: Scope
) -> Mount | None:
    googles = has_key(scope["query_string"]) or any(
        name in (b"x-goog-api-key", b"x-goog-api-client") for name, _ in scope["headers"]
    )
    if googles:
        return mount
    return None if otherwise is None else otherwise(scope)
