"""What an upstream's answer means for a task: the operation that writes it. Pure.

| answer | effect |
|---|---|
| goes on | state and progress stored, failures reset |
| ended | finished: its end and its settlement or release are one transaction |
| `TaskGone` | asked once more after a while; then failed and released |
| any other error | state kept, failure counted, asked again later, ever more rarely |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from plugway.errors import PlugwayError, TaskGone
from plugway.ledger.operations import Advance, Finish, NewCallback
from plugway.tasks.facts import Facts, usage_record
from plugway.tasks.pace import JITTER, after_failure, after_poll, jittered

if TYPE_CHECKING:
    from plugway.contract import Pace, Task, TaskUpdate
    from plugway.ledger.operations import OpenState

#: Reason of a task that its upstream did not know when it was asked last.
GONE = "the upstream does not know this task"

_SECOND = 1_000_000


class Claim(msgspec.Struct, frozen=True):
    """Is the right to poll a task for a while; see `plugway.tasks.claim`.

    Attributes:
        lease: Its token.
        until: Microseconds since 1970 when others may claim the task.
    """

    lease: str
    until: int


def advanced(
    task: Task,
    update: TaskUpdate,
    pace: Pace,
    now: int,
    *,
    claim: Claim | None,
    callback: NewCallback | None,
) -> Advance:
    """Write that a task goes on.

    Args:
        task: As it was.
        update: What the upstream said; not an end.
        pace: The provider's.
        now: Microseconds since 1970.
        claim: Under which it was polled; None: the upstream told by itself, or a client asked,
            and the schedule stays.
        callback: What its client is told if the state moves.
    """
    due = None if claim is None else now + round(after_poll(pace, task, now) * _SECOND)
    return Advance(
        call_id=task.call_id,
        at=now,
        state=update.state if update.state in ("submitted", "processing") else None,
        upstream_id=update.upstream_id if task.upstream_id is None else None,
        answer=update.answer,
        progress=update.progress,
        reason="" if task.reason else None,
        polled=True,
        failures=0,
        lease=None if claim is None else claim.lease,
        next_poll_at=due,
        callback=callback,
    )


def finished(
    task: Task,
    update: TaskUpdate,
    now: int,
    *,
    amount: int | None,
    callback: NewCallback | None,
) -> Finish:
    """End a task as its upstream says.

    Args:
        task: As it was.
        update: What the upstream said; an end.
        now: Microseconds since 1970.
        amount: Credits it cost; None: its price at the submit.
        callback: What its client is told.
    """
    succeeded = update.state == "succeed"
    return Finish(
        call_id=task.call_id,
        at=now,
        state="succeed" if succeeded else "failed",
        amount=amount,
        upstream_id=update.upstream_id if task.upstream_id is None else None,
        answer=update.answer,
        reason=None if succeeded else update.reason or "the upstream gave no reason",
        usage=usage_record(
            task,
            facts_of(task),
            now,
            status=200 if succeeded else 502,
            error=None if succeeded else "task_failed",
        ),
        polled=True,
        callback=callback,
    )


def ended(
    task: Task,
    state: str,
    reason: str,
    now: int,
    *,
    callback: NewCallback | None = None,
    refused: bool = False,
    seen: int | None = None,
) -> Finish:
    """End a task without its upstream's word: it is gone, never began, or has taken too long.

    Args:
        task: As it was.
        state: `failed` or `expired`.
        reason: Why; no secret.
        now: Microseconds since 1970.
        callback: What its client is told.
        refused: The upstream never took it.
        seen: As in `Finish`.
    """
    expired = state == "expired"
    return Finish(
        call_id=task.call_id,
        at=now,
        state="expired" if expired else "failed",
        reason=reason,
        usage=usage_record(
            task,
            facts_of(task),
            now,
            status=504 if expired else 502,
            error="task_expired" if expired else "task_refused" if refused else "task_gone",
        ),
        refused=refused,
        seen=seen,
        callback=callback,
    )


def put_off(
    task: Task,
    error: PlugwayError,
    pace: Pace,
    now: int,
    *,
    claim: Claim,
    alert_failures: int,
    find_seconds: float,
) -> Advance | None:
    """Write that nothing was learnt of a task, and when to ask again.

    Args:
        task: As it was.
        error: What came of the poll.
        pace: The provider's.
        now: Microseconds since 1970.
        claim: Under which it was polled.
        alert_failures: Failures in a row from which on it is asked at the slowest pace.
        find_seconds: Between the two looks that do not find it.

    Returns:
        None: the upstream does not know the task and did not know it some time ago either, so
        it has ended.
    """
    gone = isinstance(error, TaskGone)
    again = gone and task.reason == GONE
    failures = task.failures + 1
    if again:
        # What is left: somebody has woken the task before it was time for the second look.
        wait = min(find_seconds, find_seconds * (1 - JITTER) - (now - task.updated_at) / _SECOND)
        if wait <= 0:
            return None
    elif gone:
        wait = jittered(find_seconds)
    else:
        wait = after_failure(pace, failures, error.retry_after, alerted=failures >= alert_failures)
    state: OpenState | None = None
    if task.state == "pending":
        state = "unknown"
    elif gone and not again:
        # Where it stands already: what comes with a state is news, whose time is kept.
        state = cast("OpenState", task.state)
    return Advance(
        call_id=task.call_id,
        at=now,
        state=state,
        reason=GONE if gone else error.message[:512],
        polled=True,
        failures=failures,
        lease=claim.lease,
        next_poll_at=now + round(wait * _SECOND),
    )


def facts_of(task: Task) -> Facts:
    """Return what was known at a task's submit."""
    return msgspec.json.decode(task.facts, type=Facts)
