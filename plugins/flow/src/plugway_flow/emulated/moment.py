"""The emulated service's time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime


class Moment:
    """Tells the time, and can be ahead of whoever tells it.

    Example:
        >>> moment = Moment(lambda: 1_000.0)
        >>> moment.advance(60)
        >>> moment.now()
        1060.0
    """

    def __init__(self, source: Callable[[], float]) -> None:
        """Follow a clock.

        Args:
            source: Returns seconds since 1970.
        """
        self._source = source
        self._ahead = 0.0

    def now(self) -> float:
        """Return seconds since 1970."""
        return self._source() + self._ahead

    def advance(self, seconds: float) -> None:
        """Move ahead.

        Args:
            seconds: 0 or more.
        """
        self._ahead += seconds


def stamp(seconds: float) -> str:
    """Write a time as Google's JSON does.

    Example:
        >>> stamp(0.25)
        '1970-01-01T00:00:00.250Z'
    """
    told = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return told.replace("+00:00", "Z")
