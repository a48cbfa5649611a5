"""Why a task made nothing, as an error that a client is told."""

from __future__ import annotations

from plugway.contract import Task
from plugway.errors import PlugwayError, SafetyBlocked, UpstreamError, UpstreamTimeout


def failure(task: Task) -> PlugwayError:
    """Return why a task has failed.

    A reason that begins with `safety_blocked`, and a colon if more is said, is told as such.

    Args:
        task: One that has ended without success.

    Example:
        >>> task = Task(id=1, call_id="a", provider="p", kind="video", model="m", user_id=1,
        ...             state="failed", reason="safety_blocked: no people", created_at=0,
        ...             updated_at=0)
        >>> failure(task)
        SafetyBlocked('no people')
    """
    reason = (task.reason or "").strip()
    if task.state == "expired":
        return UpstreamTimeout(reason or None)
    code, _, told = reason.partition(":")
    if code == SafetyBlocked.code:
        return SafetyBlocked(told.strip() or None)
    return UpstreamError(reason or None)
