"""Tasks over HTTP: the newest first, and which one a path names."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import msgspec

from plugway.admin.moments import moment, moment_or_none
from plugway.admin.owners import channel_names, channel_row, user_names, user_row
from plugway.admin.pages import MAX_ID, Page, Paging, Text, page
from plugway.admin.route import Route
from plugway.contract import Task as KnownTask
from plugway.contract.tasks import TaskState
from plugway.errors import Conflict, NotFound
from plugway.tasks import store

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.gateway import Gateway


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """Is an upstream job that outlives its call.

    Attributes:
        id: Its id.
        call_id: Its call, and the name that the upstream knows it by.
        provider: The provider.
        kind: The provider's word for what is made.
        model: The model.
        user: Whose it is.
        channel: The channel; null: none was reached, or it has been deleted.
        credential: Id of the credential that made it.
        upstream_id: The upstream's own name for it; null: not known.
        external_id: The client's own name for it.
        state: `pending`, `unknown`, `submitted` or `processing`; `succeed`, `failed` or
            `expired` once it has ended.
        progress: Percent, where the upstream tells.
        reason: Why it failed, or why the upstream could not be asked lately.
        price: Credits that its success costs.
        polls: How often the upstream was asked.
        failures: Polls in a row that told nothing.
        next_poll_at: When the upstream is asked next; null: it has ended.
        deadline: When it expires; null: it has ended.
        created_at: When it was made.
        updated_at: When something was last learnt of it.
        finished_at: When it ended.
    """

    id: int
    call_id: str
    provider: str
    kind: str
    model: str
    user: str
    channel: str | None
    credential: int | None
    upstream_id: str | None
    external_id: str | None
    state: TaskState
    progress: int | None
    reason: str | None
    price: int
    polls: int
    failures: int
    next_poll_at: datetime | None
    deadline: datetime | None
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None


class TaskQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses tasks.

    Attributes:
        state: Only in this state; `open`: in any but an end; `ended`: in an end.
        provider: Only of this provider.
        kind: Only of this kind.
        user: Only this user's.
        channel: Only through this channel.
        text: Only those with this id, the gateway's, the upstream's or the client's.
    """

    state: TaskState | Literal["open", "ended"] | None = None
    provider: Text | None = None
    kind: Text | None = None
    user: Text | None = None
    channel: Text | None = None
    text: Text | None = msgspec.field(default=None, name="id")


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("GET /api/admin/tasks", listed, "List tasks", TaskQuery, Page[Task])]


async def listed(ask: Ask, query: TaskQuery) -> Page[Task]:
    """List tasks, the newest first."""
    gateway = ask.gateway

    async def work() -> list[KnownTask]:
        user = None if query.user is None else (await user_row(query.user)).id
        channel = None if query.channel is None else (await channel_row(query.channel)).id
        return await store.search(
            gateway.database,
            state=query.state,
            provider=query.provider,
            kind=query.kind,
            user_id=user,
            channel_id=channel,
            text=query.text,
            after=query.after,
            limit=query.limit + 1,
        )

    found = await gateway.database.run(work)
    return page(await shown(gateway, found), query.limit, [task.id for task in found])


async def find(ask: Ask) -> KnownTask:
    """Return the task that the `{id}` of the path names.

    It is the task's number, its call's id, or the upstream's id for it, in this order.

    Args:
        ask: The request.

    Raises:
        NotFound: There is none.
        Conflict: Several upstreams call one of theirs so.
    """
    gateway = ask.gateway
    text: str = ask.request.path_params["id"]
    database = gateway.database
    found: KnownTask | None = None
    if text.isascii() and text.isdecimal() and len(text) < 20 and int(text) <= MAX_ID:
        found = await store.get(database, int(text))
    if found is None:
        found = await store.by_call(database, text)
    if found is not None:
        return found
    # An index finds the upstream's ids of one provider, not of all.
    named = [
        task
        for provider in gateway.registry.providers
        if (task := await store.by_upstream(database, provider, text)) is not None
    ]
    if not named:
        raise NotFound("there is no such task")
    if len(named) > 1:
        numbers = ", ".join(map(str, sorted(task.id for task in named)))
        raise Conflict(f"several tasks have this id at their upstreams: {numbers}")
    return named[0]


async def shown(gateway: Gateway, tasks: Sequence[KnownTask]) -> list[Task]:
    """Make tasks fit to be shown.

    Args:
        gateway: The gateway.
        tasks: The tasks.
    """

    async def work() -> tuple[dict[int, str], dict[int, str]]:
        users = await user_names(task.user_id for task in tasks)
        return users, await channel_names(task.channel_id for task in tasks)

    users, channels = await gateway.database.run(work)
    return [
        Task(
            id=task.id,
            call_id=task.call_id,
            provider=task.provider,
            kind=task.kind,
            model=task.model,
            user=users.get(task.user_id, ""),
            channel=channels.get(task.channel_id or 0),
            credential=task.credential_id,
            upstream_id=task.upstream_id,
            external_id=task.external_id,
            state=task.state,
            progress=task.progress,
            reason=task.reason,
            price=task.price,
            polls=task.polls,
            failures=task.failures,
            next_poll_at=moment_or_none(task.next_poll_at),
            deadline=moment_or_none(task.deadline),
            created_at=moment(task.created_at),
            updated_at=moment(task.updated_at),
            finished_at=moment_or_none(task.finished_at),
        )
        for task in tasks
    ]
