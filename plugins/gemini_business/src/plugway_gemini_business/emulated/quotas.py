"""What an account may use a day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from plugway_gemini_business.emulated.accounts import Account, Kind
from plugway_gemini_business.emulated.behaviour import Behaviour
from plugway_gemini_business.emulated.refusals import Refusal

#: Whose midnight begins the day (reference §2.1).
ZONE = "America/Los_Angeles"


def take(account: Account, wanted: Mapping[Kind, int], now: float) -> Kind | None:
    """Use up some of an account's quotas: all of them, or none.

    Args:
        account: The account.
        wanted: How many pieces, by kind.
        now: Seconds since 1970.

    Returns:
        What there is not enough of; None: there was enough.
    """
    day = datetime.fromtimestamp(now, ZoneInfo(ZONE)).date().isoformat()
    if account.day != day:
        account.day = day
        account.used = {}
    for kind, count in wanted.items():
        if not count:
            continue
        most = account.quotas.get(kind)
        if account.limited.get(kind, 0.0) > now:
            return kind
        if most is not None and account.used.get(kind, 0) + count > most:
            return kind
    for kind, count in wanted.items():
        account.used[kind] = account.used.get(kind, 0) + count
    return None


def exhausted(kind: Kind, behaviour: Behaviour) -> Refusal:
    """Return the refusal for a quota that is used up.

    Args:
        kind: What of.
        behaviour: Says whether there is a Retry-After.
    """
    message = f"Quota exceeded for quota metric 'Assistant {kind} per day': try again tomorrow."
    violation = {"subject": f"assistant_{kind}_per_day", "description": message}
    detail = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    return Refusal(429, message, details=(detail,), retry_after=behaviour.retry_after)
