"""A key as lists show it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from plugway.identity.accounts import accounts
from plugway.storage.models import Key, User


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Is a key as lists show it.

    Attributes:
        id: Never used again.
        user_id: Whose.
        user: The user's name.
        name: Unique among the user's keys.
        kind: `key` for `sk-…`, `pair` for an access key with a secret key.
        masked: Both ends of it.
        enabled: Whether it lets anyone in.
        expires_at: Microseconds since 1970; None: never.
        models: Models it may be used for; None: all that the group allows.
        networks: Addresses it may be used from; None: all.
        rate: Rate limit.
        quota: Credits that it may still spend; None: as many as its user has.
        account_id: Account of its quota.
        created_at: Microseconds since 1970.
    """

    id: int
    user_id: int
    user: str
    name: str
    kind: str
    masked: str
    enabled: bool
    expires_at: int | None
    models: list[str] | None
    networks: list[str] | None
    rate: str | None
    quota: int | None
    account_id: int | None
    created_at: int


async def records(rows: Sequence[Key]) -> list[KeyRecord]:
    """Make keys fit to be shown, inside `database.run` or `database.transact`."""
    if not rows:
        return []
    quotas = await accounts(row.account_id for row in rows)
    users = {user.id: user.name for user in await User.filter(id__in={row.user_id for row in rows})}
    return [
        KeyRecord(
            id=row.id,
            user_id=row.user_id,
            user=users[row.user_id],
            name=row.name,
            kind=row.kind,
            masked=row.masked,
            enabled=row.enabled,
            expires_at=row.expires_at,
            models=row.models,
            networks=row.networks,
            rate=row.rate,
            quota=(
                None
                if row.account_id is None
                else quotas[row.account_id].balance - quotas[row.account_id].held
            ),
            account_id=row.account_id,
            created_at=row.created_at,
        )
        for row in rows
    ]
