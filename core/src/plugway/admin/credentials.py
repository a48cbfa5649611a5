"""Credentials over HTTP; their secrets go in and never come out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from plugway.admin.channels import add_secret
from plugway.admin.check import Check, check_credential
from plugway.admin.moments import moment, moment_or_none
from plugway.admin.owners import channel_names
from plugway.admin.pages import Page, Paging, Text, page
from plugway.admin.route import Route
from plugway.channels import store as channels
from plugway.credentials import store
from plugway.errors import BadRequest, Conflict, NotFound
from plugway.storage.models import ChannelRow, CredentialRow

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.gateway import Gateway


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """Is one upstream secret of a channel, without the secret.

    Attributes:
        id: Its id.
        channel: Name of its channel.
        kind: How requests are authorized with it.
        masked: Both ends of it.
        state: `ready`, `cooling`, `expired`, `restricted` or `disabled`.
        reason: Why it is in this state.
        cooling_until: When it is tried again; null: at once, or never.
        failures: Refusals in a row.
        created_at: When it was added.
        updated_at: When its state changed.
    """

    id: int
    channel: str
    kind: str
    masked: str
    state: str
    reason: str
    cooling_until: datetime | None
    failures: int
    created_at: datetime
    updated_at: datetime


class NewCredential(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a secret to be added to a channel."""

    channel: str
    secret: str


class CredentialQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses credentials.

    Attributes:
        channel: Only this channel's.
    """

    channel: Text | None = None


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/credentials"
    one = f"{place}/{{id}}"
    return [
        Route(f"GET {place}", listed, "List credentials", CredentialQuery, Page[Credential]),
        Route(f"POST {place}", add, "Add a credential", NewCredential, Credential, 201),
        Route(f"GET {one}", get, "Get a credential", gives=Credential),
        Route(f"DELETE {one}", remove, "Delete a credential"),
        Route(f"POST {one}/test", test, "Test a credential", gives=Check),
        Route(f"POST {one}/clear", clear, "Forget a cooldown and failures", gives=Credential),
        Route(f"POST {one}/disable", disable, "Take a credential out of use", gives=Credential),
        Route(f"POST {one}/enable", enable, "Put a credential into use", gives=Credential),
    ]


async def listed(ask: Ask, query: CredentialQuery) -> Page[Credential]:
    """List credentials by id."""

    async def work() -> list[CredentialRow]:
        rows = CredentialRow.filter(id__gt=query.after)
        if query.channel is not None:
            rows = rows.filter(channel_id=(await _channel(query.channel)).id)
        return await rows.order_by("id").limit(query.limit + 1)

    found = await ask.gateway.database.run(work)
    return page(await shown(ask.gateway, found), query.limit, [row.id for row in found])


async def add(ask: Ask, new: NewCredential) -> Credential:
    """Add a secret to a channel."""
    gateway = ask.gateway

    async def work() -> CredentialRow:
        row = await _channel(new.channel)
        provider = gateway.registry.providers.get(row.provider)
        if provider is None:
            raise BadRequest(f"provider {row.provider} is not installed", field="channel")
        return await add_secret(gateway, provider, row.id, new.secret)

    row = await ask.change("credential.add", new.channel, work)
    return (await shown(gateway, [row]))[0]


async def get(ask: Ask) -> Credential:
    """Return a credential."""
    row = await ask.gateway.database.run(lambda: store.find(ask.id))
    return (await shown(ask.gateway, [row]))[0]


async def remove(ask: Ask) -> None:
    """Delete a credential."""
    database = ask.gateway.database
    await ask.change("credential.remove", str(ask.id), lambda: store.remove(database, ask.id))


async def test(ask: Ask) -> Check:
    """Ask the upstream whether the credential works, at no cost."""
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
    """Make a credential that rests or was refused ready again."""
    row = await ask.gateway.database.run(lambda: store.find(ask.id))
    if row.state == "disabled":
        raise Conflict("it is disabled: enable it")
    return await _set(ask, "credential.clear", "ready", "")


async def disable(ask: Ask) -> Credential:
    """Take a credential out of use."""
    return await _set(ask, "credential.disable", "disabled", f"disabled by {ask.actor}")


async def enable(ask: Ask) -> Credential:
    """Put a credential into use, whatever its state."""
    return await _set(ask, "credential.enable", "ready", "")


async def shown(gateway: Gateway, rows: Sequence[CredentialRow]) -> list[Credential]:
    """Make credentials fit to be shown."""
    names = await gateway.database.run(lambda: channel_names(row.channel_id for row in rows))
    return [
        Credential(
            id=row.id,
            channel=names.get(row.channel_id, ""),
            kind=row.kind,
            masked=row.masked,
            state=row.state,
            reason=row.reason,
            cooling_until=moment_or_none(row.cooling_until),
            failures=row.failures,
            created_at=moment(row.created_at),
            updated_at=moment(row.updated_at),
        )
        for row in rows
    ]


async def _set(ask: Ask, action: str, state: str, reason: str) -> Credential:
    gateway = ask.gateway
    row = await ask.change(
        action,
        str(ask.id),
        lambda: store.set_state(gateway.database, ask.id, state, reason, gateway.clock),
    )
    return (await shown(gateway, [row]))[0]


async def _channel(name: str) -> ChannelRow:
    try:
        return await channels.find(name)
    except NotFound as error:
        raise BadRequest(f"channel: {error.message}", field="channel") from None
