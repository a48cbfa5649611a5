"""A breaker opens, lets one call through, and closes."""

from __future__ import annotations

from plugway.channels.breaker import Breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(threshold=3, pause=30)
    breaker.failed(0)
    breaker.failed(0)
    breaker.succeeded()
    breaker.failed(0)
    breaker.failed(0)
    assert breaker.admits(0)
    breaker.failed(0)
    assert not breaker.admits(29)
    assert breaker.state(29) == "open"
    assert breaker.opens_in(10) == 20


def test_half_open_lets_one_call_through_at_a_time() -> None:
    breaker = Breaker(threshold=1, pause=30)
    breaker.failed(0)
    assert breaker.state(30) == "half_open"
    assert breaker.admits(30)
    assert not breaker.admits(31)
    # The trial's verdict never came: another may try after the pause.
    assert breaker.admits(61)


def test_a_failed_trial_opens_it_again() -> None:
    breaker = Breaker(threshold=1, pause=30)
    breaker.failed(0)
    assert breaker.admits(30)
    breaker.failed(31)
    assert not breaker.admits(60)
    assert breaker.admits(61)
    breaker.succeeded()
    assert breaker.state(61) == "closed"
