"""Sums of requests as earlier systems name them."""

from __future__ import annotations

from typing import Protocol

import msgspec


class Counts(Protocol):
    """Sums up calls."""

    @property
    def calls(self) -> int:
        """Return how many there were."""

    @property
    def succeeded(self) -> int:
        """Return how many the client did not see fail."""

    @property
    def failed(self) -> int:
        """Return how many the client saw fail."""

    @property
    def input_tokens(self) -> int:
        """Return the sum."""

    @property
    def output_tokens(self) -> int:
        """Return the sum."""

    @property
    def images(self) -> int:
        """Return the sum."""

    @property
    def videos(self) -> int:
        """Return the sum."""


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Sums up the requests of the day.

    Attributes:
        total_requests: Calls that have ended.
        success_requests: Those that clients did not see fail.
        failed_requests: Those that they did.
        success_rate: Such as `98.50%`.
        input_tokens: Sum.
        output_tokens: Sum.
        total_tokens: Both.
        images_generated: Sum.
        videos_generated: Sum.
        current_rpm: Calls that ended in the last 60 seconds.
        average_rpm: Calls a minute since the day began.
    """

    total_requests: int
    success_requests: int
    failed_requests: int
    success_rate: str
    input_tokens: int
    output_tokens: int
    total_tokens: int
    images_generated: int
    videos_generated: int
    current_rpm: int
    average_rpm: float


def totals(counts: Counts, *, last_minute: int, minutes: float) -> Totals:
    """Put sums into the old words.

    Args:
        counts: Since the day began.
        last_minute: Calls of the last 60 seconds.
        minutes: Since the day began.
    """
    return Totals(
        total_requests=counts.calls,
        success_requests=counts.succeeded,
        failed_requests=counts.failed,
        success_rate=percent(counts.succeeded, counts.calls),
        input_tokens=counts.input_tokens,
        output_tokens=counts.output_tokens,
        total_tokens=counts.input_tokens + counts.output_tokens,
        images_generated=counts.images,
        videos_generated=counts.videos,
        current_rpm=last_minute,
        average_rpm=round(counts.calls / max(minutes, 1.0), 2),
    )


def percent(part: int, whole: int) -> str:
    """Write a share.

    Args:
        part: How many.
        whole: Of how many.

    Example:
        >>> percent(2, 3), percent(0, 0)
        ('66.67%', '0.00%')
    """
    return f"{100 * part / whole if whole else 0:.2f}%"
