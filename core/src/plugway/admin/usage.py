"""Usage over HTTP: one row a call, the newest first."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from tortoise.expressions import Q

from plugway.admin.moments import Moment, micros, moment
from plugway.admin.owners import (
    channel_names,
    channel_row,
    key_names,
    key_row,
    user_names,
    user_row,
)
from plugway.admin.pages import Limit, Page, Text, page
from plugway.admin.route import Route
from plugway.storage.models import UsageRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tortoise.queryset import QuerySet

    from plugway.admin.ask import Ask

#: `<microseconds>.<id>`: rows are found by time, and several may have the same.
Place = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,18}\.[0-9]{1,18}$")]


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Is what one call used and cost.

    Attributes:
        call_id: The call.
        request_id: What its client saw in `x-request-id`.
        user: Who called.
        key: With which key; null: it has been deleted.
        provider: The provider.
        model: The model.
        channel: The channel; null: none was reached, or it has been deleted.
        credential: Id of the credential.
        credits: What it cost, refunds taken off.
        status: HTTP status that the client got.
        error: Code of the error, if there was one.
        input_tokens: As the upstream said, or as we counted.
        output_tokens: The same.
        images: The same.
        videos: The same.
        estimated: We counted.
        upstream_ms: Milliseconds until the upstream's headers.
        overhead_us: Microseconds that the gateway added.
        ip: The client's address.
        created_at: When it ended.
    """

    call_id: str
    request_id: str
    user: str
    key: str | None
    provider: str
    model: str
    channel: str | None
    credential: int | None
    credits: int
    status: int
    error: str | None
    input_tokens: int
    output_tokens: int
    images: int
    videos: int
    estimated: bool
    upstream_ms: int
    overhead_us: int
    ip: str
    created_at: datetime


class UsageFilter(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls.

    Attributes:
        user: Only this user's.
        key: Only of this key: its id or, with `user`, its name.
        provider: Only of this provider.
        model: Only of this model.
        channel: Only through this channel.
        since: Not before this time.
        until: Before this time.
    """

    user: Text | None = None
    key: Text | None = None
    provider: Text | None = None
    model: Text | None = None
    channel: Text | None = None
    since: Moment | None = msgspec.field(default=None, name="from")
    until: Moment | None = msgspec.field(default=None, name="to")


class UsageQuery(UsageFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls, a page at a time.

    Attributes:
        request_id: Only of this request.
        limit: Items at the most.
        after: The `next` of the page before.
    """

    request_id: Text | None = None
    limit: Limit = 100
    after: Place | None = None


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("GET /api/admin/usage", listed, "List calls", UsageQuery, Page[Usage])]


async def listed(ask: Ask, query: UsageQuery) -> Page[Usage]:
    """List calls, the newest first."""

    async def work() -> Page[Usage]:
        chosen = await conditions(query)
        if query.request_id is not None:
            chosen["request_id"] = query.request_id
        return await calls_page(chosen, query.limit, query.after)

    return await ask.gateway.database.run(work)


async def calls_page(chosen: dict[str, Any], limit: int, after: str | None) -> Page[Usage]:
    """Return a page of calls, inside `database.run`.

    Args:
        chosen: Conditions on the rows.
        limit: Items at the most.
        after: Where the page before ended.
    """
    rows = _after(UsageRow.filter(**chosen), after)
    found = await rows.order_by("-created_at", "-id").limit(limit + 1)
    return page(await _shown(found), limit, [f"{row.created_at}.{row.id}" for row in found])


async def conditions(query: UsageFilter) -> dict[str, Any]:
    """Return what a filter means for the rows, inside `database.run`.

    Raises:
        BadRequest: It names something that is not there.
    """
    chosen: dict[str, Any] = {}
    user = None
    if query.user is not None:
        user = await user_row(query.user)
        # The account, which the index begins with, is the user's and nobody else's.
        chosen["account_id"] = user.account_id
    if query.key is not None:
        chosen["key_id"] = (await key_row(query.key, user)).id
    if query.provider is not None:
        chosen["provider"] = query.provider
    if query.model is not None:
        chosen["model"] = query.model
    if query.channel is not None:
        chosen["channel_id"] = (await channel_row(query.channel)).id
    return {**chosen, **between(query.since, query.until)}


def between(since: datetime | None, until: datetime | None) -> dict[str, Any]:
    """Return what two times mean for the rows."""
    chosen: dict[str, Any] = {}
    if since is not None:
        chosen["created_at__gte"] = micros(since)
    if until is not None:
        chosen["created_at__lt"] = micros(until)
    return chosen


def _after(rows: QuerySet[UsageRow], place: str | None) -> QuerySet[UsageRow]:
    if place is None:
        return rows
    created_at, _, id_ = place.partition(".")
    # The first condition is implied by the second; it is what an index can be read by.
    return rows.filter(created_at__lte=int(created_at)).filter(
        Q(created_at__lt=int(created_at)) | Q(id__lt=int(id_))
    )


async def _shown(rows: Sequence[UsageRow]) -> list[Usage]:
    users = await user_names(row.user_id for row in rows)
    keys = await key_names(row.key_id for row in rows)
    channels = await channel_names(row.channel_id for row in rows)
    return [
        Usage(
            call_id=row.call_id,
            request_id=row.request_id,
            user=users.get(row.user_id, ""),
            key=keys.get(row.key_id),
            provider=row.provider,
            model=row.model,
            channel=channels.get(row.channel_id),
            credential=row.credential_id,
            credits=row.credits,
            status=row.status,
            error=row.error,
            input_tokens=row.input_tokens,
            output_tokens=row.output_tokens,
            images=row.images,
            videos=row.videos,
            estimated=row.estimated,
            upstream_ms=row.upstream_ms,
            overhead_us=row.overhead_us,
            ip=row.ip,
            created_at=moment(row.created_at),
        )
        for row in rows
    ]
