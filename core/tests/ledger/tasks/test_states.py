"""What is taken of what becomes known of a task, and when it is looked at again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from plugway.ledger.books import Books
from plugway.ledger.operations import Advance, Operation, Outcome
from plugway.ledger.plan import Plan
from plugway.ledger.task_books import Names, Task

if TYPE_CHECKING:
    from core.tests.ledger.tasks.conftest import Jobs

NOW = 1_800_000_000_000_000
SECOND = 1_000_000
MINUTE = 60 * SECOND


def task(state: Any = "submitted", **other: Any) -> Task:
    given: dict[str, Any] = {
        "call_id": "a",
        "provider": "kling",
        "user_id": 1,
        "state": state,
        "channel_id": 1,
        "credential_id": 2,
        "upstream_id": None,
        "external_id": None,
        "price": 10,
        "progress": None,
        "reason": None,
        "next_poll_at": NOW + MINUTE,
        "lease": None,
        "polls": 3,
        "failures": 2,
        "deadline": NOW + 10 * MINUTE,
        "updated_at": NOW,
        "finished_at": None,
    }
    return Task(**given | other)


def change(known: Task, *operations: Operation) -> Plan:
    """Decide operations on a task."""
    plan = Plan(Books(tasks=[known]))
    for answer in plan.decide(operations):
        assert isinstance(answer, Outcome)
    return plan


STATES = ["pending", "unknown", "submitted", "processing"]


@pytest.mark.parametrize("before", STATES)
@pytest.mark.parametrize("told", STATES)
def test_a_state_never_goes_back_and_a_move_is_told(jobs: Jobs, before: str, told: str) -> None:
    known = task(before)
    advance = jobs.advance("a", told, 3, answer="new", progress=50, callback=jobs.callback())
    changes = change(known, advance).changes
    forward = STATES.index(told) > STATES.index(before)
    stale = STATES.index(told) < STATES.index(before)
    assert known.state == (told if forward else before)
    assert (known.answer, known.progress) == ((None, None) if stale else ("new", 50))
    assert len(changes.callbacks) == forward
    assert bool(changes.tasks) is not stale


def test_what_comes_late_brings_its_names_and_facts_all_the_same(jobs: Jobs) -> None:
    known = task("processing", progress=70)
    late = jobs.advance(
        "a",
        "submitted",
        upstream_id="u1",
        facts='{"late":1}',
        channel_id=8,
        price=11,
        answer="old",
        progress=0,
        reason="old",
    )
    change(known, late)
    assert (known.state, known.upstream_id, known.facts) == ("processing", "u1", '{"late":1}')
    assert (known.channel_id, known.credential_id, known.price) == (8, None, 11)
    assert (known.answer, known.progress, known.reason) == (None, 70, None)


def test_what_says_nothing_new_writes_nothing(jobs: Jobs) -> None:
    known = task("processing", upstream_id="u1", progress=70)
    again = jobs.advance("a", "processing", 5, upstream_id="u1", progress=70)
    plan = change(known, again)
    assert not plan.changes.tasks
    assert known.updated_at == NOW


@pytest.mark.parametrize(("progress", "kept"), [(-1, 0), (101, 100), (33, 33)])
def test_progress_stays_a_percentage(jobs: Jobs, progress: int, kept: int) -> None:
    known = task()
    change(known, jobs.advance("a", progress=progress))
    assert known.progress == kept


def polled(after: int, **other: Any) -> Advance:
    given: dict[str, Any] = {"lease": "mine", "next_poll_at": NOW + 5 * MINUTE}
    at = NOW + after * SECOND
    return Advance(call_id="a", at=at, polled=True, **given | other)


def test_a_poll_sets_the_schedule_and_ends_its_claim() -> None:
    known = task(lease="mine")
    change(known, polled(9))
    assert (known.next_poll_at, known.lease) == (NOW + 5 * MINUTE, None)
    assert (known.polls, known.failures, known.updated_at) == (4, 0, NOW + 9 * SECOND)


def test_a_poll_that_told_nothing_says_why_until_one_tells_something() -> None:
    known = task(lease="mine")
    change(known, polled(9, failures=3, reason="the upstream is overloaded"))
    assert (known.failures, known.reason) == (3, "the upstream is overloaded")
    assert known.updated_at == NOW
    known.lease = "mine"
    change(known, polled(99))
    assert (known.failures, known.reason, known.updated_at) == (0, None, NOW + 99 * SECOND)


def test_an_empty_reason_is_none(jobs: Jobs) -> None:
    known = task(reason="the upstream is overloaded")
    change(known, jobs.advance("a", reason=""))
    assert known.reason is None


def test_a_task_that_was_woken_during_its_poll_stays_due() -> None:
    known = task(lease="mine", next_poll_at=NOW + 8 * SECOND)
    change(known, polled(9))
    assert (known.next_poll_at, known.lease, known.polls) == (NOW + 8 * SECOND, None, 4)


@pytest.mark.parametrize("lease", [None, "another"])
def test_a_claim_that_is_over_leaves_the_schedule_to_others(lease: str | None) -> None:
    known = task(lease=lease)
    change(known, polled(9, state="processing", answer="new"))
    assert (known.next_poll_at, known.lease) == (NOW + MINUTE, lease)
    assert (known.polls, known.failures) == (3, 2)
    # What was learnt is no worse for it.
    assert (known.state, known.answer) == ("processing", "new")


def test_a_poll_that_is_written_twice_counts_once() -> None:
    known = task(lease="mine")
    change(known, polled(9), polled(9))
    assert known.polls == 4


def test_without_a_claim_the_schedule_is_as_told(jobs: Jobs) -> None:
    known = task(lease="another", next_poll_at=NOW)
    change(known, jobs.advance("a", "processing", next_poll_at=NOW + 2 * MINUTE, polled=True))
    assert (known.next_poll_at, known.lease) == (NOW + 2 * MINUTE, "another")
    change(known, jobs.advance("a", progress=1))
    assert known.next_poll_at == NOW + 2 * MINUTE


def test_times_do_not_go_back_with_the_clock_of_another_node(jobs: Jobs) -> None:
    known = task(updated_at=NOW + 9 * SECOND)
    change(known, jobs.advance("a", "processing", 1))
    assert known.updated_at == NOW + 9 * SECOND


def test_a_name_is_another_tasks_only_within_a_provider() -> None:
    names = Names([("a", "kling", 1, "u1", "mine"), ("b", "other", 1, None, None)])
    names.take_upstream("b", "other", "u1")
    names.check_external(2, "kling", "mine")
    names.check_external(1, "other", "mine")
