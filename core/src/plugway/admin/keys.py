"""Keys over HTTP; what one opens with is shown once, when it is made here."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from plugway.admin.moments import Moment, micros_or_none, moment, moment_or_none
from plugway.admin.pages import Page, Paging, Text, and_one_more, page
from plugway.admin.route import Route
from plugway.errors import BadRequest, NotFound
from plugway.identity import keys, users
from plugway.identity.quotas import set_quota
from plugway.money import MAX_CREDITS

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.identity.keys import KeyRecord
    from plugway.identity.users import UserRecord
    from plugway.storage.database import Database

Quota = Annotated[int, msgspec.Meta(ge=0, le=MAX_CREDITS)]


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """Is a key, without what it opens with.

    Attributes:
        id: Its id.
        user: Whose.
        name: Unique among its user's keys.
        kind: `key` for `sk-…`, `pair` for an access key with a secret key.
        masked: Both ends of it.
        enabled: Whether it lets anyone in.
        expires_at: null: never.
        models: Models it may be used for; null: all that its user's group allows.
        networks: Addresses it may be used from; null: all.
        rate: Such as `60/minute`; null: no limit.
        quota: Credits that it may still spend; null: as many as its user has.
        created_at: When it was made.
    """

    id: int
    user: str
    name: str
    kind: str
    masked: str
    enabled: bool
    expires_at: datetime | None
    models: list[str] | None
    networks: list[str] | None
    rate: str | None
    quota: int | None
    created_at: datetime


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a key to be made.

    Attributes:
        user: Whose.
        name: Unique among the user's keys.
        pair: Make an access key and a secret key, to sign JWTs with.
        secret: Adopt this key, which clients have already: 8 to 256 characters; null: make one.
        expires_at: null: never.
        models: null: all.
        networks: null: all.
        rate: null: no limit.
        quota: Credits that it may spend of its user's; null: all of them.
        enabled: Whether it lets anyone in.
    """

    user: str
    name: str
    pair: bool = False
    secret: str | None = None
    expires_at: Moment | None = None
    models: list[str] | None = None
    networks: list[str] | None = None
    rate: str | None = None
    quota: Quota | None = None
    enabled: bool = True


class KeyChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is what changes of a key."""

    name: str | UnsetType = UNSET
    enabled: bool | UnsetType = UNSET
    expires_at: Moment | UnsetType | None = UNSET
    models: list[str] | UnsetType | None = UNSET
    networks: list[str] | UnsetType | None = UNSET
    rate: str | UnsetType | None = UNSET
    quota: Quota | UnsetType | None = UNSET


class KeyQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses keys.

    Attributes:
        user: Only this user's.
        search: Part of the name, in either case; no wildcards.
    """

    user: Text | None = None
    search: Text | None = None


class MadeKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Is a key just made: the only time that its secret is shown.

    Attributes:
        id: Its id.
        user: Whose.
        name: Its name.
        key: `sk-…`; left out when the key was adopted.
        access_key: `ak-…` of a pair.
        secret_key: The secret key of a pair.
    """

    id: int
    user: str
    name: str
    key: str | None = None
    access_key: str | None = None
    secret_key: str | None = None


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/keys"
    return [
        Route(f"GET {place}", listed, "List keys", KeyQuery, Page[Key]),
        Route(f"POST {place}", add, "Make a key", NewKey, MadeKey, 201),
        Route(f"GET {place}/{{id}}", get, "Get a key", gives=Key),
        Route(f"PATCH {place}/{{id}}", change, "Change a key", KeyChange, Key),
        Route(f"DELETE {place}/{{id}}", remove, "Delete a key"),
    ]


async def listed(ask: Ask, query: KeyQuery) -> Page[Key]:
    """List keys by id."""
    database = ask.gateway.database
    user_id = None
    if query.user is not None:
        user_id = (await user_of(database, query.user)).id
    search = partial(keys.search, database, query.search or "", user_id=user_id)
    found = await and_one_more(search, query)
    return page([shown(one) for one in found], query.limit, [one.id for one in found])


async def add(ask: Ask, new: NewKey) -> MadeKey:
    """Make or adopt a key."""
    gateway = ask.gateway
    user = await user_of(gateway.database, new.user)
    # Not in one transaction with its record: the ledger, which credits the quota, has
    # a connection of its own.
    made = await keys.add(
        gateway.database,
        gateway.vault,
        gateway.ledger,
        gateway.clock,
        user_id=user.id,
        name=new.name,
        actor=ask.actor,
        pair=new.pair,
        secret=new.secret,
        expires_at=micros_or_none(new.expires_at),
        models=new.models,
        networks=new.networks,
        rate=new.rate,
        quota=new.quota,
        enabled=new.enabled,
    )
    adopted = new.secret is not None
    detail = msgspec.to_builtins(msgspec.structs.replace(new, secret=None))
    detail = {**detail, "secret": "adopted" if adopted else None, "id": made.key.id}
    await ask.record("key.add", _subject(made.key), detail)
    secret = made.secret.reveal()
    return MadeKey(
        id=made.key.id,
        user=user.name,
        name=made.key.name,
        key=None if new.pair or adopted else secret,
        access_key=made.access_key,
        secret_key=secret if new.pair else None,
    )


async def get(ask: Ask) -> Key:
    """Return a key."""
    return shown(await keys.get(ask.gateway.database, ask.id))


async def change(ask: Ask, changes: KeyChange) -> Key:
    """Change a key; its quota last, through the ledger."""
    gateway = ask.gateway
    database = gateway.database
    key = await keys.get(database, ask.id)
    detail: dict[str, Any] = msgspec.to_builtins(changes)
    expires_at = changes.expires_at
    record = await ask.change(
        "key.change",
        _subject(key),
        lambda: keys.change(
            database,
            gateway.clock,
            key.id,
            name=changes.name,
            enabled=changes.enabled,
            expires_at=UNSET if expires_at is UNSET else micros_or_none(expires_at),
            models=changes.models,
            networks=changes.networks,
            rate=changes.rate,
        ),
        detail,
    )
    if changes.quota is not UNSET:
        await set_quota(
            database,
            gateway.ledger,
            gateway.clock,
            key.id,
            changes.quota,
            actor=ask.actor,
            reason="quota set",
        )
        record = await keys.get(database, key.id)
    return shown(record)


async def remove(ask: Ask) -> None:
    """Delete a key; its usage and its entries in the ledger stay."""
    database = ask.gateway.database
    key = await keys.get(database, ask.id)
    await ask.change("key.remove", _subject(key), lambda: keys.remove(database, key.id))


def shown(record: KeyRecord) -> Key:
    """Make a key fit to be shown."""
    return Key(
        id=record.id,
        user=record.user,
        name=record.name,
        kind=record.kind,
        masked=record.masked,
        enabled=record.enabled,
        expires_at=moment_or_none(record.expires_at),
        models=record.models,
        networks=record.networks,
        rate=record.rate,
        quota=record.quota,
        created_at=moment(record.created_at),
    )


async def user_of(database: Database, name: str) -> UserRecord:
    """Return the user that an input names.

    Raises:
        BadRequest: There is none.
    """
    try:
        return await users.find(database, name)
    except NotFound as error:
        raise BadRequest(f"user: {error.message}", field="user") from None


def _subject(key: KeyRecord) -> str:
    return f"{key.user}/{key.name}"
