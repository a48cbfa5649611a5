"""When a task is asked for next."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugway.contract import Pace, Task

#: Share of its age that a task waits between two polls, once that is more than its interval:
#: who has waited an hour does not mind another minute.
_AGEING = 0.02

#: Part of a delay that chance takes off, so that what began together spreads.
JITTER = 0.2

#: Seconds after the first poll that told nothing; doubled by each further one.
_FIRST_PAUSE = 2.0

#: Seconds until a task whose submit was lost is looked for.
FIND_FIRST = 5.0


def after_poll(pace: Pace, task: Task, now_us: int) -> float:
    """Return the seconds until the next poll of a task that goes on.

    Args:
        pace: The provider's.
        task: The task.
        now_us: Microseconds since 1970.

    Example:
        >>> from plugway import Pace, Task
        >>> task = Task(id=1, call_id="a", provider="p", kind="k", model="m", user_id=1,
        ...             created_at=0, updated_at=0)
        >>> 8 <= after_poll(Pace(interval=10), task, 60_000_000) <= 10
        True
    """
    age = max(0, now_us - task.created_at) / 1_000_000
    return jittered(min(max(pace.interval, age * _AGEING), pace.slowest))


def after_failure(pace: Pace, failures: int, retry_after: float | None, *, alerted: bool) -> float:
    """Return the seconds until the next poll after one that told nothing.

    Args:
        pace: The provider's.
        failures: In a row, 1 or more.
        retry_after: What the upstream asked for; bounded by the slowest pace.
        alerted: So many that somebody was told: from then on at the slowest pace.
    """
    if alerted:
        return jittered(pace.slowest)
    pause = min(_FIRST_PAUSE * 2.0 ** min(failures - 1, 16), pace.slowest)
    if retry_after is not None:
        # The upstream's own word is a lower bound; jitter must not go below it.
        return max(jittered(pause), min(max(retry_after, 0.0), pace.slowest))
    return jittered(pause)


def jittered(seconds: float) -> float:
    """Return a delay, up to a fifth shorter."""
    return seconds * (1 - JITTER * random.random())  # noqa: S311  # spreads load, no secret
