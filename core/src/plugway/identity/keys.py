"""Keys as the operator keeps them; what they open with is shown once and not kept.

As in `plugway.identity.users`, every function takes each value by name.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType
from tortoise.exceptions import IntegrityError

from plugway.contract import Secret
from plugway.credentials.rotation import KEY_SECRET
from plugway.errors import BadRequest, Conflict, NotFound, PlugwayError
from plugway.identity.accounts import check_page
from plugway.identity.key_record import KeyRecord as KeyRecord
from plugway.identity.key_record import records
from plugway.identity.quotas import quota_account, set_quota
from plugway.identity.rules import (
    check_expiry,
    check_models,
    check_name,
    check_networks,
    check_quota,
    check_rate,
    check_secret,
)
from plugway.storage.models import Key, User

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.vault import Vault
    from plugway.ledger.ledger import Ledger
    from plugway.storage.database import Database


#: Characters from which on a key is masked like one made here.
_LONG = 32


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """Is a key just made, the only time that its secret can be seen.

    Attributes:
        key: As lists show it.
        secret: `sk-…`, the secret key of a pair, or the key that was adopted.
        access_key: `ak-…` of a pair.
    """

    key: KeyRecord
    secret: Secret
    access_key: str | None = None


def digest(key: str | bytes) -> str:
    """Return what is kept of a key, and what it is looked up by.

    A key made here has 256 random bits, so that a plain hash is enough. One that was adopted may
    be short: whoever reads the database can guess it, and no hash that is quick enough for every
    request changes that.
    """
    return sha256(key.encode() if isinstance(key, str) else key).hexdigest()


def mask(key: str) -> str:
    """Return a form that may be shown: both ends, of a short key a quarter at the most.

    Example:
        >>> mask("sk-ab12cdefghijklmnopqrstuvwxyz0123")
        'sk-ab12…0123'
        >>> mask("test1234"), mask("sk-abcdefghij")
        ('te…', 'sk…j')
    """
    ends = len(key) // 4
    if len(key) >= _LONG:
        first, last = 7, 4
    else:
        last = ends // 3
        first = ends - last
    return f"{key[:first]}…{key[len(key) - last :]}"


async def add(
    database: Database,
    vault: Vault,
    ledger: Ledger,
    clock: Clock,
    *,
    user_id: int,
    name: str,
    actor: str,
    pair: bool = False,
    secret: str | None = None,
    expires_at: int | None = None,
    models: Collection[str] | None = None,
    networks: Collection[str] | None = None,
    rate: str | None = None,
    quota: int | None = None,
    enabled: bool = True,
) -> NewKey:
    """Make a key, or adopt one that clients have already.

    Args:
        database: Where to save it.
        vault: Seals the secret key of a pair.
        ledger: Credits the quota.
        clock: The time.
        actor: Who makes it, for the ledger.
        user_id: Whose.
        name: Unique among the user's keys, 1 to 64 characters.
        pair: Make an access key and a secret key, to sign JWTs with.
        secret: Adopt this key, which the operator had before; None: make one by chance.
        expires_at: Microseconds since 1970, to come; None: never.
        models: Models it may be used for; None: all that the group allows.
        networks: Addresses and networks it may be used from; None: all.
        rate: Such as `60/minute`.
        quota: Credits that it may spend of its user's; None: all of them.
        enabled: Whether it lets anyone in.

    Raises:
        BadRequest: A value is not acceptable; it is named.
        NotFound: There is no such user.
        Conflict: The user has a key of this name, or the adopted key is somebody's already.
        LedgerUnavailable: The quota could not be credited; there is no key then.
    """
    check_quota(quota)

    async def work() -> NewKey:
        new = await insert(
            vault,
            clock,
            user_id=user_id,
            name=name,
            pair=pair,
            secret=secret,
            expires_at=expires_at,
            models=models,
            networks=networks,
            rate=rate,
            enabled=enabled,
        )
        if quota is not None:
            # In the same transaction and empty: without its quota the key spends nothing.
            await Key.filter(id=new.key.id).update(account_id=await quota_account(new.key.id))
        return new

    new = await database.transact(work)
    if quota is None:
        return new
    key_id = new.key.id
    try:
        await set_quota(database, ledger, clock, key_id, quota, actor=actor, reason="new key")
        key = await get(database, key_id)
    except PlugwayError:
        # Nobody has seen its secret.
        await remove(database, key_id)
        raise
    return msgspec.structs.replace(new, key=key)


async def insert(
    vault: Vault,
    clock: Clock,
    *,
    user_id: int,
    name: str,
    pair: bool = False,
    secret: str | None = None,
    expires_at: int | None = None,
    models: Collection[str] | None = None,
    networks: Collection[str] | None = None,
    rate: str | None = None,
    enabled: bool = True,
) -> NewKey:
    """Do what `add` does but for the quota, inside `database.transact`."""
    now = clock.now()
    access_key = f"ak-{secrets.token_urlsafe(24)}" if pair else None
    if secret is None:
        # Neither begins with a dash, which a command line would take for an option.
        secret = secrets.token_hex(32) if pair else f"sk-{secrets.token_urlsafe(32)}"
    elif pair:
        raise BadRequest("secret: a pair is made here, and not adopted", field="secret")
    else:
        await _check_free(check_secret(secret))
    shown = access_key or secret
    row = Key(
        user_id=user_id,
        name=check_name(name),
        kind="pair" if pair else "key",
        digest=digest(shown),
        masked=mask(shown),
        enabled=enabled,
        expires_at=check_expiry(expires_at, now),
        models=check_models(models),
        networks=check_networks(networks),
        rate=check_rate(rate),
        created_at=now,
    )
    if pair:
        row.sealed = vault.seal(secret, **KEY_SECRET.of(row.digest))
    if not await User.filter(id=user_id).exists():
        raise NotFound(f"no user {user_id}", field="user_id")
    try:
        await row.save()
    except IntegrityError:
        raise _taken(name) from None
    return NewKey(key=(await records([row]))[0], secret=Secret(secret), access_key=access_key)


async def _check_free(secret: str) -> None:
    if await Key.filter(digest=digest(secret)).exists():
        raise Conflict("this key is somebody's already", field="secret")


async def get(database: Database, key_id: int) -> KeyRecord:
    """Return a key.

    Raises:
        NotFound: There is none with this id.
    """

    async def work() -> KeyRecord:
        return (await records([await row_of(key_id)]))[0]

    return await database.run(work)


async def search(
    database: Database,
    text: str = "",
    *,
    user_id: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[KeyRecord]:
    """Return keys by id, a page at a time.

    Args:
        database: Where they are.
        text: Part of the name, in either case; no wildcards. Empty: all.
        user_id: Only this user's; None: all users'.
        after: The id that the last page ended with.
        limit: 1 to 500.

    Raises:
        BadRequest: The page is out of bounds.
    """
    check_page(after, limit)

    async def work() -> list[KeyRecord]:
        query = Key.filter(id__gt=after)
        if user_id is not None:
            query = query.filter(user_id=user_id)
        if text:
            query = query.filter(name__icontains=text)
        return await records(await query.order_by("id").limit(limit))

    return await database.run(work)


async def change(
    database: Database,
    clock: Clock,
    key_id: int,
    *,
    name: str | UnsetType = UNSET,
    enabled: bool | UnsetType = UNSET,
    expires_at: int | UnsetType | None = UNSET,
    models: Collection[str] | UnsetType | None = UNSET,
    networks: Collection[str] | UnsetType | None = UNSET,
    rate: str | UnsetType | None = UNSET,
) -> KeyRecord:
    """Change what is given; `set_quota` changes the quota.

    Args:
        database: Where the key is.
        clock: The time.
        key_id: Which.
        name: As in `add`.
        enabled: As in `add`.
        expires_at: As in `add`.
        models: As in `add`.
        networks: As in `add`.
        rate: As in `add`; None: no limit.

    Raises:
        BadRequest: A value is not acceptable; it is named.
        NotFound: There is no such key.
        Conflict: The user has another key of this name.
    """

    async def work() -> KeyRecord:
        row = await row_of(key_id)
        if name is not UNSET:
            row.name = check_name(name)
        if enabled is not UNSET:
            row.enabled = enabled
        if expires_at is not UNSET:
            row.expires_at = check_expiry(expires_at, clock.now())
        if models is not UNSET:
            row.models = check_models(models)
        if networks is not UNSET:
            row.networks = check_networks(networks)
        if rate is not UNSET:
            row.rate = check_rate(rate)
        try:
            await row.save()
        except IntegrityError:
            raise _taken(row.name) from None
        return (await records([row]))[0]

    return await database.transact(work)


async def remove(database: Database, key_id: int) -> None:
    """Delete a key. Its account, its usage and its entries in the ledger stay.

    Raises:
        NotFound: There is no such key.
    """

    async def work() -> None:
        await (await row_of(key_id)).delete()

    await database.transact(work)


async def row_of(key_id: int) -> Key:
    """Read a key's row, inside `database.run` or `database.transact`.

    Raises:
        NotFound: There is none with this id.
    """
    row = await Key.get_or_none(id=key_id)
    if row is None:
        raise NotFound(f"no key {key_id}", field="key_id")
    return row


def _taken(name: str) -> Conflict:
    return Conflict(f"this user has a key named {name} already", field="name")
