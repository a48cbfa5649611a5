"""Routes for operators and administrators."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway import admin_mount
from plugway_flow.admin.accounts import AccountList

if TYPE_CHECKING:
    from plugway import Gateway, Mount


def mounts(gateway: Gateway) -> list[Mount]:
    """Return the routes.

    Args:
        gateway: Whose accounts they show.
    """
    return [admin_mount(gateway, route) for route in AccountList(gateway).routes()]
