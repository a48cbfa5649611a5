"""Keeps calls away from a channel that keeps failing, and lets one through to find out."""

from __future__ import annotations

from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


class Breaker:
    """Opens after failures in a row, and closes again after one success.

    Example:
        >>> breaker = Breaker(threshold=1, pause=30)
        >>> breaker.failed(now=0.0)
        True
        >>> breaker.admits(now=1.0), breaker.admits(now=31.0), breaker.admits(now=31.0)
        (False, True, False)
        >>> breaker.succeeded()
        >>> breaker.admits(now=31.0)
        True
    """

    __slots__ = ("_failures", "_pause", "_threshold", "_trial_until", "_until")

    def __init__(self, threshold: int = 5, pause: float = 30.0) -> None:
        """Start closed.

        Args:
            threshold: Failures in a row that open it, 1 or more.
            pause: Seconds until one call is let through; also how long that call's
                verdict is awaited before the next is let through.
        """
        self._threshold = threshold
        self._pause = pause
        self._failures = 0
        self._until: float | None = None
        self._trial_until: float | None = None

    def admits(self, now: float) -> bool:
        """Say whether a call may go now; when half open, this call is the trial.

        Args:
            now: Monotonic seconds.
        """
        if self._until is None:
            return True
        if now < self._until or (self._trial_until is not None and now < self._trial_until):
            return False
        self._trial_until = now + self._pause
        return True

    def succeeded(self) -> None:
        """Close."""
        self._failures = 0
        self._until = self._trial_until = None

    def failed(self, now: float) -> bool:
        """Count a failure; open when there are too many, or when the trial failed.

        Args:
            now: Monotonic seconds.

        Returns:
            Whether it was closed and is open now.
        """
        self._failures += 1
        closed = self._until is None
        if closed and self._failures < self._threshold:
            return False
        self._until = now + self._pause
        self._trial_until = None
        return closed

    def state(self, now: float) -> BreakerState:
        """Return the state, for lists and metrics."""
        if self._until is None:
            return "closed"
        return "open" if now < self._until else "half_open"

    def opens_in(self, now: float) -> float:
        """Return the seconds until a call is let through; 0 when one is now."""
        return 0.0 if self._until is None else max(0.0, self._until - now)
