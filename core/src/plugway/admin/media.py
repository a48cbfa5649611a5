"""What upstreams made and the gateway keeps, over HTTP: looked at and removed."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from starlette.responses import Response

from plugway.admin.callbacks import CallId
from plugway.admin.moments import moment, moment_or_none
from plugway.admin.owners import user_names, user_row
from plugway.admin.pages import Paging, Text
from plugway.admin.route import Route
from plugway.errors import NotFound
from plugway.media.thumbnails import TYPE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugway.admin.ask import Ask
    from plugway.media.kept import Kept


class Medium(msgspec.Struct, frozen=True, kw_only=True):
    """Is one image, video or sound that is kept.

    Attributes:
        id: Its id.
        call_id: The call or task that made it.
        user: Whose it is.
        position: Which of its call's it is, from 0.
        mime_type: What its bytes are.
        size: Bytes.
        name: The upstream's own name for it.
        created_at: When it was made.
        expires_at: When it is removed; null: it stays.
    """

    id: str
    call_id: str
    user: str
    position: int
    mime_type: str
    size: int
    name: str
    created_at: datetime
    expires_at: datetime | None


class MediaPage(msgspec.Struct, frozen=True, kw_only=True):
    """Is one page of what is kept.

    Attributes:
        items: The newest first.
        next: Give it as `after` for the next page; null: this is the last one.
        number: How many there are on all pages.
        size: Bytes of those.
    """

    items: list[Medium]
    next: int | None
    number: int
    size: int


class MediaQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses media.

    Attributes:
        user: Only this user's.
        call_id: Only of this call or task.
    """

    user: Text | None = None
    call_id: CallId | None = None


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/media"
    return [
        Route(f"GET {place}", listed, "List what is kept", MediaQuery, MediaPage),
        Route(f"GET {place}/{{id}}/thumbnail", thumbnail, "Show an image, small"),
        Route(f"DELETE {place}/{{id}}", remove, "Remove what is kept"),
    ]


async def listed(ask: Ask, query: MediaQuery) -> MediaPage:
    """List media, the newest first."""
    gateway = ask.gateway
    user_id = None
    if query.user is not None:
        name = query.user
        user_id = (await gateway.database.run(lambda: user_row(name))).id
    rows, now = gateway.media.rows, gateway.clock.now()
    found, totals = await asyncio.gather(
        rows.listed(
            now, user_id=user_id, call_id=query.call_id, after=query.after, limit=query.limit + 1
        ),
        rows.totals(now, user_id=user_id, call_id=query.call_id),
    )
    names = await gateway.database.run(lambda: user_names(kept.user_id for _, kept in found))
    more = len(found) > query.limit
    return MediaPage(
        items=_shown([kept for _, kept in found[: query.limit]], names),
        next=found[query.limit - 1][0] if more else None,
        number=totals.number,
        size=totals.size,
    )


async def thumbnail(ask: Ask) -> Response:
    """Return a small picture of an image."""
    kept = await _found(ask)
    small = await ask.gateway.media.thumbnail(kept)
    # It is its medium's for good, and only this administrator's browser keeps it.
    headers = {"cache-control": "private, max-age=3600", "x-content-type-options": "nosniff"}
    return Response(small, headers=headers, media_type=TYPE)


async def remove(ask: Ask) -> None:
    """Remove a medium; its URLs do not work any more."""
    kept = await _found(ask)
    if not await ask.gateway.media.remove(kept.id):
        raise NotFound
    detail = {"call_id": kept.call_id, "mime_type": kept.mime_type, "size": kept.size}
    await ask.record("media.remove", kept.id, detail)


async def _found(ask: Ask) -> Kept:
    kept = await ask.gateway.media.get(ask.request.path_params["id"])
    if kept is None:
        raise NotFound
    return kept


def _shown(media: Sequence[Kept], names: dict[int, str]) -> list[Medium]:
    return [
        Medium(
            id=kept.id,
            call_id=kept.call_id,
            user=names.get(kept.user_id, ""),
            position=kept.position,
            mime_type=kept.mime_type,
            size=kept.size,
            name=kept.name,
            created_at=moment(kept.created_at),
            expires_at=moment_or_none(kept.expires_at),
        )
        for kept in media
    ]
