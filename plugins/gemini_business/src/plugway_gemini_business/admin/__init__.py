"""The administrative endpoints of earlier systems, in their shapes (reference: "Endpoint shapes").

What they say is computed from the database, and so is the same whichever process answers.
Operators may read; what changes something takes an administrator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway import admin_mount
from plugway_gemini_business.admin.addresses import AddressBook
from plugway_gemini_business.admin.browser_refresh import BrowserRefresh
from plugway_gemini_business.admin.cooldowns import Cooldowns
from plugway_gemini_business.admin.figures import Figures
from plugway_gemini_business.admin.front import FrontPage
from plugway_gemini_business.admin.pool import Pool
from plugway_gemini_business.admin.registration import Registration
from plugway_gemini_business.admin.reloading import Reloading
from plugway_gemini_business.admin.renewals import PoolRenewals
from plugway_gemini_business.admin.status import PoolStatus
from plugway_gemini_business.admin.uptime import Uptime

if TYPE_CHECKING:
    from plugway import AdminRoute, Gateway, Mount
    from plugway_gemini_business.workers.desk import Desk


def mounts(gateway: Gateway, desk: Desk) -> list[Mount]:
    """Return the routes.

    Args:
        gateway: Whose numbers they show.
        desk: Knows the workers of this process.
    """
    uptime, pool, registration = Uptime(gateway.clock), Pool(gateway), Registration(gateway)
    status = PoolStatus(pool, registration)
    routes: list[AdminRoute] = [
        *status.routes(),
        *Figures(pool, status, uptime).routes(),
        *AddressBook(gateway).routes(),
        *Cooldowns(pool).routes(),
        *PoolRenewals(pool).routes(),
        *Reloading(pool).routes(),
        *BrowserRefresh(gateway).routes(),
        *registration.routes(),
    ]
    front = FrontPage(pool, uptime, desk)
    return [front.mount(), *(admin_mount(gateway, route) for route in routes)]
