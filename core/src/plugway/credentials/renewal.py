"""One renewal: its claim, its pauses, and how its row ends up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from plugway.contract import Channel, CredentialKind, Secret
from plugway.contract.channels import PooledChannelSettings
from plugway.telemetry.redaction import redact

if TYPE_CHECKING:
    from plugway.storage.models import CredentialRow

#: Seconds until a renewal that failed is tried again: the first, doubled with each failure in
#: a row, and the longest.
FIRST_PAUSE, LONGEST_PAUSE = 30.0, 300.0

#: Seconds until a renewal is tried again that failed for no fault of the credential's, and the
#: most that an upstream may ask for.
POSTPONED, LONGEST_POSTPONED = 60.0, 3_600.0

#: Seconds for which a renewal must have helped: when the upstream refuses the new secret too,
#: the next renewal counts as one more that failed.
HELPED = 600.0

#: Failures in a row that a channel without a setting for it allows.
MAX_FAILURES = 3


class Renewal(msgspec.Struct, frozen=True, kw_only=True):
    """Is a claim to renew one credential.

    Attributes:
        credential_id: Which.
        channel: Its channel.
        kind: Its kind.
        label: Whose account it is, where that is known.
        secret: What is to be replaced.
        digest: Tells that secret from others.
        owner: Who has claimed it.
        until: Microseconds since 1970 when others may claim it.
    """

    credential_id: int
    channel: Channel
    kind: CredentialKind
    label: str | None
    secret: Secret
    digest: str
    owner: str
    until: int


def due_at(row: CredentialRow, now: int) -> int:
    """Return when a credential that was refused may be renewed: at once, if none failed lately.

    Args:
        row: The credential.
        now: Microseconds since 1970.
    """
    if not row.renewal_failures or row.renewed_at is None:
        return now
    return max(now, int(row.renewed_at) + micros(backoff(row.renewal_failures)))


def backoff(failures: int) -> float:
    """Return the seconds until the next try after some failures in a row.

    Example:
        >>> [backoff(failures) for failures in (1, 2, 3, 4, 5, 1000)]
        [30.0, 60.0, 120.0, 240.0, 300.0, 300.0]
    """
    return min(FIRST_PAUSE * (1 << min(failures - 1, 16)), LONGEST_PAUSE)


def max_failures(channel: Channel) -> int:
    """Return the failures in a row after which a channel's credentials are quarantined."""
    settings = channel.settings
    if isinstance(settings, PooledChannelSettings):
        return settings.max_failures
    return MAX_FAILURES


def said(reason: str) -> str:
    """Make a reason fit for lists: short, on one line, without what looks like a secret."""
    return " ".join(redact(reason).split())[:400]


def micros(seconds: float) -> int:
    """Return microseconds."""
    return round(seconds * 1_000_000)


def pause(failures: int, *, counted: bool, after: float | None) -> float:
    """Return the seconds until the next try after one that failed.

    Args:
        failures: In a row, this one included when it counts.
        counted: Whether it counts.
        after: As an upstream asked.
    """
    usual = backoff(max(failures, 1))
    if counted:
        return usual
    return max(usual, POSTPONED, min(after or 0.0, LONGEST_POSTPONED))


def quarantined(reason: str) -> dict[str, Any]:
    """Return the values of a credential that only a person brings back into use."""
    return {
        "state": "quarantined",
        "reason": reason,
        "cooling_until": None,
        "renewal_at": None,
    }


async def released(row: CredentialRow, values: dict[str, Any]) -> CredentialRow:
    """Write these columns and no others, and give the lease back."""
    values = {**values, "renewal_owner": None, "renewal_until": None}
    row.update_from_dict(values)
    await row.save(update_fields=list(values))
    return row
