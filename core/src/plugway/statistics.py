"""Statistics of calls, by SQL from the usage rows: the same in every process, and bounded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.storage.database import Database
    from plugway.storage.url import Dialect

#: Models and user agents of one address at the most, and models of one provider.
PARTS, MODELS = 50, 500

_MINUTE = 60_000_000
_HOUR = 3_600_000_000

#: Addresses that one statement names.
_BATCH = 500

#: A call has failed when its client saw it fail: that is what the status of its row says.
_SUMS = """
COUNT(*) AS calls,
SUM(CASE WHEN status >= 400 THEN 1 ELSE 0 END) AS failed,
SUM(input_tokens) AS input_tokens,
SUM(output_tokens) AS output_tokens,
SUM(images) AS images,
SUM(videos) AS videos
FROM plugway_usage WHERE {where}
"""
_TOTALS = f"SELECT {_SUMS}"
_WHOLE = f"SELECT COUNT(DISTINCT ip) AS number, {_SUMS}"
_MODELS = f"SELECT model, {_SUMS} GROUP BY model ORDER BY calls DESC, model LIMIT {{limit}}"
_HOURS = f"SELECT created_at {{divided}} {_HOUR} AS hour, {_SUMS} GROUP BY hour"
_ADDRESSES = f"""
SELECT ip, MIN(created_at) AS first_seen, MAX(created_at) AS last_seen,
SUM(CASE WHEN created_at > ? THEN 1 ELSE 0 END) AS last_minute,
{_SUMS} GROUP BY ip ORDER BY calls DESC, ip LIMIT {{limit}}
"""

#: The most frequent values of a column, for each of some addresses.
_PARTS = """
SELECT ip, part, calls FROM (
SELECT ip, {column} AS part, COUNT(*) AS calls,
ROW_NUMBER() OVER (PARTITION BY ip ORDER BY COUNT(*) DESC, {column}) AS place
FROM plugway_usage
WHERE {where} AND ip IN ({ips}) AND {column} IS NOT NULL GROUP BY ip, {column}
) found WHERE place <= {most}
"""


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up some calls.

    Attributes:
        calls: How many.
        failed: How many of them the client saw fail: status 400 and above.
        input_tokens: Sum.
        output_tokens: Sum.
        images: Sum.
        videos: Sum.
    """

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    videos: int = 0

    @property
    def succeeded(self) -> int:
        """Return how many of them the client did not see fail."""
        return self.calls - self.failed


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the calls of one address.

    Attributes:
        ip: The address.
        counts: Its calls.
        last_minute: How many of them ended in the last 60 seconds.
        first_seen: Microseconds since 1970 when the first of them ended.
        last_seen: The same of the last.
        models: Calls by model, the most frequent 50.
        agents: Calls by what the client calls itself, the most frequent 50.
    """

    ip: str
    counts: Counts
    last_minute: int
    first_seen: int
    last_seen: int
    models: Mapping[str, int]
    agents: Mapping[str, int]


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up calls by address.

    Attributes:
        number: How many addresses there are.
        counts: All their calls.
        items: The addresses with the most calls, those with more first.
    """

    number: int
    counts: Counts
    items: list[Address]


class Statistics:
    """Sums up calls that have ended, since a moment.

    Each question reads the rows of its time once or a few times, by the index on the time; ask
    for days, not for years.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Take the parts.

        Args:
            database: Where the rows are.
            clock: The time.
        """
        self._database = database
        self._clock = clock

    async def totals(self, since: int, *, provider: str | None = None) -> Counts:
        """Sum up all calls.

        Args:
            since: Microseconds since 1970.
            provider: Only this provider's.

        Raises:
            Unavailable: The database is away.
        """
        where, values = _where(since, provider)
        return _counts((await self._rows(_TOTALS.format(where=where), values))[0])

    async def by_model(self, since: int, *, provider: str | None = None) -> dict[str, Counts]:
        """Sum up calls by model, the most frequent 500, those with more calls first.

        Args:
            since: Microseconds since 1970.
            provider: Only this provider's.

        Raises:
            Unavailable: The database is away.
        """
        where, values = _where(since, provider)
        sql = _MODELS.format(where=where, limit=MODELS)
        return {row["model"]: _counts(row) for row in await self._rows(sql, values)}

    async def by_hour(self, hours: int, *, provider: str | None = None) -> dict[int, Counts]:
        """Sum up calls by hour, the oldest first.

        Args:
            hours: How many, 1 or more, the one that runs included.
            provider: Only this provider's.

        Returns:
            What each hour had, none left out, by the microseconds since 1970 of its begin.

        Raises:
            Unavailable: The database is away.
        """
        last = self._clock.now() // _HOUR
        first = last - hours + 1
        where, values = _where(first * _HOUR, provider)
        divided = "DIV" if self._dialect == "mysql" else "/"
        sql = _HOURS.format(where=where, divided=divided)
        found = {int(row["hour"]): _counts(row) for row in await self._rows(sql, values)}
        return {hour * _HOUR: found.get(hour, Counts()) for hour in range(first, last + 1)}

    async def by_address(self, since: int, limit: int, *, provider: str | None = None) -> Addresses:
        """Sum up calls by the address of the client.

        Args:
            since: Microseconds since 1970.
            limit: Addresses at the most, 1 or more.
            provider: Only this provider's.

        Raises:
            Unavailable: The database is away.
        """
        where, values = _where(since, provider)
        all_ = _WHOLE.format(where=where)
        most = _ADDRESSES.format(where=where, limit=limit)
        minute = self._clock.now() - _MINUTE

        async def work() -> Addresses:
            whole = (await self._rows(all_, values))[0]
            rows = await self._rows(most, [minute, *values])
            ips = [row["ip"] for row in rows]
            models = await self._parts("model", ips, where, values)
            agents = await self._parts("agent", ips, where, values)
            return Addresses(
                number=int(whole["number"]),
                counts=_counts(whole),
                items=[
                    Address(
                        ip=row["ip"],
                        counts=_counts(row),
                        last_minute=int(row["last_minute"]),
                        first_seen=int(row["first_seen"]),
                        last_seen=int(row["last_seen"]),
                        models=models.get(row["ip"], {}),
                        agents=agents.get(row["ip"], {}),
                    )
                    for row in rows
                ],
            )

        return await self._database.run(work)

    async def _parts(
        self, column: str, ips: list[str], where: str, values: list[Any]
    ) -> dict[str, dict[str, int]]:
        found: dict[str, list[tuple[int, str]]] = {}
        for start in range(0, len(ips), _BATCH):
            batch = ips[start : start + _BATCH]
            places = ", ".join("?" for _ in batch)
            sql = _PARTS.format(column=column, where=where, ips=places, most=PARTS)
            for row in await self._rows(sql, [*values, *batch]):
                found.setdefault(row["ip"], []).append((-int(row["calls"]), row["part"]))
        return {ip: {part: -calls for calls, part in sorted(of)} for ip, of in found.items()}

    @property
    def _dialect(self) -> Dialect:
        return self._database.url.dialect

    async def _rows(self, sql: str, values: list[Any]) -> list[dict[str, Any]]:
        database, text = self._database, placed(sql, self._dialect)

        async def work() -> list[dict[str, Any]]:
            return list(await database.client.execute_query_dict(text, values))

        return await database.run(work)


def placed(sql: str, dialect: Dialect) -> str:
    """Write the places of values as a database's driver takes them.

    Args:
        sql: With a `?` for each value, and no other one.
        dialect: Which database.

    Example:
        >>> placed("a = ? AND b = ?", "postgres"), placed("a = ?", "mysql")
        ('a = $1 AND b = $2', 'a = %s')
    """
    if dialect == "mysql":
        return sql.replace("?", "%s")
    if dialect == "sqlite":
        return sql
    first, *rest = sql.split("?")
    return first + "".join(f"${number}{text}" for number, text in enumerate(rest, start=1))


def _where(since: int, provider: str | None) -> tuple[str, list[Any]]:
    if provider is None:
        return "created_at >= ?", [since]
    return "created_at >= ? AND provider = ?", [since, provider]


def _counts(row: Mapping[str, Any]) -> Counts:
    # Sums are null where there is no row, and come as decimals from some databases.
    return Counts(**{name: int(row[name] or 0) for name in Counts.__struct_fields__})
