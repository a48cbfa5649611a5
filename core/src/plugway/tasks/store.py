"""Reads tasks; what changes them goes through the ledger.

Most rows are of tasks that have ended, and there are millions of them: every query here is
by an index, and where one index order would not do it is several queries, merged.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, get_args

import msgspec
from tortoise.expressions import Q

from plugway.contract import Task
from plugway.contract.tasks import ENDED, TaskState
from plugway.storage.models import TaskRow
from plugway.storage.names import is_name

if TYPE_CHECKING:
    from tortoise.queryset import QuerySet

    from plugway.storage.database import Database

#: What a task is made of; each is a column of the same name.
COLUMNS = Task.__struct_fields__

#: States of tasks that have not ended.
OPEN: frozenset[str] = frozenset(get_args(TaskState)) - ENDED

# A refused submit has neither name: the upstream gave it none, and the caller's is free again.
_MADE = Q(upstream_id__isnull=False) | Q(external_id__isnull=False) | ~Q(state="failed")

# One look at the index for each channel; a plain minimum would read an entry for every open
# task. A submit that died early has no channel.
_FIRST_DUE = """
SELECT (SELECT next_poll_at FROM plugway_task WHERE channel_id = c.id AND next_poll_at > 0
  ORDER BY next_poll_at LIMIT 1) AS first FROM plugway_channel c
UNION ALL
SELECT (SELECT next_poll_at FROM plugway_task WHERE channel_id IS NULL AND next_poll_at > 0
  ORDER BY next_poll_at LIMIT 1) AS first
"""


class OpenTasks(msgspec.Struct, frozen=True):
    """Counts the tasks that have not ended.

    Attributes:
        by_state: How many, for each such state.
        lag: Seconds that the task that is due longest has waited; 0: none is due. Tasks of
            channels that have been deleted wait for their deadline only.
    """

    by_state: dict[str, int]
    lag: float


def record(row: TaskRow) -> Task:
    """Return a row as plugins see it.

    Args:
        row: As it was read.
    """
    return Task(**{name: getattr(row, name) for name in COLUMNS})


async def get(database: Database, task_id: int) -> Task | None:
    """Return a task by its number.

    Args:
        database: Where it is.
        task_id: Its `id`.
    """
    return await _one(database, {"id": task_id})


async def by_call(database: Database, call_id: str) -> Task | None:
    """Return the task of a call.

    Args:
        database: Where it is.
        call_id: Our own name for it, as anybody wrote it.
    """
    return await _named(database, "call_id", call_id)


async def by_upstream(database: Database, provider: str, upstream_id: str) -> Task | None:
    """Return a task by its upstream's name for it.

    Args:
        database: Where it is.
        provider: The provider.
        upstream_id: As anybody wrote it.
    """
    return await _named(database, "upstream_id", upstream_id, provider=provider)


async def owned(
    database: Database, provider: str, name: str, *, user_id: int, kinds: Collection[str] = ()
) -> Task | None:
    """Return a user's own task.

    Args:
        database: Where it is.
        provider: The provider.
        name: The upstream's name for it or, if none of the user's has that, the user's own.
        user_id: Whose it must be.
        kinds: Kinds it may be of; empty: any.
    """
    for column in ("upstream_id", "external_id"):
        # The owner is compared here: an index knows of an upstream's name whose it is not.
        mine = {"user_id": user_id} if column == "external_id" else {}
        task = await _named(database, column, name, provider=provider, **mine)
        if task is not None and task.user_id == user_id and (not kinds or task.kind in kinds):
            return task
    return None


async def page(
    database: Database,
    provider: str,
    *,
    user_id: int,
    kinds: Collection[str] = (),
    page: int,
    size: int,
) -> list[Task]:
    """Return a page of a user's own tasks, the newest first.

    A submit that the upstream refused is none of them: it made no task.

    Args:
        database: Where they are.
        provider: The provider.
        user_id: Whose.
        kinds: Kinds they may be of; empty: any.
        page: 1 or more. A page costs as much as all before it, so the caller bounds it.
        size: Tasks on a page, 1 or more.
    """
    mine = {"user_id": user_id, "provider": provider}
    start = (page - 1) * size

    async def work() -> list[Task]:
        ids: list[int] = []
        for kind in kinds or await _kinds(mine):
            # By kind the index is in the order of the ids.
            made = TaskRow.filter(_MADE, **mine, kind=kind)
            newest = made.order_by("-id").limit(start + size)
            ids += [id_ for (id_,) in await newest.values_list("id")]
        wanted = sorted(set(ids), reverse=True)[start : start + size]
        return await _tasks(TaskRow.filter(id__in=wanted).order_by("-id")) if wanted else []

    return await database.run(work)


async def search(
    database: Database,
    *,
    state: str | Collection[str] | None = None,
    provider: str | None = None,
    kind: str | None = None,
    user_id: int | None = None,
    channel_id: int | None = None,
    text: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Task]:
    """Return tasks of any user, the newest first, a page at a time.

    Args:
        database: Where they are.
        state: A state or several; `open`: any but an end; `ended`: an end. None: any.
        provider: Only of this provider.
        kind: Only of this kind.
        user_id: Only this user's.
        channel_id: Only through this channel.
        text: Only with this id: our call's, the upstream's or the user's, whole.
        after: The id that the last page ended with; 0: the first page.
        limit: 1 or more.
    """
    given = {"provider": provider, "kind": kind, "user_id": user_id, "channel_id": channel_id}
    chosen: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if after:
        chosen["id__lt"] = after
    states = _states(state)
    # One index for each way: their orders cannot be had from one query.
    ways: list[dict[str, Any]] = [{}] if states is None else [{"state": one} for one in states]
    if text:
        if not is_name(text):
            return []
        ways = [{name: text} for name in ("call_id", "upstream_id", "external_id")]
        if states is not None:
            chosen["state__in"] = states

    async def work() -> list[Task]:
        found: dict[int, Task] = {}
        for way in ways:
            rows = TaskRow.filter(**chosen, **way).order_by("-id").limit(limit)
            found |= {task.id: task for task in await _tasks(rows)}
        return [found[task_id] for task_id in sorted(found, reverse=True)]

    found = await database.run(work)
    if text:
        found = [one for one in found if text in (one.call_id, one.upstream_id, one.external_id)]
    return found[:limit]


async def counts(database: Database, now_us: int) -> OpenTasks:
    """Count the open tasks by state, and say how late the latest poll is.

    Args:
        database: Where they are.
        now_us: Microseconds since 1970.
    """

    async def work() -> tuple[dict[str, int], list[int]]:
        by_state = {state: await TaskRow.filter(state=state).count() for state in sorted(OPEN)}
        _, rows = await database.client.execute_query(_FIRST_DUE)
        return by_state, [row["first"] for row in rows if row["first"] is not None]

    by_state, firsts = await database.run(work)
    return OpenTasks(by_state, max(0, now_us - min(firsts, default=now_us)) / 1_000_000)


async def wake(database: Database, call_id: str, now_us: int) -> bool:
    """Make a task due now.

    Args:
        database: Where it is.
        call_id: Its call.
        now_us: Microseconds since 1970.

    Returns:
        Whether it is due; False: it has ended, or there is none.
    """

    async def work() -> bool:
        task = TaskRow.filter(call_id=call_id)
        if await task.filter(next_poll_at__gt=now_us).update(next_poll_at=now_us):
            return True
        return await task.filter(next_poll_at__lte=now_us).exists()

    return await database.run(work)


async def extend(database: Database, call_id: str, lease: str, until_us: int) -> None:
    """Let nobody else claim a task for longer; one that is no longer held is left alone.

    Args:
        database: Where it is.
        call_id: Its call.
        lease: Under which it is held.
        until_us: Microseconds since 1970.
    """

    async def work() -> None:
        held = TaskRow.filter(call_id=call_id, lease=lease, next_poll_at__gt=0)
        await held.update(next_poll_at=until_us)

    await database.run(work)


async def under_way(
    database: Database, channel_id: int, credential_id: int, *, kind: str, but: str
) -> int:
    """Count the open tasks of a credential.

    Args:
        database: Where they are.
        channel_id: Its channel: of that all open tasks are looked at.
        credential_id: The credential.
        kind: Only of this kind.
        but: Not the task of this call.
    """

    async def work() -> int:
        theirs = TaskRow.filter(channel_id=channel_id, credential_id=credential_id, kind=kind)
        return await theirs.filter(next_poll_at__gt=0).exclude(call_id=but).count()

    return await database.run(work)


async def listed(
    database: Database,
    providers: Collection[str],
    *,
    user_id: int,
    kinds: Collection[str],
    after: int | None,
    limit: int,
    oldest_first: bool,
) -> list[Task]:
    """Return a user's own tasks of several providers, one after another.

    Args:
        database: Where they are.
        providers: Whose.
        user_id: Whose they are.
        kinds: Kinds they may be of.
        after: The id of the task after which they come; None: the first.
        limit: Most of them.
        oldest_first: The other way round.
    """
    beyond = {} if after is None else {"id__gt" if oldest_first else "id__lt": after}
    order = "id" if oldest_first else "-id"

    async def work() -> list[Task]:
        ids: list[int] = []
        for provider in providers:
            for kind in kinds:
                # By provider and kind the index is in the order of the ids.
                mine = TaskRow.filter(
                    _MADE, user_id=user_id, provider=provider, kind=kind, **beyond
                )
                found = await mine.order_by(order).limit(limit).values_list("id")
                ids += [id_ for (id_,) in found]
        wanted = sorted(ids, reverse=not oldest_first)[:limit]
        return await _tasks(TaskRow.filter(id__in=wanted).order_by(order)) if wanted else []

    return await database.run(work)


async def overdue(database: Database, now_us: int, limit: int) -> list[Task]:
    """Return open tasks past their deadline, the most overdue first.

    Args:
        database: Where they are.
        now_us: Microseconds since 1970.
        limit: 1 or more.
    """

    async def work() -> list[Task]:
        return await _tasks(TaskRow.filter(deadline__lte=now_us).order_by("deadline").limit(limit))

    return await database.run(work)


async def _named(database: Database, column: str, name: str, **others: object) -> Task | None:
    if not is_name(name):
        return None
    task = await _one(database, {column: name, **others})
    # Some databases overlook blanks at the end, or case.
    return task if task is not None and getattr(task, column) == name else None


async def _one(database: Database, chosen: dict[str, Any]) -> Task | None:
    found = await database.run(lambda: _tasks(TaskRow.filter(**chosen).limit(1)))
    return found[0] if found else None


async def _tasks(rows: QuerySet[TaskRow]) -> list[Task]:
    # Tortoise's objects cost more than the query.
    return [Task(**values) for values in await rows.values(*COLUMNS)]


async def _kinds(mine: dict[str, Any]) -> list[str]:
    """Return the kinds that a user has tasks of, by one look at the index for each."""
    kinds: list[str] = []
    query = TaskRow.filter(**mine)
    while found := await query.order_by("kind").limit(1).values_list("kind", flat=True):
        kinds.append(str(found[0]))
        query = TaskRow.filter(**mine, kind__gt=kinds[-1])
    return kinds


def _states(state: str | Collection[str] | None) -> list[str] | None:
    if state is None:
        return None
    if state == "open":
        return sorted(OPEN)
    if state == "ended":
        return sorted(ENDED)
    return [state] if isinstance(state, str) else sorted(set(state))
