"""Usage summed up: by day, model, user, key, channel or address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Literal

import msgspec
from tortoise.expressions import Q, RawSQL
from tortoise.functions import Count, Sum

from plugway.admin.moments import moment
from plugway.admin.owners import channel_names, key_names, user_names
from plugway.admin.pages import Limit
from plugway.admin.route import Route
from plugway.admin.usage import UsageFilter, conditions
from plugway.storage.models import UsageRow

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.storage.url import Dialect

By = Literal["day", "model", "user", "key", "channel", "ip"]

#: How far back a summary goes that does not say: it reads every row it sums up.
DAYS = 30

_DAY = 86_400_000_000
_COLUMNS: dict[By, str] = {
    "day": "day",
    "model": "model",
    "user": "user_id",
    "key": "key_id",
    "channel": "channel_id",
    "ip": "ip",
}


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up some calls.

    Attributes:
        name: The day (UTC), model, user, key, channel or address; null: it has been
            deleted, or there was none.
        calls: How many.
        errors: How many of them the client saw fail: status 400 and above.
        credits: What they cost, refunds taken off.
        input_tokens: Sum.
        output_tokens: Sum.
        images: Sum.
        videos: Sum.
        upstream_ms: Mean milliseconds until the upstream's headers.
        overhead_us: Mean microseconds that the gateway added.
    """

    name: str | None
    calls: int
    errors: int
    credits: int
    input_tokens: int
    output_tokens: int
    images: int
    videos: int
    upstream_ms: int
    overhead_us: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """Is usage summed up.

    Attributes:
        items: By day: the newest first; else the dearest first.
    """

    items: list[Line]


class SummaryQuery(UsageFilter, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses calls to sum up; without `from` those of the last 30 days.

    Attributes:
        by: What makes a line.
        limit: Lines at the most.
    """

    by: By = "day"
    limit: Limit = 100


def routes() -> list[Route]:
    """Return the routes."""
    place = "GET /api/admin/usage/summary"
    return [Route(place, summary, "Sum up usage", SummaryQuery, Summary)]


async def summary(ask: Ask, query: SummaryQuery) -> Summary:
    """Sum up usage."""
    gateway = ask.gateway
    if query.since is None:
        start = moment(gateway.clock.now()) - timedelta(days=DAYS)
        query = msgspec.structs.replace(query, since=start)
    return await gateway.database.run(lambda: _summed(query, gateway.url.dialect))


async def _summed(query: SummaryQuery, dialect: Dialect) -> Summary:
    column = _COLUMNS[query.by]
    rows = UsageRow.filter(**await conditions(query))
    if query.by == "day":
        rows = rows.annotate(day=RawSQL(_day_of(dialect)))
    summed = (
        rows.annotate(
            calls=Count("id"),
            errors=Count("id", _filter=Q(status__gte=400)),
            total=Sum("credits"),
            input_sum=Sum("input_tokens"),
            output_sum=Sum("output_tokens"),
            image_sum=Sum("images"),
            video_sum=Sum("videos"),
            upstream=Sum("upstream_ms"),
            overhead=Sum("overhead_us"),
        )
        .group_by(column)
        .order_by(*(("-day",) if query.by == "day" else ("-total", "-calls", column)))
        .limit(query.limit)
    )
    found: list[dict[str, Any]] = await summed.values(
        column,
        *("calls", "errors", "total", "input_sum", "output_sum", "image_sum", "video_sum"),
        *("upstream", "overhead"),
    )
    names = await _names(query.by, [row[column] for row in found])
    return Summary(items=[_line(row, names.get(row[column])) for row in found])


def _day_of(dialect: Dialect) -> str:
    # Whole days since 1970; what divides integers differs.
    return f"created_at {'DIV' if dialect == 'mysql' else '/'} {_DAY}"


async def _names(by: By, values: Iterable[Any]) -> dict[Any, str]:
    if by == "user":
        return dict(await user_names(values))
    if by == "key":
        return dict(await key_names(values))
    if by == "channel":
        return dict(await channel_names(values))
    if by == "day":
        return {day: moment(int(day) * _DAY).date().isoformat() for day in values}
    return {value: str(value) for value in values}


def _line(row: dict[str, Any], name: str | None) -> Line:
    # Sums come as decimals from some databases.
    calls = int(row["calls"])
    return Line(
        name=name,
        calls=calls,
        errors=int(row["errors"] or 0),
        credits=int(row["total"]),
        input_tokens=int(row["input_sum"]),
        output_tokens=int(row["output_sum"]),
        images=int(row["image_sum"]),
        videos=int(row["video_sum"]),
        upstream_ms=round(int(row["upstream"]) / calls),
        overhead_us=round(int(row["overhead"]) / calls),
    )
