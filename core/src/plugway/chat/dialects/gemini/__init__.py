"""The dialect of Gemini's API."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plugway.contract import Mount
    from plugway.gateway import Gateway


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the routes of this dialect.

    Args:
        gateway: The gateway; its parts are used when a request comes, not now.
    """
    return []
