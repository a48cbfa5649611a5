"""Background work that one node does at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from plugway.errors import ConfigurationError


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """Runs a coroutine function again and again, on one node at a time.

    Attributes:
        name: Unique among all plugins.
        run: Does one round. A lease in the database keeps other nodes away meanwhile;
            an exception is logged with the plugin's name and the next round comes as usual.
        interval: Seconds between rounds, above 0.
        lease: Seconds after which another node takes over from one that died; a round
            that takes longer is cancelled.

    Raises:
        ConfigurationError: An interval or lease that is not above 0.

    Example:
        >>> async def refresh(): ...
        >>> Worker(name="echo.refresh", run=refresh, interval=60).lease
        60.0
    """

    name: str
    run: Callable[[], Awaitable[None]]
    interval: float
    lease: float = 60.0

    def __post_init__(self) -> None:
        if self.interval <= 0 or self.lease <= 0:
            raise ConfigurationError(f"worker {self.name!r}: interval and lease must be above 0")
