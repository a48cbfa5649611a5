"""Messages to clients' `callback_url` over HTTP: what became of them, and sending them again."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from plugway.admin.moments import moment, moment_or_none
from plugway.admin.owners import user_names, user_row
from plugway.admin.pages import Page, Paging, Text, page
from plugway.admin.route import Route
from plugway.callbacks import listing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugway.admin.ask import Ask
    from plugway.callbacks.record import CallbackRecord

CallId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,32}$")]


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """Is a message to a client's `callback_url`.

    Attributes:
        id: Its id.
        call_id: The task's call.
        user: Whose task.
        url: Where it goes; a query, which may hold the client's own secret, is not shown.
        state: `waiting`, `delivered` or `failed`.
        tries: How often it was sent since it was made, or sent again.
        status: What the receiver answered last; null: it did not answer.
        reason: Why the last try failed.
        next_try_at: When it is tried; null: delivered, or given up.
        created_at: When the task changed.
        updated_at: When it was tried last, or sent again.
    """

    id: int
    call_id: str
    user: str
    url: str
    state: Literal["waiting", "delivered", "failed"]
    tries: int
    status: int | None
    reason: str | None
    next_try_at: datetime | None
    created_at: datetime
    updated_at: datetime


class CallbackQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses messages.

    Attributes:
        user: Only this user's.
        state: Only in this state.
        call_id: Only of this task.
    """

    user: Text | None = None
    state: Literal["waiting", "delivered", "failed"] | None = None
    call_id: CallId | None = None


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/callbacks"
    return [
        Route(f"GET {place}", listed, "List callbacks", CallbackQuery, Page[Callback]),
        Route(f"POST {place}/{{id}}/resend", resend, "Send a callback again", gives=Callback),
    ]


async def listed(ask: Ask, query: CallbackQuery) -> Page[Callback]:
    """List messages, the newest first."""
    database = ask.gateway.database

    async def work() -> Page[Callback]:
        found = await listing.search(
            database,
            state=query.state,
            call_id=query.call_id,
            user_id=None if query.user is None else (await user_row(query.user)).id,
            after=query.after,
            limit=query.limit + 1,
        )
        return page(await shown(found), query.limit, [one.id for one in found])

    return await database.run(work)


async def resend(ask: Ask) -> Callback:
    """Have a message sent again."""
    gateway = ask.gateway
    before = await listing.get(gateway.database, ask.id)
    record = await ask.change(
        "callback.resend",
        before.call_id,
        lambda: listing.resend(gateway.database, before.id, gateway.clock.now()),
        {"id": before.id, "state": before.state},
    )
    return (await gateway.database.run(lambda: shown([record])))[0]


async def shown(records: Sequence[CallbackRecord]) -> list[Callback]:
    """Make messages fit to be shown, inside `database.run`."""
    names = await user_names(record.user_id for record in records)
    return [
        Callback(
            id=record.id,
            call_id=record.call_id,
            user=names.get(record.user_id, ""),
            url=without_query(record.url),
            state=record.state,
            tries=record.tries,
            status=record.status,
            reason=record.reason,
            next_try_at=moment_or_none(record.next_try_at),
            created_at=moment(record.created_at),
            updated_at=moment(record.updated_at),
        )
        for record in records
    ]


def without_query(url: str) -> str:
    """Hide what follows the path of a URL.

    Example:
        >>> without_query("https://example.com/hook?token=1"), without_query("https://example.com/")
        ('https://example.com/hook?…', 'https://example.com/')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return "…"
    if not (parts.query or parts.fragment):
        return url
    return parts._replace(query="…", fragment="").geturl()
