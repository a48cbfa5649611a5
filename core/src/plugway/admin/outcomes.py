"""How tasks turn out: by channel and kind, how many succeed and how long that takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.admin.moments import Moment, micros, moment
from plugway.admin.owners import channel_names
from plugway.admin.route import Route
from plugway.errors import BadRequest
from plugway.tasks import store

if TYPE_CHECKING:
    from plugway.admin.ask import Ask

#: How far back statistics go that do not say.
DAY = timedelta(days=1)

#: Tasks that are read, the newest of the time asked for: what bounds the cost. A million of
#: them a day need no more to tell a rate.
MOST = 10_000

#: One line a channel, kind and state; read along the unique index of call ids, which begin
#: with the time. The middle one of an odd number, or the middle two of an even one, are the
#: only whose doubled place is the number, one more or two more. What the upstream never took
#: has no id of it.
_SQL = """
    SELECT provider, channel_id, kind, outcome, MAX(total) AS tasks,
        AVG(CASE WHEN 2 * place IN (total, total + 1, total + 2) THEN lasted END) AS median
    FROM (
        SELECT provider, channel_id, kind, outcome, lasted,
            ROW_NUMBER() OVER (
                PARTITION BY provider, channel_id, kind, outcome ORDER BY lasted
            ) AS place,
            COUNT(*) OVER (PARTITION BY provider, channel_id, kind, outcome) AS total
        FROM (
            SELECT provider, channel_id, kind, finished_at - created_at AS lasted,
                CASE WHEN finished_at IS NULL THEN 'open'
                    WHEN state = 'failed' AND upstream_id IS NULL THEN 'refused'
                    ELSE state END AS outcome
            FROM plugway_task WHERE call_id >= '{}' AND call_id < '{}'
            ORDER BY call_id DESC LIMIT {}
        ) AS recent
    ) AS ranked
    GROUP BY provider, channel_id, kind, outcome
"""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the tasks of one channel and kind.

    Attributes:
        provider: The provider.
        channel: The channel; null: none was asked, or it has been deleted.
        kind: The provider's word.
        tasks: How many.
        open: How many of them have not ended.
        succeed: How many succeeded.
        failed: How many the upstream took, and failed.
        expired: How many did not end in time.
        refused: How many the upstream did not take.
        success_rate: From 0 to 1: those that succeeded, of those that the upstream took and
            that ended; null: there are none.
        median_seconds: From the submit to the success; null: none succeeded.
    """

    provider: str
    channel: str | None
    kind: str
    tasks: int
    open: int
    succeed: int
    failed: int
    expired: int
    refused: int
    success_rate: float | None
    median_seconds: float | None


class Outcomes(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how tasks turn out.

    Attributes:
        items: The most tasks first.
        tasks: How many are summed up.
        complete: All of the time asked for; otherwise the newest of it.
        open: All tasks that have not ended, whenever they began, by state.
        lag_seconds: How long the one that is due longest has waited for its poll.
    """

    items: list[Outcome]
    tasks: int
    complete: bool
    open: dict[str, int]
    lag_seconds: float


class OutcomeQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses tasks by when they were submitted; without `from` those of the last day.

    Attributes:
        since: Not before this time.
        until: Before this time.
    """

    since: Moment | None = msgspec.field(default=None, name="from")
    until: Moment | None = msgspec.field(default=None, name="to")


def routes() -> list[Route]:
    """Return the routes."""
    place = "GET /api/admin/tasks/statistics"
    return [Route(place, statistics, "Sum up tasks", OutcomeQuery, Outcomes)]


async def statistics(ask: Ask, query: OutcomeQuery) -> Outcomes:
    """Sum tasks up, at most the newest 10 000 of the time asked for."""
    database, now = ask.gateway.database, ask.gateway.clock.now()
    until = moment(now) + DAY if query.until is None else query.until
    since = min(until, moment(now)) - DAY if query.since is None else query.since
    sql = _SQL.format(_bound(since, "from"), _bound(until, "to"), MOST)
    counts = await store.counts(database, now)

    async def work() -> tuple[list[dict[str, Any]], dict[int, str]]:
        found = (await database.client.execute_query(sql))[1]
        rows = [dict(row) for row in found]
        return rows, await channel_names(row["channel_id"] for row in rows)

    rows, names = await database.run(work)
    groups: dict[tuple[str, int | None, str], dict[str, Mapping[str, Any]]] = {}
    for row in rows:
        place = row["provider"], row["channel_id"], row["kind"]
        groups.setdefault(place, {})[row["outcome"]] = row
    items = [
        _outcome(provider, names.get(channel or 0), kind, found)
        for (provider, channel, kind), found in groups.items()
    ]
    tasks = sum(item.tasks for item in items)
    return Outcomes(
        items=sorted(items, key=lambda one: (-one.tasks, one.provider, one.kind)),
        tasks=tasks,
        complete=tasks < MOST,
        open=counts.by_state,
        lag_seconds=counts.lag,
    )


def _bound(time: datetime, field: str) -> str:
    """Return what the ids of calls at a time begin with: its milliseconds, in hex."""
    number = micros(time) // 1000
    if number < 0:
        raise BadRequest(f"{field}: before 1970", field=field)
    return f"{number:012x}"


def _outcome(
    provider: str, channel: str | None, kind: str, found: Mapping[str, Mapping[str, Any]]
) -> Outcome:
    # Sums and means come as decimals from some databases.
    count = {outcome: int(row["tasks"]) for outcome, row in found.items()}
    ended = sum(count.get(outcome, 0) for outcome in ("succeed", "failed", "expired"))
    succeed = count.get("succeed", 0)
    return Outcome(
        provider=provider,
        channel=channel,
        kind=kind,
        tasks=sum(count.values()),
        open=count.get("open", 0),
        succeed=succeed,
        failed=count.get("failed", 0),
        expired=count.get("expired", 0),
        refused=count.get("refused", 0),
        success_rate=succeed / ended if ended else None,
        median_seconds=round(float(found["succeed"]["median"]) / 1_000_000, 1) if succeed else None,
    )
