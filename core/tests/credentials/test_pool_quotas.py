"""Days begin at midnight of a time zone, whatever its clocks do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from pool_nodes import SECOND, channel

from plugway import PooledChannelSettings
from plugway.credentials.quotas import Calendar, Quotas

HOUR = 3_600 * SECOND


def at(text: str) -> int:
    """Return microseconds of a moment in UTC."""
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * SECOND


def settings(**given: int) -> PooledChannelSettings:
    found = channel(**given).settings
    assert isinstance(found, PooledChannelSettings)
    return found


@pytest.mark.parametrize(
    ("zone", "moment", "day", "ends", "hours"),
    [
        # Winter, summer, and the days on which the clocks change.
        ("America/Los_Angeles", "2026-01-15 07:59", "2026-01-14", "2026-01-15 08:00", 24),
        ("America/Los_Angeles", "2026-07-15 06:59", "2026-07-14", "2026-07-15 07:00", 24),
        ("America/Los_Angeles", "2026-03-08 12:00", "2026-03-08", "2026-03-09 07:00", 23),
        ("America/Los_Angeles", "2026-11-01 12:00", "2026-11-01", "2026-11-02 08:00", 25),
        ("Asia/Shanghai", "2026-11-21 15:59", "2026-11-21", "2026-11-21 16:00", 24),
        # The clock skips midnight: the day begins at one.
        ("Africa/Cairo", "2026-04-24 12:00", "2026-04-24", "2026-04-24 21:00", 23),
        # Midnight comes twice: the day begins with the first.
        ("America/Havana", "2026-11-01 12:00", "2026-11-01", "2026-11-02 05:00", 25),
    ],
)
def test_a_day(zone: str, moment: str, day: str, ends: str, hours: int) -> None:
    found = Calendar(zone).day(at(moment))
    assert (found.name, found.ends) == (day, at(ends))
    assert found.ends - found.begins == hours * HOUR


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Africa/Cairo", "America/Havana", "UTC"])
def test_days_follow_each_other_without_a_gap(zone: str) -> None:
    calendar = Calendar(zone)
    moment = at("2025-12-31 12:00")
    before = calendar.day(moment)
    for _ in range(400):
        day = calendar.day(before.ends)
        assert (day.begins, Calendar(zone).day(before.ends - 1)) == (before.ends, before)
        assert day.name == str(datetime.fromisoformat(before.name).date() + timedelta(days=1))
        # Also when the clock is set back.
        assert calendar.day(before.begins) == before
        before = day


def test_uses_count_on_their_day_only() -> None:
    limits = settings(daily_images=2)
    calendar = Calendar("America/Los_Angeles")
    # The last hour of a day of 25 hours.
    today = calendar.day(at("2026-11-02 07:30"))
    quotas = Quotas().used(today.name, ("text", "images"))
    assert quotas.open_at(("text", "images"), limits, today) == 0
    quotas = quotas.used(today.name, ("text", "images"))
    assert quotas.open_at(("text",), limits, today) == 0
    assert quotas.open_at(("text", "images"), limits, today) == at("2026-11-02 08:00")
    tomorrow = calendar.day(today.ends)
    assert quotas.open_at(("text", "images"), limits, tomorrow) == 0
    assert quotas.used(tomorrow.name, ("text",)).uses == {"text": 1}


def test_what_is_last_counts() -> None:
    limits = settings(daily_text=1)
    today = Calendar("UTC").day(at("2026-11-21 12:00"))
    quotas = Quotas().used(today.name, ("text",)).rested("images", today.ends + 5, "429")
    assert quotas.open_at(("text", "images"), limits, today) == today.ends + 5
    assert quotas.awake(("images",)).open_at(("text", "images"), limits, today) == today.ends
    assert quotas.awake(("videos",)) is quotas


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"uses":{"text":"many"}}', "{}"])
def test_what_cannot_be_read_is_nothing_used(text: str) -> None:
    assert Quotas.read(text) == Quotas()


def test_a_kind_without_settings_has_no_daily_limit_and_rests_as_text_does() -> None:
    limits = settings(daily_text=1, rest_text=60, rest_images=90)
    assert [limits.daily(kind) for kind in ("text", "images", "some-model")] == [1, 0, 0]
    assert [limits.rest(kind) for kind in ("text", "images", "some-model")] == [60, 90, 60]
    today = Calendar("UTC").day(at("2026-11-21 12:00"))
    quotas = Quotas().used(today.name, ("some-model",)).rested("some-model", today.ends, "429")
    assert quotas.open_at(("some-model",), limits, today) == today.ends
    assert quotas.open_at(("other-model",), limits, today) == 0
