"""`GET /admin/stats`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway import AdminRoute
from plugway_gemini_business.admin.pool import stamp
from plugway_gemini_business.admin.status import Status
from plugway_gemini_business.admin.totals import Totals, percent
from plugway_gemini_business.provider import NAME

if TYPE_CHECKING:
    from plugway import AdminAsk
    from plugway_gemini_business.admin.pool import Pool
    from plugway_gemini_business.admin.status import PoolStatus
    from plugway_gemini_business.admin.totals import Counts
    from plugway_gemini_business.admin.uptime import Uptime

#: Hours that are told one by one.
HOURS = 24


class ModelFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the calls of one model.

    Attributes:
        requests: How many.
        success: Those that clients did not see fail.
        success_rate: Such as `98.50%`.
        input_tokens: Sum.
        output_tokens: Sum.
        total_tokens: Both.
        images: Sum.
    """

    requests: int
    success: int
    success_rate: str
    input_tokens: int
    output_tokens: int
    total_tokens: int
    images: int


class HourFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the calls of one hour.

    Attributes:
        hour: When it began, such as `2026-11-21T18:00:00Z`.
        requests: How many.
        success: Those that clients did not see fail.
        input_tokens: Sum.
        output_tokens: Sum.
    """

    hour: str
    requests: int
    success: int
    input_tokens: int
    output_tokens: int


class ProxyFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Counts the proxies of the pool, as the process that answers sees them.

    Attributes:
        idle: Those that carry nothing.
        in_use: Those that carry a request.
        total: Both.
    """

    idle: int
    in_use: int
    total: int


class Stats(Totals, frozen=True, kw_only=True):
    """Tells the numbers of the day, and of the last hours.

    Attributes:
        uptime: Of the process that answers, such as `1h2m3s`.
        uptime_seconds: The same.
        models: Calls of the day by model.
        hourly: Calls of the last 24 hours by hour, the oldest first.
        pool: As `/admin/status` tells.
        proxy_pool: The proxies.
    """

    uptime: str
    uptime_seconds: int
    models: dict[str, ModelFigures]
    hourly: list[HourFigures]
    pool: Status
    proxy_pool: ProxyFigures


class Figures:
    """Answers with all numbers."""

    def __init__(self, pool: Pool, status: PoolStatus, uptime: Uptime) -> None:
        """Take the parts.

        Args:
            pool: Counts.
            status: Knows how the pool is.
            uptime: Of this process.
        """
        self._pool = pool
        self._status = status
        self._uptime = uptime

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        return [AdminRoute("GET /admin/stats", self.show, "Numbers", gives=Stats, role="operator")]

    async def show(self, ask: AdminAsk) -> Stats:
        """Answer."""
        pool, statistics = self._pool, self._pool.gateway.statistics
        totals = await pool.totals()
        models = await statistics.by_model(pool.today(), provider=NAME)
        hours = await statistics.by_hour(HOURS, provider=NAME)
        return Stats(
            **msgspec.structs.asdict(totals),
            uptime=self._uptime.text,
            uptime_seconds=self._uptime.seconds,
            models={name: _model(counts) for name, counts in models.items()},
            hourly=[_hour(begin, counts) for begin, counts in hours.items()],
            pool=await self._status.status(),
            proxy_pool=self._proxies(),
        )

    def _proxies(self) -> ProxyFigures:
        busy = [one.traffic.busy for one in self._pool.gateway.upstream.proxies.all()]
        in_use = sum(busy)
        return ProxyFigures(idle=len(busy) - in_use, in_use=in_use, total=len(busy))


def _model(counts: Counts) -> ModelFigures:
    return ModelFigures(
        requests=counts.calls,
        success=counts.succeeded,
        success_rate=percent(counts.succeeded, counts.calls),
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        total_tokens=counts.input_tokens + counts.output_tokens,
        images=counts.images,
    )


def _hour(begin: int, counts: Counts) -> HourFigures:
    return HourFigures(
        hour=stamp(begin),
        requests=counts.calls,
        success=counts.succeeded,
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
    )
