"""Whether a proxy works, as one process has seen it."""

from __future__ import annotations

from typing import Literal

#: Failures in a row after which only a check brings a proxy back.
SICK = 3
#: Seconds of rest for each failure in a row, and the most.
REST = 15.0
MOST_REST = 120.0
#: Least seconds between two checks that failing requests ask for.
DOUBT = 15.0
#: How much of the latency that is kept comes from the latest check.
SHARE = 0.3

#: `unchecked`: nothing is known; `failing`: it failed, and rests; `sick`: it is skipped until
#: a check succeeds.
HealthState = Literal["unchecked", "healthy", "failing", "sick"]


class Health:
    """Counts a proxy's failures, and says when it may be used and when it is checked.

    Times are those of a clock that never goes back.

    Attributes:
        failures: In a row.
        latency: Seconds that a check takes, smoothed; None: none has succeeded.
        error: The last failure, without a secret; None: there was none since the last success.
        rest_until: It is not used before.
        check_at: When it is due to be checked.
    """

    __slots__ = ("_checked", "_seen", "check_at", "error", "failures", "latency", "rest_until")

    def __init__(self, now: float) -> None:
        """Know nothing, and want to be checked.

        Args:
            now: The time.
        """
        self.failures = 0
        self.latency: float | None = None
        self.error: str | None = None
        self.rest_until = now
        self.check_at = now
        self._checked = -DOUBT
        self._seen = False

    @property
    def state(self) -> HealthState:
        """Return its state."""
        if self.failures >= SICK:
            return "sick"
        if self.failures:
            return "failing"
        return "healthy" if self._seen else "unchecked"

    def usable(self, now: float) -> bool:
        """Return whether requests may be sent through it.

        Args:
            now: The time.
        """
        return self.failures < SICK and now >= self.rest_until

    def passed(self, now: float, seconds: float, interval: float) -> None:
        """Note a check that succeeded: it works, whatever was before.

        Args:
            now: The time.
            seconds: What it took.
            interval: Seconds until the next one.
        """
        kept = self.latency
        self.latency = seconds if kept is None else kept + SHARE * (seconds - kept)
        self.failures, self.error, self._seen = 0, None, True
        self._checked = self.rest_until = now
        self.check_at = now + interval

    def carried(self) -> None:
        """Note a request that got its answer through it; that alone ends no sickness."""
        if self.failures < SICK:
            self.failures, self.error, self._seen = 0, None, True

    def failed(self, now: float, reason: str) -> None:
        """Note a check that failed: it rests the longer the more often it did.

        Args:
            now: The time.
            reason: Why, without a secret.
        """
        self._checked = now
        self._fail(now, reason)

    def dropped(self, now: float, reason: str) -> None:
        """Note a request that the proxy is to blame for; a check soon says more.

        Requests that fail together are one failure.

        Args:
            now: The time.
            reason: Why, without a secret.
        """
        if now >= self.rest_until:
            self._fail(now, reason)
        self.doubted(now)

    def doubted(self, now: float) -> None:
        """Note a request that failed behind the proxy or in it; a check says which.

        Args:
            now: The time.
        """
        self.check_at = min(self.check_at, max(now, self._checked + DOUBT))

    def _fail(self, now: float, reason: str) -> None:
        self.failures += 1
        self.error, self._seen = reason, True
        self.rest_until = self.check_at = now + min(self.failures * REST, MOST_REST)
