"""Channels as the operator keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from tortoise.exceptions import IntegrityError

from plugway.channels.base_url import check_base_url
from plugway.channels.settings import kept_settings, seal_settings
from plugway.contract import ANY, ChannelSettings, Provider
from plugway.errors import BadRequest, ConfigurationError, Conflict, NotFound
from plugway.storage.models import ChannelRow, CredentialRow, TaskRow
from plugway.upstream.proxies import check_proxy

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.storage.database import Database

MAX_WEIGHT = 1_000_000


class ChannelDraft(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Is what an operator may say of a channel; UNSET keeps what is there.

    Attributes:
        name: Unique, 1 to 64 characters.
        base_url: The upstream's address.
        models: Served models, at least one.
        priority: Higher is tried first.
        weight: Share among equals, 1 to 1 000 000.
        group: Only this group's users; None: everyone.
        settings: The provider's settings; given as text they are converted.
        enabled: Takes calls.
    """

    name: str | msgspec.UnsetType = msgspec.UNSET
    base_url: str | msgspec.UnsetType = msgspec.UNSET
    models: list[str] | msgspec.UnsetType = msgspec.UNSET
    priority: int | msgspec.UnsetType = msgspec.UNSET
    weight: int | msgspec.UnsetType = msgspec.UNSET
    group: str | msgspec.UnsetType | None = msgspec.UNSET
    settings: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    enabled: bool | msgspec.UnsetType = msgspec.UNSET


async def add(
    database: Database, vault: Vault, provider: Provider, draft: ChannelDraft, clock: Clock
) -> ChannelRow:
    """Save a new channel.

    Args:
        database: Where to.
        vault: Seals the secrets among its settings.
        provider: Its provider.
        draft: What it is to be.
        clock: The time.

    Raises:
        BadRequest: A value is missing or not acceptable; it is named.
        Conflict: The name is taken.
    """
    for field in ("name", "base_url"):
        if getattr(draft, field) is msgspec.UNSET:
            raise BadRequest(f"{field} is required", field=field)
    values: dict[str, Any] = {
        "models": list(provider.models),
        "priority": 0,
        "weight": 1,
        "group": None,
        "enabled": True,
        **_checked(provider, draft),
    }
    if not values["models"]:
        raise BadRequest("models: name at least one", field="models")
    given = {} if draft.settings is msgspec.UNSET else draft.settings
    settings = read_settings(provider, given)
    now = clock.now()

    async def work() -> ChannelRow:
        row = await ChannelRow.create(
            provider=provider.name, settings={}, created_at=now, updated_at=now, **values
        )
        # What is sealed is bound to the row's id, which the database has given just now.
        seal_settings(vault, row, settings)
        await row.save(update_fields=["settings", "sealed"])
        return row

    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict(f"a channel named {values['name']} exists already", field="name") from None


async def change(
    database: Database,
    vault: Vault,
    providers: Mapping[str, Provider],
    name: str,
    draft: ChannelDraft,
    clock: Clock,
) -> ChannelRow:
    """Change what the draft names; given settings replace those of the same name.

    A secret that is given back masked, as lists show it, stays as it is.

    Args:
        database: Where it is.
        vault: Opens and seals the secrets among its settings.
        providers: By name.
        name: Which channel.
        draft: What is to change.
        clock: The time.

    Raises:
        NotFound: No such channel.
        BadRequest: A value is not acceptable; it is named.
        Conflict: The new name is taken.
        VaultError: A secret that is to stay cannot be opened.
    """

    async def work() -> ChannelRow:
        row = await find(name, lock=True)
        provider = providers.get(row.provider)
        if provider is None:
            raise BadRequest(f"provider {row.provider} is not installed", field="provider")
        values = {**_checked(provider, draft), "updated_at": clock.now()}
        row.update_from_dict(values)
        if draft.settings is not msgspec.UNSET:
            given = {n: v for n, v in draft.settings.items() if v != row.settings.get(n)}
            kept = kept_settings(vault, row, given)
            seal_settings(vault, row, read_settings(provider, given, kept))
            values |= {"settings": None, "sealed": None}
        await row.save(update_fields=list(values))
        return row

    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict(f"a channel named {draft.name} exists already", field="name") from None


async def remove(database: Database, name: str) -> None:
    """Delete a channel and its credentials; what it earned stays in the ledger.

    Raises:
        NotFound: No such channel.
        Conflict: It has tasks that have not ended: nobody else could ask for them.
    """

    async def work() -> None:
        row = await find(name)
        if await TaskRow.filter(channel_id=row.id, next_poll_at__isnull=False).exists():
            raise Conflict(
                f"channel {name} has tasks that have not ended: disable it, and remove it later",
                field="name",
            )
        await CredentialRow.filter(channel_id=row.id).delete()
        await row.delete()

    await database.transact(work)


async def find(name: str, *, lock: bool = False) -> ChannelRow:
    """Read a channel by name, inside `database.run` or `database.transact`.

    Args:
        name: Its name.
        lock: Nobody else changes it before the transaction ends.

    Raises:
        NotFound: No such channel.
    """
    query = ChannelRow.select_for_update() if lock else ChannelRow.all()
    row = await query.get_or_none(name=name)
    if row is None:
        raise NotFound(f"no channel named {name}", field="name")
    return row


def read_settings(
    provider: Provider, given: Mapping[str, Any], kept: Mapping[str, Any] | None = None
) -> ChannelSettings:
    """Validate channel settings, converting text such as `--set key=value` gives.

    Args:
        provider: Whose struct applies.
        given: New values.
        kept: Values that stay unless given.

    Raises:
        BadRequest: Unknown, of the wrong type or out of range; the setting is named.
    """
    known = {field.encode_name for field in msgspec.structs.fields(provider.settings)}
    for name in given:
        if name not in known:
            raise BadRequest(
                f"settings.{name}: unknown; {provider.name} has {', '.join(sorted(known))}",
                field=f"settings.{name}",
            )
    try:
        settings = msgspec.convert({**(kept or {}), **given}, provider.settings, strict=False)
        check_proxy(settings.proxy)
        return settings
    except msgspec.ValidationError as error:
        text = str(error)
        name = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        field = f"settings.{name}" if name else "settings"
        raise BadRequest(f"{field}: {text.partition(' - at')[0]}", field=field) from None
    except (ConfigurationError, BadRequest) as error:
        field = f"settings.{error.field}" if error.field else "settings"
        raise BadRequest(f"settings: {error.message}", field=field) from None


def _checked(provider: Provider, draft: ChannelDraft) -> dict[str, Any]:
    """Return what a draft says, but for the settings."""
    values = {
        name: value
        for name, value in msgspec.structs.asdict(draft).items()
        if value is not msgspec.UNSET and name != "settings"
    }
    if "name" in values:
        _name(values["name"])
    if "base_url" in values:
        values["base_url"] = check_base_url(values["base_url"], provider.base_url)
    if "models" in values:
        values["models"] = _models(provider, values["models"])
    if "weight" in values and not 1 <= values["weight"] <= MAX_WEIGHT:
        raise BadRequest(f"weight must be from 1 to {MAX_WEIGHT}", field="weight")
    if "priority" in values and abs(values["priority"]) > MAX_WEIGHT:
        raise BadRequest(f"priority must be from -{MAX_WEIGHT} to {MAX_WEIGHT}", field="priority")
    return values


def _name(name: str) -> None:
    if (
        not 1 <= len(name) <= 64
        or not name.isprintable()
        or set("/\\") & set(name)
        or name != name.strip()
    ):
        raise BadRequest(
            "name must be 1 to 64 printable characters without '/' or '\\'", field="name"
        )


def _models(provider: Provider, models: Sequence[str]) -> list[str]:
    if not models:
        raise BadRequest("models: name at least one", field="models")
    for model in models:
        if model == ANY and ANY not in provider.models:
            raise BadRequest(f"models: {provider.name} has no '*': name each", field="models")
        if provider.models and not provider.more_models and model not in provider.models:
            raise BadRequest(
                f"models: {provider.name} has no {model!r}; it has {', '.join(provider.models)}",
                field="models",
            )
        if not 1 <= len(model) <= 128 or not model.isprintable():
            raise BadRequest("models: 1 to 128 printable characters each", field="models")
    return sorted(set(models))
