"""`POST /admin/reload-config`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from plugway import AdminRoute, Conflict
from plugway_gemini_business.admin.pool import plain
from plugway_gemini_business.provider import NAME

if TYPE_CHECKING:
    from plugway import AdminAsk
    from plugway_gemini_business.admin.pool import Pool


class PoolConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Tells the settings of the pool by their old names; those of the first channel.

    Attributes:
        target_count: Accounts that are wanted, in all channels.
        min_count: Accounts below which there is an alert, in all channels.
        refresh_cooldown_sec: Seconds that a bearer is used.
        use_cooldown_sec: Seconds that an account rests between two calls.
        max_fail_count: Renewals in a row that fail until an account is quarantined.
        daily_limit: Answers a day and account; 0: no limit.
        enable_browser_refresh: This gateway, or its workers, renew accounts.
    """

    target_count: int
    min_count: int
    refresh_cooldown_sec: float
    use_cooldown_sec: float
    max_fail_count: int
    daily_limit: int
    enable_browser_refresh: bool


class Reloaded(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what is in force.

    Attributes:
        message: For people.
        api_keys: Keys that let somebody in.
        debug: The log has everything.
        pool_config: Settings of the pool.
    """

    message: str
    api_keys: int
    debug: bool
    pool_config: PoolConfig


class Reloading:
    """Takes over settings at once; by itself the gateway does so within a second."""

    def __init__(self, pool: Pool) -> None:
        """Take the parts.

        Args:
            pool: Knows the channels.
        """
        self._pool = pool

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        place = "POST /admin/reload-config"
        return [AdminRoute(place, self.reload, "Take over settings", gives=Reloaded, role="admin")]

    async def reload(self, ask: AdminAsk) -> Reloaded:
        """Take over what changed in the settings file and in the database.

        Raises:
            Conflict: The file is not usable; the settings stay as they were.
        """
        gateway = self._pool.gateway
        gateway.live.check()
        await gateway.snapshots.refresh()
        if gateway.live.problem is not None:
            raise Conflict(f"the settings stay as they were: {gateway.live.problem}")
        waiting = ", ".join(gateway.live.restart)
        settings = self._pool.settings()
        first = settings[0]
        return Reloaded(
            message=f"in force but for what takes a restart: {waiting}" if waiting else "in force",
            api_keys=gateway.identity.number(),
            debug=gateway.current().log.level == "debug",
            pool_config=PoolConfig(
                target_count=sum(one.target_count for one in settings),
                min_count=sum(one.min_count for one in settings),
                refresh_cooldown_sec=plain(first.refresh_cooldown),
                use_cooldown_sec=plain(first.use_cooldown),
                max_fail_count=first.max_failures,
                daily_limit=first.daily_text,
                enable_browser_refresh=any(
                    one.provider == NAME for one in gateway.renewals.renewable()
                ),
            ),
        )
