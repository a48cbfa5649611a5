"""How often each account may ask each model, and how often it has."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from plugway_aistudio.emulated.accounts import Account
from plugway_aistudio.emulated.refusals import exhausted

#: Where the day of a quota begins at midnight (reference: "Streamed body format").
ZONE = ZoneInfo("America/Los_Angeles")


class Quotas:
    """Counts questions by account and model, in the minute and in the day that they fall into."""

    def __init__(self, now: Callable[[], float]) -> None:
        """Prepare.

        Args:
            now: Returns seconds since 1970.
        """
        self._now = now
        self._used: dict[tuple[str, str, str], tuple[float, int]] = {}

    def use(self, account: Account, model: str) -> None:
        """Count a question.

        Args:
            account: Who asks.
            model: What.

        Raises:
            Refusal: There were too many; this one is not counted.
        """
        limit = account.limit(model)
        for unit, most in (("minute", limit.minute), ("day", limit.day)):
            window, used = self._window(account.name, model, unit)
            if most is not None and used >= most:
                raise exhausted(model, unit, most, window)
        for unit in ("minute", "day"):
            window, used = self._window(account.name, model, unit)
            self._used[account.name, model, unit] = (window, used + 1)

    def window(self, unit: str) -> float:
        """Return when the window of now began, seconds since 1970.

        Args:
            unit: `minute` or `day`.
        """
        now = self._now()
        if unit == "minute":
            return now - now % 60
        day = datetime.fromtimestamp(now, ZONE)
        return day.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()

    def _window(self, account: str, model: str, unit: str) -> tuple[float, int]:
        began = self.window(unit)
        window, used = self._used.get((account, model, unit), (began, 0))
        return (began, used) if window == began else (began, 0)
