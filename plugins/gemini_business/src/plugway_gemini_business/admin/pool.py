"""The pool of accounts as these endpoints see it."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import msgspec

from plugway import Conflict
from plugway_gemini_business.admin.totals import Totals, totals
from plugway_gemini_business.provider import NAME, GeminiBusinessChannel

if TYPE_CHECKING:
    from plugway import Channel, Gateway

_SECOND, _MINUTE = 1_000_000, 60_000_000


class PoolCounts(msgspec.Struct, frozen=True, kw_only=True):
    """Counts accounts; those that the operator has disabled are not counted.

    Attributes:
        ready: In good order: a call may use it, does, or it rests between two calls.
        pending: Others: expired, restricted, quarantined, or resting for its quota.
        total: Both.
    """

    ready: int
    pending: int
    total: int


class Pool:
    """Knows the plugin's channels, and counts their accounts and calls.

    Attributes:
        gateway: The gateway.
    """

    def __init__(self, gateway: Gateway) -> None:
        """Take the gateway; nothing of it is asked for yet.

        Args:
            gateway: Has the channels.
        """
        self.gateway = gateway

    def channels(self, name: str | None = None) -> list[Channel]:
        """Return the channels that take calls, by age.

        Args:
            name: Only the one of this name.

        Raises:
            Conflict: There is none.
        """
        found = self._channels()
        if name is not None:
            found = [one for one in found if one.name == name]
        if found:
            return found
        which = "" if name is None else f" {name}"
        raise Conflict(f"there is no channel{which} to Gemini Business that takes calls")

    def settings(self) -> list[GeminiBusinessChannel]:
        """Return the settings of the channels that take calls; without one, those by default."""
        found = [cast("GeminiBusinessChannel", one.settings) for one in self._channels()]
        return found or [GeminiBusinessChannel()]

    def today(self) -> int:
        """Return when the day began, where the first channel's day does.

        Returns:
            Microseconds since 1970.
        """
        zone = ZoneInfo(self.settings()[0].day_zone)
        now = datetime.fromtimestamp(self.gateway.clock.now() // _SECOND, zone)
        return round(datetime.combine(now.date(), time(), zone).timestamp()) * _SECOND

    async def counts(self) -> PoolCounts:
        """Count the accounts.

        Raises:
            Unavailable: The database is away.
        """
        found = await self.gateway.census.count(NAME)
        return PoolCounts(ready=found.ready, pending=found.pending, total=found.total)

    async def totals(self) -> Totals:
        """Sum up the calls of the day.

        Raises:
            Unavailable: The database is away.
        """
        statistics, now = self.gateway.statistics, self.gateway.clock.now()
        today = self.today()
        day = await statistics.totals(today, provider=NAME)
        minute = await statistics.totals(now - _MINUTE, provider=NAME)
        return totals(day, last_minute=minute.calls, minutes=(now - today) / _MINUTE)

    def _channels(self) -> list[Channel]:
        return self.gateway.census.channels(NAME)


def stamp(micros: int) -> str:
    """Write a time.

    Args:
        micros: Microseconds since 1970.

    Example:
        >>> stamp(1_500_000)
        '1970-01-01T00:00:01Z'
    """
    return f"{datetime.fromtimestamp(micros // _SECOND, UTC):%Y-%m-%dT%H:%M:%SZ}"


def plain(seconds: float) -> float:
    """Return a number as short as it is: those who know whole seconds only read no others.

    Args:
        seconds: The number.

    Example:
        >>> plain(240.0), plain(0.5)
        (240, 0.5)
    """
    return int(seconds) if seconds == int(seconds) else seconds
