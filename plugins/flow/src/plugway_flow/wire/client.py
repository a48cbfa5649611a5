"""What each request tells of who makes it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from plugway_flow.recipe import Tier

#: The upstream's names of the tiers (reference §5.1).
TIERS: Mapping[Tier, str] = {
    "free": "PAYGATE_TIER_NOT_PAID",
    "pro": "PAYGATE_TIER_ONE",
    "ultra": "PAYGATE_TIER_TWO",
}


class Client(msgspec.Struct, frozen=True, kw_only=True):
    """Is the client's side of a request. It holds no challenge token: none is ever made up.

    Attributes:
        session: The session's id.
        project: Id of the project.
        tool: Name of the tool.
        tier: What the account has paid for.
    """

    session: str
    project: str
    tool: str = "PINHOLE"
    tier: Tier = "free"

    def context(self, *, paid: bool = False) -> dict[str, Any]:
        """Return `clientContext`.

        Args:
            paid: With the tier, as videos and larger images want it.

        Example:
            >>> Client(session=";1", project="p").context()
            {'sessionId': ';1', 'projectId': 'p', 'tool': 'PINHOLE'}
        """
        found = {"sessionId": self.session, "projectId": self.project, "tool": self.tool}
        if paid:
            found["userPaygateTier"] = TIERS[self.tier]
        return found


def session_id(now_us: int) -> str:
    """Return a session's id.

    Args:
        now_us: Microseconds since 1970.

    Example:
        >>> session_id(1_700_000_000_123_456)
        ';1700000000123'
    """
    return f";{now_us // 1000}"
