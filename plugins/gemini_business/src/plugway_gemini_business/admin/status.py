"""`GET /admin/status`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway import AdminRoute
from plugway_gemini_business.admin.pool import plain
from plugway_gemini_business.admin.registration import RegisterStats
from plugway_gemini_business.admin.totals import percent
from plugway_gemini_business.provider import NAME
from plugway_gemini_business.settings import GeminiBusinessSettings

if TYPE_CHECKING:
    from plugway import AdminAsk
    from plugway_gemini_business.admin.pool import Pool
    from plugway_gemini_business.admin.registration import Registration


class StatusCooldowns(msgspec.Struct, frozen=True, kw_only=True):
    """Tells the pauses of the first channel.

    Attributes:
        refresh_sec: Seconds that a bearer is used.
        use_sec: Seconds that an account rests between two calls.
    """

    refresh_sec: float
    use_sec: float


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how the pool is.

    Attributes:
        ready: Accounts in good order.
        pending: Other accounts.
        total: Both.
        available_today: Accounts in good order that may be used today still.
        exceeded_today: Accounts in good order that have used what a day has.
        total_requests: Calls of the day.
        total_success: Those that clients did not see fail.
        total_failed: Those that they did.
        success_rate: Such as `98.50%`.
        daily_limit: Answers a day and account, of the first channel; 0: no limit.
        cooldowns: Of the first channel.
        target: Accounts that are wanted, in all channels.
        min: Accounts below which there is an alert, in all channels.
        is_registering: A person signs in at this machine now.
        register_stats: How such sign-ins went, in the process that answers.
        mode: `local` or `server`.
    """

    ready: int
    pending: int
    total: int
    available_today: int
    exceeded_today: int
    total_requests: int
    total_success: int
    total_failed: int
    success_rate: str
    daily_limit: int
    cooldowns: StatusCooldowns
    target: int
    min: int
    is_registering: bool
    register_stats: RegisterStats
    mode: str


class PoolStatus:
    """Answers how the pool is."""

    def __init__(self, pool: Pool, registration: Registration) -> None:
        """Take the parts.

        Args:
            pool: Counts.
            registration: Knows of sign-ins.
        """
        self._pool = pool
        self._registration = registration

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        place = "GET /admin/status"
        return [AdminRoute(place, self.show, "How the pool is", gives=Status, role="operator")]

    async def show(self, ask: AdminAsk) -> Status:
        """Answer."""
        return await self.status()

    async def status(self) -> Status:
        """Tell how the pool is.

        Raises:
            Unavailable: The database is away.
        """
        pool, gateway = self._pool, self._pool.gateway
        accounts = await gateway.census.count(NAME)
        day = await gateway.statistics.totals(pool.today(), provider=NAME)
        settings = pool.settings()
        first = settings[0]
        return Status(
            ready=accounts.ready,
            pending=accounts.pending,
            total=accounts.total,
            available_today=accounts.ready - accounts.spent,
            exceeded_today=accounts.spent,
            total_requests=day.calls,
            total_success=day.succeeded,
            total_failed=day.failed,
            success_rate=percent(day.succeeded, day.calls),
            daily_limit=first.daily_text,
            cooldowns=StatusCooldowns(
                refresh_sec=plain(first.refresh_cooldown), use_sec=plain(first.use_cooldown)
            ),
            target=sum(one.target_count for one in settings),
            min=sum(one.min_count for one in settings),
            is_registering=self._registration.running,
            register_stats=self._registration.stats,
            mode=gateway.settings(GeminiBusinessSettings).mode,
        )
