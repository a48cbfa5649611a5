"""Groups as the operator keeps them: which models their users reach, and how fast."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType
from tortoise.exceptions import IntegrityError

from plugway.errors import Conflict, NotFound
from plugway.identity.accounts import check_page
from plugway.identity.rules import check_models, check_name, check_rate
from plugway.storage.models import ChannelRow, Group, User

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.storage.database import Database


class GroupRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Is a group as lists show it.

    Attributes:
        id: Its id.
        name: Unique; channels name it too.
        models: Models its users reach; None: all.
        rate: Rate limit of each of its users, over all keys of the user together.
        created_at: Microseconds since 1970.
    """

    id: int
    name: str
    models: list[str] | None
    rate: str | None
    created_at: int


async def add(
    database: Database,
    clock: Clock,
    *,
    name: str,
    models: Collection[str] | None = None,
    rate: str | None = None,
) -> GroupRecord:
    """Save a new group.

    Args:
        database: Where to.
        clock: The time.
        name: Unique, 1 to 64 characters.
        models: Models its users reach; None: all.
        rate: Such as `60/minute`, for each of its users.

    Raises:
        BadRequest: A value is not acceptable; it is named.
        Conflict: The name is taken.
    """

    async def work() -> GroupRecord:
        row = Group(
            name=check_name(name),
            models=check_models(models),
            rate=check_rate(rate),
            created_at=clock.now(),
        )
        await row.save()
        return _record(row)

    try:
        return await database.transact(work)
    except IntegrityError:
        raise _taken(name) from None


async def get(database: Database, group_id: int) -> GroupRecord:
    """Return a group.

    Raises:
        NotFound: There is none with this id.
    """

    async def work() -> GroupRecord:
        return _record(await _row(group_id))

    return await database.run(work)


async def find(database: Database, name: str) -> GroupRecord:
    """Return a group by name.

    Raises:
        NotFound: There is none of this name.
    """

    async def work() -> GroupRecord:
        row = await Group.get_or_none(name=name)
        # Some databases compare names without regard to case.
        if row is None or row.name != name:
            raise NotFound(f"no group named {name}", field="name")
        return _record(row)

    return await database.run(work)


async def search(
    database: Database, text: str = "", *, after: int = 0, limit: int = 100
) -> list[GroupRecord]:
    """Return groups by id, a page at a time.

    Args:
        database: Where they are.
        text: Part of the name, in either case; no wildcards. Empty: all.
        after: The id that the last page ended with.
        limit: 1 to 500.

    Raises:
        BadRequest: The page is out of bounds.
    """
    check_page(after, limit)

    async def work() -> list[GroupRecord]:
        query = Group.filter(id__gt=after)
        if text:
            query = query.filter(name__icontains=text)
        return [_record(row) for row in await query.order_by("id").limit(limit)]

    return await database.run(work)


async def change(
    database: Database,
    group_id: int,
    *,
    name: str | UnsetType = UNSET,
    models: Collection[str] | UnsetType | None = UNSET,
    rate: str | UnsetType | None = UNSET,
) -> GroupRecord:
    """Change what is given; channels that name the group follow a new name.

    Args:
        database: Where the group is.
        group_id: Which.
        name: As in `add`.
        models: As in `add`; None: all.
        rate: As in `add`; None: no limit.

    Raises:
        BadRequest: A value is not acceptable; it is named.
        NotFound: There is no such group.
        Conflict: The name is taken.
    """

    async def work() -> GroupRecord:
        row = await _row(group_id, lock=True)
        old = row.name
        if name is not UNSET:
            row.name = check_name(name)
        if models is not UNSET:
            row.models = check_models(models)
        if rate is not UNSET:
            row.rate = check_rate(rate)
        try:
            await row.save()
        except IntegrityError:
            raise _taken(row.name) from None
        if row.name != old:
            await ChannelRow.filter(group=old).update(group=row.name)
        return _record(row)

    return await database.transact(work)


async def remove(database: Database, group_id: int) -> None:
    """Delete a group that nothing refers to any more.

    Raises:
        NotFound: There is no such group.
        Conflict: Users are in it, or channels are only for it.
    """

    async def work() -> None:
        # Locked, so that nobody joins it meanwhile.
        row = await _row(group_id, lock=True)
        if await User.filter(group_id=group_id).exists():
            raise Conflict(f"users are in the group {row.name}", field="group_id")
        if await ChannelRow.filter(group=row.name).exists():
            raise Conflict(f"channels are only for the group {row.name}", field="group_id")
        await row.delete()

    await database.transact(work)


async def _row(group_id: int, *, lock: bool = False) -> Group:
    query = Group.select_for_update() if lock else Group.all()
    row = await query.get_or_none(id=group_id)
    if row is None:
        raise NotFound(f"no group {group_id}", field="group_id")
    return row


def _record(row: Group) -> GroupRecord:
    return GroupRecord(
        id=row.id, name=row.name, models=row.models, rate=row.rate, created_at=row.created_at
    )


def _taken(name: str) -> Conflict:
    return Conflict(f"a group named {name} exists already", field="name")
