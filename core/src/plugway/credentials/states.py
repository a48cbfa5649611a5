"""The states of a credential: their names, what they mean, and when one is tried again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

#: What a row says.
CredentialState = Literal["ready", "cooling", "expired", "restricted", "disabled", "quarantined"]

#: What is shown: a row's state, or what follows from it and from the time.
Condition = Literal[
    "ready",
    "in_use",
    "cooling",
    "half_open",
    "expired",
    "restricted",
    "disabled",
    "quarantined",
]

MEANINGS: Mapping[Condition, str] = {
    "ready": "calls may use it",
    "in_use": "a call has it",
    "cooling": "the upstream's quota is used up; it rests until a moment that is known",
    "half_open": (
        "its rest is over; one call finds out whether it works, while others wait or use another"
    ),
    "expired": "the upstream did not accept it; it needs renewal, and is tried now and then",
    "restricted": "the upstream does not let it do that; it is tried now and then",
    "disabled": "the operator took it out of use; only the operator ends that",
    "quarantined": "its renewal failed too often; a renewal or the operator ends that",
}

#: States that end by themselves, or are tried, when their time has come.
PASSING: tuple[CredentialState, ...] = ("cooling", "expired", "restricted")

#: States in which nobody knows whether it works before a call has found out.
DOUBTFUL: tuple[CredentialState, ...] = ("expired", "restricted")

#: States that only an operator or a renewal ends.
OUT_OF_USE: tuple[CredentialState, ...] = ("disabled", "quarantined")

#: Seconds until an expired or restricted credential is tried once more, and the most that
#: this grows to in a pool, where it doubles with each refusal.
RETRY_SECONDS = 300.0
MAX_RETRY_SECONDS = 21_600.0


def retry_us(failures: int) -> int:
    """Return the microseconds until a credential of a pool is tried again.

    Args:
        failures: Refusals in a row, 1 or more.

    Example:
        >>> [retry_us(failures) // 1_000_000 for failures in (1, 2, 3, 100)]
        [300, 600, 1200, 21600]
    """
    doublings = min(max(failures, 1) - 1, 16)
    return round(min(RETRY_SECONDS * 2.0**doublings, MAX_RETRY_SECONDS) * 1_000_000)


def condition(
    state: CredentialState, until: int | None, claimed_until: int | None, now: int
) -> Condition:
    """Return what a credential is in now, for lists and metrics.

    Args:
        state: As its row says.
        until: Microseconds since 1970 when a state that passes is over.
        claimed_until: The same, of a call's claim; None: there is none.
        now: The same, the time.

    Example:
        >>> condition("ready", None, 20, 10), condition("ready", None, 20, 30)
        ('in_use', 'ready')
        >>> condition("expired", 20, None, 10), condition("expired", 20, 40, 30)
        ('expired', 'half_open')
    """
    if state in OUT_OF_USE:
        return state
    if state in PASSING and until is not None and until <= now:
        return "half_open"
    if claimed_until is not None and claimed_until > now:
        return "in_use"
    return state
