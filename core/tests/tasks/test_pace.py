"""When a task is asked for next."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import ConfigurationError, Pace, Task
from plugway.tasks.pace import after_failure, after_poll, jittered

PACE = Pace(first=20, interval=10, slowest=120)


def task(age: float) -> tuple[Task, int]:
    """Return a task of an age in seconds, and the time."""
    made = Task(
        id=1,
        call_id="a",
        provider="p",
        kind="k",
        model="m",
        user_id=1,
        created_at=1_000_000,
        updated_at=1_000_000,
    )
    return made, 1_000_000 + round(age * 1_000_000)


@pytest.mark.parametrize(
    ("age", "most"), [(0, 10), (400, 10), (1000, 20), (4000, 80), (10**6, 120)]
)
def test_a_task_is_asked_for_more_rarely_as_it_ages(age: float, most: float) -> None:
    for _ in range(50):
        assert most * 0.8 <= after_poll(PACE, *task(age)) <= most


@given(age=st.floats(-(10**6), 10**7, allow_nan=False))
def test_a_delay_is_between_the_interval_and_the_slowest(age: float) -> None:
    assert 8 <= after_poll(PACE, *task(age)) <= 120


@given(
    failures=st.integers(1, 10**6),
    retry_after=st.none() | st.floats(-10, 10**9, allow_nan=False),
    alerted=st.booleans(),
)
def test_a_pause_after_failures_is_bounded(
    failures: int, retry_after: float | None, alerted: bool
) -> None:
    pause = after_failure(PACE, failures, retry_after, alerted=alerted)
    assert 1.6 <= pause <= 120
    if retry_after is not None and not alerted:
        assert pause >= min(retry_after, 120)


def test_pauses_double() -> None:
    for failures, most in ((1, 2), (2, 4), (3, 8), (6, 64), (7, 120), (50, 120)):
        pause = after_failure(PACE, failures, None, alerted=False)
        assert most * 0.8 <= pause <= most
    assert after_failure(PACE, 1, None, alerted=True) >= 96


def test_delays_are_spread() -> None:
    found = {round(jittered(100), 3) for _ in range(100)}
    assert len(found) > 90
    assert all(80 <= one <= 100 for one in found)


@pytest.mark.parametrize(
    "wrong", [{"interval": 0}, {"first": 0}, {"interval": 20, "slowest": 10}, {"most": 0}]
)
def test_a_pace_that_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        Pace(**wrong)
