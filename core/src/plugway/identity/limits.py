"""Rate limits: counted in Redis for all processes, or in memory for this one."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from limits import RateLimitItem, parse_many
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError

from plugway.errors import ConfigurationError, RateLimited

if TYPE_CHECKING:
    from redis.asyncio import ConnectionPool

    from plugway.clock import Clock

log = logging.getLogger(__name__)

#: The most that one limit may count; far above any use, well inside Redis's integers.
MAX_AMOUNT = 10**9

#: Seconds that Redis has to answer, seconds that it is left alone after it did not, and
#: connections to it.
REDIS_TIMEOUT = 0.5
REDIS_PAUSE = 5.0
REDIS_CONNECTIONS = 32

_YEAR = 366 * 86_400


def parse_rate(text: str) -> tuple[RateLimitItem, ...]:
    """Read a rate such as `60/minute`, or several: `5/second;1000/day`.

    Raises:
        ValueError: It is none, or out of range.

    Example:
        >>> parse_rate("60/minute")
        (60 per 1 minute,)
    """
    if len(text) > 64 or not text.isascii() or not text.isprintable():
        raise ValueError("not a rate")
    items = tuple(parse_many(text))
    for item in items:
        if not 1 <= item.amount <= MAX_AMOUNT or not 1 <= item.get_expiry() <= _YEAR:
            raise ValueError("out of range")
    return items


class Limits:
    """Counts calls against rates, in a sliding window.

    When Redis does not answer, this process counts by itself until it does: no call is
    refused for that, and none goes uncounted.
    """

    def __init__(self, url: str = "", *, clock: Clock, prefix: str = "plugway:limits") -> None:
        """Choose where to count; nothing is connected yet.

        Args:
            url: `redis://…`, `rediss://…`, `unix://…`; empty: in memory.
            clock: Times the pauses after an outage. The windows themselves follow the
                machine's clock, which is all that the limits library takes.
            prefix: Of the names in Redis.

        Raises:
            ConfigurationError: The URL is not usable or the Redis client is not installed.
        """
        self._clock = clock
        self._parse = lru_cache(maxsize=1024)(parse_rate)
        self._memory = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._pool: ConnectionPool | None = None
        self._redis: SlidingWindowCounterRateLimiter | None = None
        #: When Redis may be asked again after an outage; None: it answers.
        self._retry_at: float | None = None
        if url:
            self._pool = _connect(url)
            pool: Any = self._pool  # the library's hints leave its own option out
            storage = RedisStorage(
                "async+redis://",
                wrap_exceptions=True,
                implementation="redispy",
                key_prefix=prefix,
                connection_pool=pool,
            )
            self._redis = SlidingWindowCounterRateLimiter(storage)

    @property
    def shared(self) -> bool:
        """Return whether processes count together now."""
        return self._redis is not None and self._retry_at is None

    async def close(self) -> None:
        """Close the connections to Redis."""
        if self._pool is not None:
            await self._pool.disconnect()

    async def take(self, rates: Sequence[tuple[str, str]]) -> None:
        """Count one call, unless a rate refuses it; a refused call is not counted.

        Args:
            rates: The name that counts, and the rate.

        Raises:
            RateLimited: One is used up; `retry_after` says how long.
        """
        if self._redis is not None and self._may_ask():
            try:
                refusal = await self._count(self._redis, rates)
            except (StorageError, OSError) as error:
                self._went(error)
            else:
                self._came()
                if refusal is not None:
                    raise refusal
                return
        refusal = await self._count(self._memory, rates)
        if refusal is not None:
            raise refusal

    async def _count(
        self, limiter: SlidingWindowCounterRateLimiter, rates: Sequence[tuple[str, str]]
    ) -> RateLimited | None:
        items = [(item, name) for name, rate in rates for item in self._parse(rate)]
        if len(items) > 1:
            for item, name in items:
                if not await limiter.test(item, name):
                    return await _refusal(limiter, item, name)
        for item, name in items:
            if not await limiter.hit(item, name):
                return await _refusal(limiter, item, name)
        return None

    def _may_ask(self) -> bool:
        if self._retry_at is None:
            return True
        now = self._clock.monotonic()
        if now < self._retry_at:
            return False
        # Moved on before asking: one call finds out, the others need not wait for it.
        self._retry_at = now + REDIS_PAUSE
        return True

    def _went(self, error: Exception) -> None:
        if self._retry_at is None:
            cause = error.__cause__ or error
            log.warning(
                "Redis does not answer (%s): rate limits are per process until it does",
                type(cause).__name__,
            )
        self._retry_at = self._clock.monotonic() + REDIS_PAUSE

    def _came(self) -> None:
        if self._retry_at is not None:
            log.warning("Redis answers again: rate limits are shared")
            self._retry_at = None


async def _refusal(
    limiter: SlidingWindowCounterRateLimiter, item: RateLimitItem, name: str
) -> RateLimited:
    stats = await limiter.get_window_stats(item, name)
    wait = min(max(1.0, stats.reset_time - time.time()), float(item.get_expiry()))
    return RateLimited(
        f"rate limit of {item.amount} per {_window(item)} reached", retry_after=round(wait, 3)
    )


def _window(item: RateLimitItem) -> str:
    name = item.GRANULARITY.name
    return name if item.multiples == 1 else f"{item.multiples} {name}s"


def _connect(url: str) -> ConnectionPool:
    try:
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
    except ImportError:
        raise ConfigurationError(
            "redis.url is set and takes a driver: pip install 'plugway[redis]'"
        ) from None
    try:
        return BlockingConnectionPool.from_url(
            url,
            max_connections=REDIS_CONNECTIONS,
            timeout=REDIS_TIMEOUT,
            socket_timeout=REDIS_TIMEOUT,
            socket_connect_timeout=REDIS_TIMEOUT,
            # One more try, for a connection that the server closed while it was idle.
            retry=Retry(NoBackoff(), 1),
        )
    except (ValueError, TypeError):
        # The reason would repeat the URL, which holds the password.
        raise ConfigurationError(
            "redis.url is not usable: expected redis://[[user]:password@]host[:port][/db], "
            "rediss://… or unix://path"
        ) from None
