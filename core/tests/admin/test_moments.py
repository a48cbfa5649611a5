"""Times of the API and of the database."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from plugway.admin.moments import micros, micros_or_none, moment, moment_or_none


@given(st.integers(0, 253_402_300_799_999_999))
def test_a_time_comes_back_to_the_microsecond(number: int) -> None:
    assert micros(moment(number)) == number


@given(st.datetimes(min_value=datetime(1970, 1, 1), timezones=st.just(UTC)))
def test_a_moment_comes_back(time: datetime) -> None:
    assert moment(micros(time)) == time


def test_no_time_stays_none() -> None:
    assert moment_or_none(None) is None
    assert micros_or_none(None) is None
