"""Channels over HTTP."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from plugway.admin.check import Check, check_channel
from plugway.admin.moments import moment
from plugway.admin.pages import Page, Paging, Text, page
from plugway.admin.route import Route
from plugway.channels import store
from plugway.contract.settings import addresses
from plugway.credentials import store as credentials
from plugway.errors import BadRequest, Conflict, NotPermitted
from plugway.storage.models import ChannelRow, CredentialRow, Group

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.contract import Provider
    from plugway.gateway import Gateway

BaseURL = Annotated[str, msgspec.Meta(max_length=512)]
Models = Annotated[list[str], msgspec.Meta(max_length=1000)]
Secrets = Annotated[list[str], msgspec.Meta(max_length=1000)]


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """Is a configured way to a provider.

    Attributes:
        id: Its id.
        name: Unique.
        provider: Name of the provider.
        base_url: The upstream's address.
        models: Served models.
        priority: Higher is tried first.
        weight: Share among channels of equal priority.
        group: Only this group's users; null: everyone.
        settings: The provider's settings, secrets masked.
        enabled: Whether it takes calls.
        fault: Why it cannot take any although it is enabled.
        breaker: `closed`, `open` or `half_open`, in the process that answers.
        credentials: How many credentials it has, by state.
        created_at: When it was made.
        updated_at: When it was changed.
    """

    id: int
    name: str
    provider: str
    base_url: str
    models: list[str]
    priority: int
    weight: int
    group: str | None
    settings: dict[str, Any]
    enabled: bool
    fault: str | None
    breaker: str | None
    credentials: dict[str, int]
    created_at: datetime
    updated_at: datetime


class NewChannel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a channel to be made.

    Attributes:
        provider: Name of a provider.
        name: Unique.
        base_url: The upstream's address.
        models: Served models; not given: all that the provider names.
        priority: Higher is tried first.
        weight: Share among channels of equal priority, 1 or more.
        group: Only this group's users; null: everyone.
        settings: The provider's settings; given as text they are converted.
        secrets: Its credentials' secrets.
        enabled: Whether it takes calls.
    """

    provider: str
    name: str
    base_url: BaseURL
    models: Models | UnsetType = UNSET
    priority: int = 0
    weight: int = 1
    group: str | None = None
    settings: dict[str, Any] = {}
    secrets: Secrets = []
    enabled: bool = True


class ChannelChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is what changes of a channel; given settings replace those of the same name."""

    name: str | UnsetType = UNSET
    base_url: BaseURL | UnsetType = UNSET
    models: Models | UnsetType = UNSET
    priority: int | UnsetType = UNSET
    weight: int | UnsetType = UNSET
    group: str | UnsetType | None = UNSET
    settings: dict[str, Any] | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET


class ChannelQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses channels.

    Attributes:
        provider: Only this provider's.
    """

    provider: Text | None = None


class Tested(msgspec.Struct, frozen=True, kw_only=True):
    """Tells whether a channel works.

    Attributes:
        channel: Its name.
        ok: Whether every credential works, and there is one if one is needed.
        fault: Why the channel cannot be used at all.
        results: One a credential.
    """

    channel: str
    ok: bool
    fault: str | None
    results: list[Check]


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/channels"
    return [
        Route(f"GET {place}", listed, "List channels", ChannelQuery, Page[Channel]),
        Route(f"POST {place}", add, "Add a channel", NewChannel, Channel, 201),
        Route(f"GET {place}/{{name}}", get, "Get a channel", gives=Channel),
        Route(f"PATCH {place}/{{name}}", change, "Change a channel", ChannelChange, Channel),
        Route(f"DELETE {place}/{{name}}", remove, "Delete a channel and its credentials"),
        Route(f"POST {place}/{{name}}/test", test, "Test a channel's credentials", gives=Tested),
    ]


async def listed(ask: Ask, query: ChannelQuery) -> Page[Channel]:
    """List channels by id."""

    async def work() -> list[ChannelRow]:
        rows = ChannelRow.filter(id__gt=query.after)
        if query.provider is not None:
            rows = rows.filter(provider=query.provider)
        return await rows.order_by("id").limit(query.limit + 1)

    found = await ask.gateway.database.run(work)
    return page(await shown(ask.gateway, found), query.limit, [row.id for row in found])


async def add(ask: Ask, new: NewChannel) -> Channel:
    """Add a channel, with its credentials or not at all."""
    gateway = ask.gateway
    provider = gateway.registry.providers.get(new.provider)
    if provider is None:
        names = ", ".join(sorted(gateway.registry.providers)) or "none"
        raise BadRequest(
            f"provider: no plugin serves {new.provider[:64]!r}; there are: {names}",
            field="provider",
        )
    draft = store.ChannelDraft(
        name=new.name,
        base_url=new.base_url,
        models=UNSET if new.models is UNSET else list(new.models),
        priority=new.priority,
        weight=new.weight,
        group=new.group,
        settings=dict(new.settings),
        enabled=new.enabled,
    )

    async def work() -> ChannelRow:
        await _check_group(new.group)
        row = await store.add(gateway.database, gateway.vault, provider, draft, gateway.clock)
        for secret in new.secrets:
            await add_secret(gateway, provider, row.id, secret)
        return row

    detail = {**_said(draft), "provider": provider.name, "credentials": len(new.secrets)}
    row = await ask.change("channel.add", new.name, work, detail)
    return (await shown(gateway, [row]))[0]


async def get(ask: Ask) -> Channel:
    """Return a channel."""
    row = await ask.gateway.database.run(lambda: store.find(ask.name))
    return (await shown(ask.gateway, [row]))[0]


async def change(ask: Ask, changes: ChannelChange) -> Channel:
    """Change a channel; a secret setting given back masked, as it is shown, stays as it is."""
    gateway = ask.gateway
    draft = store.ChannelDraft(**msgspec.structs.asdict(changes))

    async def work() -> ChannelRow:
        if isinstance(changes.group, str):
            await _check_group(changes.group)
        await _keep_from_strangers(ask, changes)
        return await store.change(
            gateway.database,
            gateway.vault,
            gateway.registry.providers,
            ask.name,
            draft,
            gateway.clock,
        )

    row = await ask.change("channel.change", ask.name, work, _said(draft))
    return (await shown(gateway, [row]))[0]


async def _keep_from_strangers(ask: Ask, changes: ChannelChange) -> None:
    """Let only administrators send a channel's secrets somewhere else."""
    if ask.principal.role == "admin":
        return
    row = await store.find(ask.name)
    settings = changes.settings if isinstance(changes.settings, dict) else {}
    moved = isinstance(changes.base_url, str) and changes.base_url.strip() != row.base_url
    provider = ask.gateway.registry.providers.get(row.provider)
    ways = () if provider is None else addresses(provider.settings)
    # Given back as it is shown it stays; empty, it goes.
    turned = [
        name for name in ways if settings.get(name, "") not in ("", row.settings.get(name, ""))
    ]
    if not moved and not turned:
        return
    if await CredentialRow.filter(channel_id=row.id).exists():
        raise NotPermitted(
            "an administrator must do this: the channel's secrets would go somewhere else",
            field="base_url" if moved else f"settings.{turned[0]}",
        )


async def remove(ask: Ask) -> None:
    """Delete a channel and its credentials."""
    database = ask.gateway.database
    await ask.change("channel.remove", ask.name, lambda: store.remove(database, ask.name))


async def test(ask: Ask) -> Tested:
    """Ask the upstream whether each credential works, at no cost."""
    gateway = ask.gateway
    row = await gateway.database.run(lambda: store.find(ask.name))
    channel = gateway.channels.get(row.id)
    if channel is None:
        reason = gateway.channels.faulty().get(row.name, "it has not been loaded yet; try again")
        return Tested(channel=row.name, ok=False, fault=reason, results=[])
    results = await check_channel(gateway, channel)
    return Tested(
        channel=row.name,
        ok=bool(results) and all(one.ok for one in results),
        fault=None if results else "it has no credential that can be used",
        results=results,
    )


async def add_secret(
    gateway: Gateway, provider: Provider, channel_id: int, secret: str
) -> CredentialRow:
    """Add a secret to a channel.

    Raises:
        BadRequest: The provider takes none, or not one like this.
        Conflict: The channel has it already.
    """
    if provider.credential is None:
        raise BadRequest(f"{provider.name} takes no credential", field="secrets")
    kind = gateway.registry.credential_kinds.get(provider.credential)
    if kind is None:
        raise Conflict(f"no plugin knows credentials of the kind {provider.credential}")
    return await credentials.add(
        gateway.database, gateway.vault, kind, channel_id, secret, gateway.clock
    )


async def shown(gateway: Gateway, rows: Sequence[ChannelRow]) -> list[Channel]:
    """Make channels fit to be shown."""
    ids = [row.id for row in rows]

    async def states() -> list[tuple[int, str]]:
        found = CredentialRow.filter(channel_id__in=ids).values_list("channel_id", "state")
        return [(channel_id, state) for channel_id, state in await found]

    counts: dict[int, Counter[str]] = {}
    for channel_id, state in await gateway.database.run(states) if ids else ():
        counts.setdefault(channel_id, Counter())[state] += 1
    return [_shown(gateway, row, counts.get(row.id, Counter())) for row in rows]


def _shown(gateway: Gateway, row: ChannelRow, states: Counter[str]) -> Channel:
    provider = gateway.registry.providers.get(row.provider)
    channel = gateway.channels.get(row.id)
    fault = gateway.channels.faulty().get(row.name)
    if fault is None and provider is not None and provider.credential and not states:
        fault = "it has no credential"
    if fault is None and gateway.credentials.closed(row.id):
        fault = "its credentials cannot be opened: another vault key sealed them"
    breaker = None
    if channel is not None:
        breaker = gateway.channels.breaker(channel).state(gateway.clock.monotonic())
    return Channel(
        id=row.id,
        name=row.name,
        provider=row.provider,
        base_url=row.base_url,
        models=row.models,
        priority=row.priority,
        weight=row.weight,
        group=row.group,
        settings=row.settings,
        enabled=row.enabled,
        fault=fault,
        breaker=breaker,
        credentials=dict(sorted(states.items())),
        created_at=moment(row.created_at),
        updated_at=moment(row.updated_at),
    )


async def _check_group(name: str | None) -> None:
    if name is not None and not await Group.filter(name=name).exists():
        raise BadRequest(f"group: no group named {name[:64]}", field="group")


def _said(draft: store.ChannelDraft) -> dict[str, Any]:
    """Return what the audit keeps of a draft: of settings the names only."""
    values = msgspec.structs.asdict(draft)
    said = {name: value for name, value in values.items() if value is not UNSET}
    if "settings" in said:
        said["settings"] = sorted(said["settings"])
    return said
