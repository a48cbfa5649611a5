"""Channels as the operator keeps them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from tortoise.exceptions import IntegrityError

from plugway.channels.base_url import check_base_url
from plugway.contract import ChannelSettings, Provider
from plugway.errors import BadRequest, Conflict, NotFound
from plugway.storage.models import ChannelRow, CredentialRow

if TYPE_CHECKING:
    from plugway.clock import Clock
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
    database: Database, provider: Provider, draft: ChannelDraft, clock: Clock
) -> ChannelRow:
    """Save a new channel.

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
        "settings": {},
        "enabled": True,
        **_checked(provider, draft),
    }
    if not values["models"]:
        raise BadRequest("models: name at least one", field="models")
    now = clock.now()

    async def work() -> ChannelRow:
        return await ChannelRow.create(
            provider=provider.name, created_at=now, updated_at=now, **values
        )

    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict(f"a channel named {values['name']} exists already", field="name") from None


async def change(
    database: Database,
    providers: Mapping[str, Provider],
    name: str,
    draft: ChannelDraft,
    clock: Clock,
) -> ChannelRow:
    """Change what the draft names; given settings replace those of the same name.

    Raises:
        NotFound: No such channel.
        BadRequest: A value is not acceptable; it is named.
        Conflict: The new name is taken.
    """

    async def work() -> ChannelRow:
        row = await find(name)
        provider = providers.get(row.provider)
        if provider is None:
            raise BadRequest(f"provider {row.provider} is not installed", field="provider")
        values = _checked(provider, draft, row.settings)
        await row.update_from_dict({**values, "updated_at": clock.now()}).save()
        return row

    try:
        return await database.transact(work)
    except IntegrityError:
        raise Conflict(f"a channel named {draft.name} exists already", field="name") from None


async def remove(database: Database, name: str) -> None:
    """Delete a channel and its credentials; what it earned stays in the ledger.

    Raises:
        NotFound: No such channel.
    """

    async def work() -> None:
        row = await find(name)
        await CredentialRow.filter(channel_id=row.id).delete()
        await row.delete()

    await database.transact(work)


async def find(name: str) -> ChannelRow:
    """Read a channel by name, inside `database.run` or `database.transact`.

    Raises:
        NotFound: No such channel.
    """
    row = await ChannelRow.get_or_none(name=name)
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
        return msgspec.convert({**(kept or {}), **given}, provider.settings, strict=False)
    except msgspec.ValidationError as error:
        text = str(error)
        name = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
        field = f"settings.{name}" if name else "settings"
        raise BadRequest(f"{field}: {text.partition(' - at')[0]}", field=field) from None


def _checked(
    provider: Provider, draft: ChannelDraft, kept: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    values = {
        name: value
        for name, value in msgspec.structs.asdict(draft).items()
        if value is not msgspec.UNSET
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
    if "settings" in values:
        settings = read_settings(provider, values["settings"], kept)
        values["settings"] = msgspec.to_builtins(settings)
    return values


def _name(name: str) -> None:
    if not 1 <= len(name) <= 64 or not name.isprintable() or "/" in name or name != name.strip():
        raise BadRequest("name must be 1 to 64 printable characters without '/'", field="name")


def _models(provider: Provider, models: Sequence[str]) -> list[str]:
    if not models:
        raise BadRequest("models: name at least one", field="models")
    for model in models:
        if provider.models and model not in provider.models:
            raise BadRequest(
                f"models: {provider.name} has no {model!r}; it has {', '.join(provider.models)}",
                field="models",
            )
        if not 1 <= len(model) <= 128 or not model.isprintable():
            raise BadRequest("models: 1 to 128 printable characters each", field="models")
    return sorted(set(models))
