"""Credentials over HTTP, one at a time; their secrets go in and do not come out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import msgspec

from plugway.admin.check import Check, check_credential
from plugway.admin.credential import (
    Credential,
    CredentialQuery,
    SavedCredential,
    chosen,
    kind_of,
    saved,
    shown,
)
from plugway.admin.owners import channel_row
from plugway.admin.pages import Page, page
from plugway.admin.route import Route
from plugway.credentials import store
from plugway.errors import Conflict

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.credentials.store import Saved
    from plugway.storage.models import CredentialRow

#: Characters of one secret.
Secret = Annotated[str, msgspec.Meta(max_length=256 * 1024)]


class NewCredential(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a secret to be added to a channel; one of an account that it knows replaces the old.

    Attributes:
        channel: Name of the channel.
        secret: The secret.
    """

    channel: str
    secret: Secret


class NewSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a secret that takes another one's place.

    Attributes:
        secret: The secret, of the same account.
    """

    secret: Secret


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/credentials"
    one = f"{place}/{{id}}"
    return [
        Route(f"GET {place}", listed, "List credentials", CredentialQuery, Page[Credential]),
        Route(
            f"POST {place}", add, "Add or update a credential", NewCredential, SavedCredential, 201
        ),
        Route(f"GET {one}", get, "Get a credential", gives=Credential),
        Route(f"PUT {one}", replace, "Replace a credential's secret", NewSecret, SavedCredential),
        Route(f"DELETE {one}", remove, "Delete a credential"),
        Route(
            f"POST {one}/test", test, "Test a credential, and forgive it if it works", gives=Check
        ),
        Route(f"POST {one}/clear", clear, "Forget rests, uses and failures", gives=Credential),
        Route(f"POST {one}/renew", renew, "Renew a credential now", gives=Credential),
        Route(f"POST {one}/disable", disable, "Take a credential out of use", gives=Credential),
        Route(f"POST {one}/enable", enable, "Put a credential into use", gives=Credential),
    ]


async def listed(ask: Ask, query: CredentialQuery) -> Page[Credential]:
    """List credentials by id."""
    gateway = ask.gateway

    async def work() -> list[CredentialRow]:
        rows = await chosen(query, gateway.clock.now())
        return await rows.order_by("id").limit(query.limit + 1)

    found = await gateway.database.run(work)
    return page(await shown(gateway, found), query.limit, [row.id for row in found])


async def add(ask: Ask, new: NewCredential) -> SavedCredential:
    """Add a secret to a channel, or update the account that it is of."""
    gateway = ask.gateway

    async def work() -> Saved:
        channel = await channel_row(new.channel)
        kind = kind_of(gateway, channel.provider)
        done = await store.save(
            gateway.database, gateway.vault, kind, channel.id, new.secret, gateway.clock
        )
        if done.outcome == "unchanged":
            raise Conflict("the channel has this secret already", field="secret")
        return done

    return await saved(gateway, await ask.change("credential.add", new.channel, work))


async def get(ask: Ask) -> Credential:
    """Return a credential."""
    row = await ask.gateway.database.run(lambda: store.find(ask.id))
    return (await shown(ask.gateway, [row]))[0]


async def replace(ask: Ask, new: NewSecret) -> SavedCredential:
    """Put another secret of the same account in a credential's place."""
    gateway = ask.gateway

    async def work() -> Saved:
        row = await store.find(ask.id)
        kind = gateway.registry.credential_kinds.get(row.kind)
        if kind is None:
            raise Conflict(f"no plugin knows credentials of the kind {row.kind}")
        return await store.replace(
            gateway.database, gateway.vault, kind, row.id, new.secret, gateway.clock
        )

    return await saved(gateway, await ask.change("credential.replace", str(ask.id), work))


async def remove(ask: Ask) -> None:
    """Delete a credential."""
    database = ask.gateway.database
    await ask.change("credential.remove", str(ask.id), lambda: store.remove(database, ask.id))


async def test(ask: Ask) -> Check:
    """Ask the upstream whether the credential works, at no cost; one that does is ready."""
    gateway = ask.gateway
    row = await gateway.database.run(lambda: store.find(ask.id))
    channel = gateway.channels.get(row.channel_id)
    held = [one for one in gateway.credentials.all(row.channel_id) if one.id == row.id]
    if channel is None or not held:
        return Check(
            credential=row.id,
            masked=row.masked,
            ok=False,
            ms=0,
            reason="its channel, its plugin or the vault's key for it is not usable",
        )
    return await check_credential(gateway, channel, held[0])


async def clear(ask: Ask) -> Credential:
    """Make a credential that rests or was refused ready again, with nothing used today."""
    gateway = ask.gateway
    return await _changed(
        ask, "credential.clear", lambda: store.clear(gateway.database, ask.id, gateway.clock)
    )


async def renew(ask: Ask) -> Credential:
    """Have a credential renewed as soon as a worker is free."""
    return await _changed(ask, "credential.renew", lambda: ask.gateway.renewals.demand(ask.id))


async def disable(ask: Ask) -> Credential:
    """Take a credential out of use."""
    return await _set(ask, "credential.disable", "disabled", f"disabled by {ask.actor}")


async def enable(ask: Ask) -> Credential:
    """Put a credential into use, whatever its state."""
    return await _set(ask, "credential.enable", "ready", "")


async def _set(ask: Ask, action: str, state: str, reason: str) -> Credential:
    gateway = ask.gateway
    return await _changed(
        ask,
        action,
        lambda: store.set_state(gateway.database, ask.id, state, reason, gateway.clock),
    )


async def _changed(
    ask: Ask, action: str, work: Callable[[], Awaitable[CredentialRow]]
) -> Credential:
    row = await ask.change(action, str(ask.id), work)
    return (await shown(ask.gateway, [row]))[0]
