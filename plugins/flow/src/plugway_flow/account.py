"""What is known of the account behind a session token."""

from __future__ import annotations

import msgspec

from plugway_flow.recipe import Tier


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Is one account, as it was when it was asked last.

    Attributes:
        credential_id: Its credential.
        email: Whose it is.
        tier: What it has paid for.
        credits: The upstream's own credits that are left; None: not known.
        project_id: The project that its media are made in; empty: none yet.
        checked_at: Microseconds since 1970 when credits and tier were asked for; 0: never.
    """

    credential_id: int
    email: str = ""
    tier: Tier = "free"
    credits: int | None = None
    project_id: str = ""
    checked_at: int = 0
