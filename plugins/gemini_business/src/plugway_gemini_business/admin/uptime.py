"""How long a process has been serving."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back."""


class Uptime:
    """Counts from when it was made, as the process starts."""

    def __init__(self, clock: Clock) -> None:
        """Begin.

        Args:
            clock: The time.
        """
        self._clock = clock
        self._began = clock.monotonic()

    @property
    def seconds(self) -> int:
        """Return whole seconds."""
        return int(self._clock.monotonic() - self._began)

    @property
    def text(self) -> str:
        """Return it for people."""
        return written(self.seconds)


def written(seconds: int) -> str:
    """Write a time for people.

    Args:
        seconds: 0 or more.

    Example:
        >>> written(59), written(3_600), written(90_061)
        ('59s', '1h0m0s', '25h1m1s')
    """
    minutes, rest = divmod(seconds, 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes}m{rest}s" if hours else f"{minutes}m{rest}s"
