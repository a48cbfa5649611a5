"""Quotas of a credential by kind: what was used today, and what rests until when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

if TYPE_CHECKING:
    from plugway.contract import PooledChannelSettings

#: Longest reason that is kept with a rest, characters.
_REASON = 200


class Day(NamedTuple):
    """Is one day of a time zone.

    Attributes:
        name: Such as `2026-11-21`.
        begins: Microseconds since 1970 of its first moment.
        ends: The same of the next day's.
    """

    name: str
    begins: int
    ends: int


class Calendar:
    """Says which day it is in a time zone; a day may have 23 or 25 hours.

    Example:
        >>> Calendar("UTC").day(86_400_000_001)
        Day(name='1970-01-02', begins=86400000000, ends=172800000000)
    """

    def __init__(self, zone: str) -> None:
        """Name the zone.

        Args:
            zone: Such as `America/Los_Angeles`.
        """
        self._zone = ZoneInfo(zone)
        self._day = Day("", 0, 0)

    def day(self, now: int) -> Day:
        """Return the day of a moment.

        Args:
            now: Microseconds since 1970.
        """
        if not self._day.begins <= now < self._day.ends:
            today = datetime.fromtimestamp(now // 1_000_000, self._zone).date()
            # Where the clock skips midnight this is the moment of the skip: the day's first.
            begins, ends = (
                round(datetime.combine(day, time(), self._zone).timestamp()) * 1_000_000
                for day in (today, today + timedelta(days=1))
            )
            self._day = Day(today.isoformat(), begins, ends)
        return self._day


class Rest(msgspec.Struct, frozen=True, array_like=True):
    """Is a kind of quota that is used up.

    Attributes:
        until: Microseconds since 1970.
        reason: Why; no secret.
    """

    until: int
    reason: str = ""


class Quotas(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is what a credential has left, as its row keeps it.

    Attributes:
        day: The day of `uses`.
        uses: Calls that succeeded on that day, by kind.
        rests: What rests, by kind.

    Example:
        >>> fresh = Quotas().used("2026-11-21", ["text", "images"]).rested("images", 70, "429")
        >>> fresh.text()
        '{"day":"2026-11-21","uses":{"images":1,"text":1},"rests":{"images":[70,"429"]}}'
        >>> Quotas.read(fresh.text()) == fresh
        True
    """

    day: str = ""
    uses: Mapping[str, int] = {}
    rests: Mapping[str, Rest] = {}

    @classmethod
    def read(cls, text: str) -> Quotas:
        """Read what `text` wrote; what cannot be read counts as nothing used.

        Args:
            text: JSON.
        """
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            return cls()

    def text(self) -> str:
        """Write it as JSON, always in the same order."""
        in_order = Quotas(
            day=self.day,
            uses=dict(sorted(self.uses.items())),
            rests=dict(sorted(self.rests.items())),
        )
        return msgspec.json.encode(in_order).decode()

    def used(self, day: str, kinds: Iterable[str]) -> Quotas:
        """Count a use; those of another day are forgotten.

        Args:
            day: Today.
            kinds: What was drawn from.
        """
        uses = dict(self.uses) if self.day == day else {}
        for kind in kinds:
            uses[kind] = uses.get(kind, 0) + 1
        return Quotas(day=day, uses=uses, rests=self.rests)

    def rested(self, kind: str, until: int, reason: str) -> Quotas:
        """Let a kind rest.

        Args:
            kind: Which.
            until: Microseconds since 1970.
            reason: Why; no secret.
        """
        rests = {**self.rests, kind: Rest(until, reason[:_REASON])}
        return Quotas(day=self.day, uses=self.uses, rests=rests)

    def awake(self, kinds: Iterable[str]) -> Quotas:
        """Let kinds rest no longer.

        Args:
            kinds: Which.
        """
        woken = set(kinds)
        if woken.isdisjoint(self.rests):
            return self
        rests = {kind: rest for kind, rest in self.rests.items() if kind not in woken}
        return Quotas(day=self.day, uses=self.uses, rests=rests)

    def open_at(self, kinds: Iterable[str], settings: PooledChannelSettings, day: Day) -> int:
        """Return when all of some kinds may be drawn from, as far as is known; 0: at any time.

        Args:
            kinds: Which.
            settings: The channel's, for the uses that a day has.
            day: Today.
        """
        at = 0
        for kind in kinds:
            if (rest := self.rests.get(kind)) is not None:
                at = max(at, rest.until)
            most = settings.daily(kind)
            if most and self.day == day.name and self.uses.get(kind, 0) >= most:
                at = max(at, day.ends)
        return at
