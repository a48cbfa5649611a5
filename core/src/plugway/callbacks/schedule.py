"""When a message that was not delivered is tried again, and when no more."""

from __future__ import annotations

#: Seconds after the first try; each distance is twice the one before.
FIRST = 5.0

#: Seconds between tries at the most, and how long a receiver can ask to be left alone.
LONGEST = 3_600.0

#: Tries that a message gets however old it is: the gateway may have been down, or somebody
#: has it sent again.
LEAST_TRIES = 5

_JITTER = 0.2


def wait_after(tries: int, retry_after: float | None, chance: float) -> float:
    """Return the seconds until the next try.

    Args:
        tries: How many failed, 1 or more.
        retry_after: Seconds that the receiver asked for; shorter than the schedule's it has
            no effect.
        chance: 0 to 1: spreads tries that failed together over a fifth either way.

    Example:
        >>> [wait_after(tries, None, 0.5) for tries in (1, 2, 3, 11, 99)]
        [5.0, 10.0, 20.0, 3600.0, 3600.0]
        >>> wait_after(1, 60.0, 0.5), wait_after(1, 1.0, 0.5), wait_after(1, 86400.0, 0.5)
        (60.0, 5.0, 3600.0)
    """
    seconds = min(FIRST * 2.0 ** min(tries - 1, 30), LONGEST)
    seconds *= 1 - _JITTER + 2 * _JITTER * chance
    return max(seconds, min(retry_after or 0.0, LONGEST))


def gives_up(tries: int, created_at: int, next_try_at: int, hours: float) -> bool:
    """Say whether there is no next try.

    Args:
        tries: How many failed.
        created_at: Microseconds since 1970 when the message was made.
        next_try_at: When the next one would be.
        hours: For how long it is tried.

    Example:
        >>> gives_up(5, 0, 3_600_000_000, 1.0), gives_up(5, 0, 3_600_000_001, 1.0)
        (False, True)
    """
    return tries >= LEAST_TRIES and next_try_at > created_at + round(hours * 3_600_000_000)
