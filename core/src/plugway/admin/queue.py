"""The calls that want pooled credentials over HTTP: seen, and cancelled."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.admin.moments import moment, moment_or_none
from plugway.admin.pages import Text
from plugway.admin.route import Route
from plugway.errors import NotFound

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class QueuedCall(msgspec.Struct, frozen=True, kw_only=True):
    """Is a call that waits for a pooled credential, or uses one.

    Attributes:
        id: The call's id.
        request_id: What its client sees in `x-request-id`.
        answer_id: The answer's id without a dialect's prefix; empty: it has none.
        user: Whose it is.
        provider: The provider.
        model: The model.
        streaming: Its client takes the answer as it comes.
        state: `waiting` or `running`.
        position: How many calls are served before it, it included; null: it runs.
        since: When it began to wait.
        started: When it got the credential that it uses; null: it waits.
        cancelled: It is about to end.
    """

    id: str
    request_id: str
    answer_id: str
    user: str
    provider: str
    model: str
    streaming: bool
    state: Literal["waiting", "running"]
    position: int | None
    since: datetime
    started: datetime | None
    cancelled: bool


class QueueQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls.

    Attributes:
        provider: Only this provider's.
        user: Only this user's.
    """

    provider: Text | None = None
    user: Text | None = None


class QueuedCalls(msgspec.Struct, frozen=True, kw_only=True):
    """Tells of the queue of the process that answers.

    Attributes:
        items: Those that run, oldest first, then those that wait, the next first.
    """

    items: list[QueuedCall]


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/queue"
    return [
        Route(f"GET {place}", listed, "List calls that wait or run", QueueQuery, QueuedCalls),
        Route(f"POST {place}/{{id}}/cancel", cancel, "Cancel a call"),
    ]


async def listed(ask: Ask, query: QueueQuery) -> QueuedCalls:
    """List calls."""
    places = ask.gateway.queue.list(query.provider, user=query.user)
    return QueuedCalls(
        items=[
            QueuedCall(
                id=place.call_id,
                request_id=place.request_id,
                answer_id=place.answer_id,
                user=place.user,
                provider=place.provider,
                model=place.model,
                streaming=place.streaming,
                state=place.state,
                position=place.position,
                since=moment(place.since),
                started=moment_or_none(place.started),
                cancelled=place.cancelled,
            )
            for place in places
        ]
    )


async def cancel(ask: Ask) -> None:
    """Cancel a call, by any of its ids."""
    name: str = ask.request.path_params["id"]
    if not name.isprintable() or not await ask.gateway.queue.cancel(name):
        raise NotFound("no such call waits or runs in this process", field="id")
    await ask.record("queue.cancel", name)
