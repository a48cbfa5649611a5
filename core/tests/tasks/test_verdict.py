"""What an answer means for a task, decided without a database."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugway import Pace, QuotaExhausted, Task, TaskGone, TaskUpdate, Usage
from plugway.errors import PlugwayError
from plugway.tasks import verdict
from plugway.tasks.facts import Facts
from plugway.tasks.verdict import GONE, Claim

NOW = 1_800_000_000_000_000
PACE = Pace(first=10, interval=10, slowest=100)
CLAIM = Claim("lease", NOW + 60_000_000)
FACTS = Facts(
    request_id="r",
    account_id=3,
    key_id=4,
    ip="192.0.2.1",
    usages=(Usage(key="k", images=2), Usage(key="v", videos=1)),
    upstream_ms=70,
    overhead_us=900,
)


def task(**changes: object) -> Task:
    """Return a task that was submitted a minute ago."""
    made = Task(
        id=1,
        call_id="c",
        provider="press",
        kind="print",
        model="offset",
        user_id=2,
        channel_id=5,
        credential_id=6,
        upstream_id="p1",
        state="submitted",
        facts=msgspec.json.encode(FACTS).decode(),
        created_at=NOW - 60_000_000,
        updated_at=NOW - 9_000_000,
    )
    return msgspec.structs.replace(made, **changes)


def test_going_on_forgets_failures_and_keeps_what_was_said() -> None:
    update = TaskUpdate(state="processing", answer='{"a":1}', progress=40, upstream_id="p1")
    one = verdict.advanced(
        task(reason="broken", failures=3), update, PACE, NOW, claim=CLAIM, callback=None
    )
    assert (one.state, one.answer, one.progress) == ("processing", '{"a":1}', 40)
    assert (one.polled, one.failures, one.reason, one.lease) == (True, 0, "", "lease")
    # It has a name already, and keeps it.
    assert one.upstream_id is None
    assert one.next_poll_at is not None
    assert NOW + 8_000_000 <= one.next_poll_at <= NOW + 10_000_000


def test_what_nobody_was_asked_for_leaves_the_schedule() -> None:
    update = TaskUpdate(state="processing", answer="{}", upstream_id="p9")
    one = verdict.advanced(task(upstream_id=None), update, PACE, NOW, claim=None, callback=None)
    assert (one.upstream_id, one.lease, one.next_poll_at, one.reason) == ("p9", None, None, None)


@pytest.mark.parametrize(("state", "images", "error"), [("succeed", 2, None), ("failed", 0, "x")])
def test_an_end_carries_its_usage_row(state: str, images: int, error: str | None) -> None:
    update = TaskUpdate(state=state, answer="{}", reason="the ink ran")  # type: ignore[arg-type]
    one = verdict.finished(task(), update, NOW, amount=7, callback=None)
    assert (one.state, one.amount, one.polled, one.refused) == (state, 7, True, False)
    assert one.reason == (None if error is None else "the ink ran")
    usage = one.usage
    assert usage is not None
    assert (usage.images, usage.videos, usage.account_id, usage.key_id) == (
        images,
        images // 2,
        3,
        4,
    )
    assert (usage.channel_id, usage.credential_id, usage.upstream_ms) == (5, 6, 70)
    assert (usage.status, usage.error) == ((200, None) if error is None else (502, "task_failed"))


def test_a_failure_without_a_reason_has_one() -> None:
    one = verdict.finished(
        task(), TaskUpdate(state="failed", answer="{}"), NOW, amount=None, callback=None
    )
    assert one.reason == "the upstream gave no reason"


def test_an_unknown_task_is_looked_for_twice() -> None:
    first = verdict.put_off(
        task(state="pending", upstream_id=None),
        TaskGone(),
        PACE,
        NOW,
        claim=CLAIM,
        alert_failures=20,
        find_seconds=60,
    )
    assert first is not None
    assert (first.state, first.reason) == ("unknown", GONE)
    assert first.next_poll_at is not None
    assert NOW + 48_000_000 <= first.next_poll_at <= NOW + 60_000_000
    again = task(state="unknown", reason=GONE, failures=1, updated_at=NOW - 48_000_000)
    assert (
        verdict.put_off(
            again, TaskGone(), PACE, NOW, claim=CLAIM, alert_failures=20, find_seconds=60
        )
        is None
    )
    # Somebody has woken it too soon: the time of the first look stays, and the rest is waited.
    early = task(state="unknown", reason=GONE, failures=1, updated_at=NOW - 47_000_000)
    second = verdict.put_off(
        early, TaskGone(), PACE, NOW, claim=CLAIM, alert_failures=20, find_seconds=60
    )
    assert second is not None
    assert (second.state, second.reason, second.next_poll_at) == (None, GONE, NOW + 1_000_000)
    # The clock has been set back: it is asked again, and at no great distance.
    late = task(state="unknown", reason=GONE, failures=1, updated_at=NOW + 10**12)
    third = verdict.put_off(
        late, TaskGone(), PACE, NOW, claim=CLAIM, alert_failures=20, find_seconds=60
    )
    assert third is not None
    assert third.next_poll_at == NOW + 60_000_000
    # Between the two looks something else went wrong: it is not certain yet.
    broken = task(state="unknown", reason="the upstream answered 500", failures=2)
    assert verdict.put_off(
        broken, TaskGone(), PACE, NOW, claim=CLAIM, alert_failures=20, find_seconds=60
    )


@given(failures=st.integers(0, 1000), wait=st.none() | st.floats(0, 10**6))
def test_what_was_not_learnt_never_moves_a_task(failures: int, wait: float | None) -> None:
    error: PlugwayError = QuotaExhausted("busy" * 1000, retry_after=wait)
    one = verdict.put_off(
        task(failures=failures), error, PACE, NOW, claim=CLAIM, alert_failures=20, find_seconds=60
    )
    assert one is not None
    assert (one.state, one.answer, one.failures) == (None, None, failures + 1)
    assert len(one.reason or "") == 512
    assert one.next_poll_at is not None
    assert NOW < one.next_poll_at <= NOW + 100_000_000
    if failures >= 19:
        assert one.next_poll_at >= NOW + 80_000_000
