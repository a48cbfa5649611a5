"""Users as the operator keeps them.

Every function takes each value by name, and none takes a table of them: a request body
cannot set what its endpoint does not pass on. Who may call is the endpoint's to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType
from tortoise.exceptions import IntegrityError

from plugway.errors import Conflict, NotFound
from plugway.identity.accounts import accounts, check_page, name_account, open_account
from plugway.identity.rules import check_name, check_role
from plugway.storage.models import Group, Key, User

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.storage.database import Database


class UserRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Is a user as lists show it.

    Attributes:
        id: Never used again, even when the user has been removed.
        name: Unique.
        role: `admin`, `operator` or `user`.
        group: The group's name.
        enabled: Whether the user's keys let anyone in.
        account_id: What the ledger calls the user.
        balance: Credits, those held included.
        held: Credits held by running calls.
        webhook_secret: Whether a secret signs the callbacks sent to the user.
        created_at: Microseconds since 1970.
    """

    id: int
    name: str
    role: str
    group: str | None
    enabled: bool
    account_id: int
    balance: int
    held: int
    webhook_secret: bool
    created_at: int


async def add(
    database: Database,
    clock: Clock,
    *,
    name: str,
    role: str = "user",
    group: str | None = None,
    enabled: bool = True,
) -> UserRecord:
    """Save a new user with an empty account; credits come through the ledger.

    Args:
        database: Where to.
        clock: The time.
        name: Unique, 1 to 64 characters.
        role: `admin`, `operator` or `user`.
        group: Name of a group.
        enabled: Whether keys of the user let anyone in.

    Raises:
        BadRequest: A value is not acceptable; it is named.
        NotFound: There is no such group.
        Conflict: The name is taken.
    """

    async def work() -> UserRecord:
        return await insert(clock, name=name, role=role, group=group, enabled=enabled)

    return await database.transact(work)


async def insert(
    clock: Clock, *, name: str, role: str, group: str | None = None, enabled: bool = True
) -> UserRecord:
    """Do what `add` does as a part of a transaction, inside `database.transact`."""
    check_name(name)
    check_role(role)
    group_id = await _group_id(group)
    account = await open_account()
    try:
        row = await User.create(
            name=name,
            role=role,
            group_id=group_id,
            account_id=account.id,
            enabled=enabled,
            created_at=clock.now(),
        )
    except IntegrityError:
        raise _taken(name) from None
    await name_account(account.id, f"user:{row.id}")
    return (await _records([row]))[0]


async def get(database: Database, user_id: int) -> UserRecord:
    """Return a user.

    Raises:
        NotFound: There is none with this id.
    """

    async def work() -> UserRecord:
        return (await _records([await _row(user_id)]))[0]

    return await database.run(work)


async def find(database: Database, name: str) -> UserRecord:
    """Return a user by name.

    Raises:
        NotFound: There is none of this name.
    """

    async def work() -> UserRecord:
        row = await User.get_or_none(name=name)
        # Some databases compare names without regard to case.
        if row is None or row.name != name:
            raise NotFound(f"no user named {name}", field="name")
        return (await _records([row]))[0]

    return await database.run(work)


async def search(
    database: Database, text: str = "", *, after: int = 0, limit: int = 100
) -> list[UserRecord]:
    """Return users by id, a page at a time.

    Args:
        database: Where they are.
        text: Part of the name, in either case; no wildcards. Empty: all.
        after: The id that the last page ended with.
        limit: 1 to 500.

    Raises:
        BadRequest: The page is out of bounds.
    """
    check_page(after, limit)

    async def work() -> list[UserRecord]:
        query = User.filter(id__gt=after)
        if text:
            query = query.filter(name__icontains=text)
        return await _records(await query.order_by("id").limit(limit))

    return await database.run(work)


async def change(
    database: Database,
    user_id: int,
    *,
    name: str | UnsetType = UNSET,
    role: str | UnsetType = UNSET,
    group: str | UnsetType | None = UNSET,
    enabled: bool | UnsetType = UNSET,
) -> UserRecord:
    """Change what is given.

    Args:
        database: Where the user is.
        user_id: Who.
        name: As in `add`.
        role: As in `add`.
        group: As in `add`; None: in no group.
        enabled: False shuts out all keys of the user, True lets those in again that are
            enabled themselves.

    Raises:
        BadRequest: A value is not acceptable; it is named.
        NotFound: There is no such user or group.
        Conflict: The name is taken, or nobody would be administrator any more.
    """

    async def work() -> UserRecord:
        row = await _row(user_id)
        was_administrator = row.role == "admin" and row.enabled
        if name is not UNSET:
            row.name = check_name(name)
        if role is not UNSET:
            row.role = check_role(role)
        if group is not UNSET:
            row.group_id = await _group_id(group)
        if enabled is not UNSET:
            row.enabled = enabled
        if was_administrator and not (row.role == "admin" and row.enabled):
            await _keep_an_administrator(user_id)
        try:
            await row.save()
        except IntegrityError:
            raise _taken(row.name) from None
        return (await _records([row]))[0]

    return await database.transact(work)


async def remove(database: Database, user_id: int) -> None:
    """Disable a user and every one of the user's keys, for good.

    The row stays, and the name with it: the ledger and the usage refer to it. Enabling the
    user again does not bring the keys back.

    Raises:
        NotFound: There is no such user.
        Conflict: Nobody would be administrator any more.
    """

    async def work() -> None:
        row = await _row(user_id)
        if row.role == "admin" and row.enabled:
            await _keep_an_administrator(user_id)
        row.enabled = False
        await row.save()
        await Key.filter(user_id=user_id).update(enabled=False)

    await database.transact(work)


async def _row(user_id: int) -> User:
    row = await User.get_or_none(id=user_id)
    if row is None:
        raise NotFound(f"no user {user_id}", field="user_id")
    return row


async def _group_id(name: str | None) -> int | None:
    if name is None:
        return None
    # Locked, so that it is not removed before this user is in it.
    row = await Group.select_for_update().get_or_none(name=name)
    if row is None or row.name != name:
        raise NotFound(f"no group named {name}", field="group")
    group_id: int = row.id
    return group_id


async def _keep_an_administrator(leaving: int) -> None:
    # Locked: two administrators who remove each other must not both succeed.
    rows = await User.filter(role="admin", enabled=True).order_by("id").select_for_update()
    if all(row.id == leaving for row in rows):
        raise Conflict("this is the last administrator", field="user_id")


async def _records(rows: Sequence[User]) -> list[UserRecord]:
    money = await accounts(row.account_id for row in rows)
    wanted = {row.group_id for row in rows if row.group_id is not None}
    groups = {row.id: row.name for row in await Group.filter(id__in=wanted)} if wanted else {}
    return [
        UserRecord(
            id=row.id,
            name=row.name,
            role=row.role,
            group=groups.get(row.group_id),
            enabled=row.enabled,
            account_id=row.account_id,
            balance=money[row.account_id].balance,
            held=money[row.account_id].held,
            webhook_secret=row.webhook_secret is not None,
            created_at=row.created_at,
        )
        for row in rows
    ]


def _taken(name: str) -> Conflict:
    return Conflict(f"a user named {name} exists already", field="name")
