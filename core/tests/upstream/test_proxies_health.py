"""When a proxy is used and when it is checked."""

from __future__ import annotations

from plugway.upstream.proxies.health import Health


def test_it_rests_the_longer_the_more_often_it_failed() -> None:
    health, now = Health(100.0), 100.0
    rests = []
    for _ in range(10):
        health.failed(now, "no")
        rests.append(health.rest_until - now)
        assert health.check_at == health.rest_until
        now = health.rest_until
    assert rests == [15, 30, 45, 60, 75, 90, 105, 120, 120, 120]
    assert (health.failures, health.state, health.error) == (10, "sick", "no")


def test_after_three_failures_only_a_check_brings_it_back() -> None:
    health = Health(0.0)
    assert (health.state, health.usable(0.0)) == ("unchecked", True)
    health.failed(0.0, "no")
    assert (health.state, health.usable(14.9), health.usable(15.0)) == ("failing", False, True)
    health.failed(15.0, "no")
    health.failed(45.0, "no")
    assert (health.state, health.usable(1e9)) == ("sick", False)
    health.carried()
    assert health.state == "sick"
    health.passed(90.0, 0.5, 300.0)
    assert (health.state, health.usable(90.0), health.error) == ("healthy", True, None)
    assert (health.failures, health.check_at) == (0, 390.0)


def test_a_request_that_got_through_ends_what_is_not_yet_a_sickness() -> None:
    health = Health(0.0)
    health.carried()
    assert health.state == "healthy"
    health.failed(0.0, "no")
    health.carried()
    assert (health.state, health.failures) == ("healthy", 0)


def test_the_latency_is_smoothed() -> None:
    health = Health(0.0)
    health.passed(0.0, 1.0, 300.0)
    assert health.latency == 1.0
    health.passed(0.0, 2.0, 300.0)
    assert health.latency == 1.3


def test_requests_that_fail_together_are_one_failure_and_ask_for_a_check() -> None:
    health = Health(0.0)
    health.passed(100.0, 1.0, 300.0)
    for _ in range(50):
        health.dropped(200.0, "refused")
    assert (health.failures, health.rest_until, health.check_at) == (1, 215.0, 200.0)


def test_failing_requests_do_not_ask_for_one_check_after_the_other() -> None:
    health = Health(0.0)
    health.passed(100.0, 1.0, 300.0)
    health.dropped(101.0, "refused")
    assert health.check_at == 115.0
    health.passed(115.0, 1.0, 300.0)
    health.doubted(200.0)
    assert (health.check_at, health.state) == (200.0, "healthy")
