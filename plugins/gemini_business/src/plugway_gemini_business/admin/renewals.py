"""Renewals by the operator's word: `/admin/refresh`, `/force-refresh` and `/browser-refresh`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway import AdminRoute, Conflict, NotFound
from plugway_gemini_business.provider import NAME

if TYPE_CHECKING:
    from plugway import AdminAsk
    from plugway_gemini_business.admin.pool import Pool

_NOBODY = "no account is renewed here: sign in with `plugway gemini-business login`"


class Refreshed(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how many accounts there are.

    Attributes:
        message: For people.
        ready: In good order.
        pending: Others.
    """

    message: str
    ready: int
    pending: int


class Forced(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how many renewals were asked for.

    Attributes:
        message: For people.
        count: How many accounts are renewed now.
    """

    message: str
    count: int


class Chosen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Says whose account is meant.

    Attributes:
        email: Its address, in either case.
    """

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=190)]


class Demanded(msgspec.Struct, frozen=True, kw_only=True):
    """Tells whose account is renewed now.

    Attributes:
        message: For people.
        email: The address.
    """

    message: str
    email: str


class PoolRenewals:
    """Has accounts renewed."""

    def __init__(self, pool: Pool) -> None:
        """Take the parts.

        Args:
            pool: Counts accounts.
        """
        self._pool = pool

    def routes(self) -> list[AdminRoute]:
        """Return the routes."""
        return [
            AdminRoute(
                "POST /admin/refresh",
                self.refresh,
                "Look at the accounts anew",
                gives=Refreshed,
                role="admin",
            ),
            AdminRoute(
                "POST /admin/force-refresh",
                self.force,
                "Renew what is out of order now",
                gives=Forced,
                role="admin",
            ),
            AdminRoute(
                "POST /admin/browser-refresh",
                self.demand,
                "Renew one account now",
                Chosen,
                Demanded,
                role="admin",
            ),
        ]

    async def refresh(self, ask: AdminAsk) -> Refreshed:
        """Take over what changed, and have expired accounts renewed when their pauses end."""
        gateway = self._pool.gateway
        await gateway.snapshots.refresh()
        for credential_id in await gateway.census.in_states(NAME, ["expired"]):
            await gateway.renewals.wanted(credential_id)
        now = await self._pool.counts()
        return Refreshed(
            message="the accounts are up to date", ready=now.ready, pending=now.pending
        )

    async def force(self, ask: AdminAsk) -> Forced:
        """Have all accounts renewed that are out of order, whatever failed before."""
        count, renewals = 0, self._pool.gateway.renewals
        ids = await self._pool.gateway.census.in_states(
            NAME, ["expired", "restricted", "quarantined"]
        )
        renewed = any(one.provider == NAME for one in renewals.renewable())
        for credential_id in ids if renewed else ():
            try:
                await renewals.demand(credential_id)
            except (Conflict, NotFound):
                # Somebody has disabled or deleted it just now.
                continue
            count += 1
        await ask.record("gemini_business.renew", "all", {"count": count})
        message = f"{count} accounts are renewed now" if renewed else _NOBODY
        return Forced(message=message, count=count)

    async def demand(self, ask: AdminAsk, chosen: Chosen) -> Demanded:
        """Have one account renewed, wherever it is."""
        email = chosen.email.strip().lower()
        gateway = self._pool.gateway
        found = await gateway.census.labelled(NAME, email)
        if not found:
            raise NotFound("no channel has an account of this address", field="email")

        async def work() -> None:
            for credential_id in found:
                await gateway.renewals.demand(credential_id)

        await ask.change("gemini_business.renew", email, work)
        return Demanded(message="the account is renewed as soon as somebody is free", email=email)
