"""Groups over HTTP."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from plugway.admin.moments import moment
from plugway.admin.pages import Page, Paging, Text, and_one_more, page
from plugway.admin.route import Route
from plugway.identity import groups

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.identity.groups import GroupRecord


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Is a group of users.

    Attributes:
        id: Its id.
        name: Unique; channels may be for one group only.
        models: Models that its users reach; null: all.
        rate: Limit of each of its users; null: none.
        created_at: When it was made.
    """

    id: int
    name: str
    models: list[str] | None
    rate: str | None
    created_at: datetime


class NewGroup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a group to be made."""

    name: str
    models: list[str] | None = None
    rate: str | None = None


class GroupChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is what changes of a group."""

    name: str | UnsetType = UNSET
    models: list[str] | UnsetType | None = UNSET
    rate: str | UnsetType | None = UNSET


class GroupQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses groups.

    Attributes:
        search: Part of the name, in either case; no wildcards.
    """

    search: Text | None = None


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/groups"
    return [
        Route(f"GET {place}", listed, "List groups", GroupQuery, Page[Group]),
        Route(f"POST {place}", add, "Add a group", NewGroup, Group, 201),
        Route(f"GET {place}/{{name}}", get, "Get a group", gives=Group),
        Route(f"PATCH {place}/{{name}}", change, "Change a group", GroupChange, Group),
        Route(f"DELETE {place}/{{name}}", remove, "Delete a group"),
    ]


async def listed(ask: Ask, query: GroupQuery) -> Page[Group]:
    """List groups by id."""
    search = partial(groups.search, ask.gateway.database, query.search or "")
    found = await and_one_more(search, query)
    return page([shown(one) for one in found], query.limit, [one.id for one in found])


async def add(ask: Ask, new: NewGroup) -> Group:
    """Add a group."""
    gateway = ask.gateway
    record = await ask.change(
        "group.add",
        new.name,
        lambda: groups.add(
            gateway.database, gateway.clock, name=new.name, models=new.models, rate=new.rate
        ),
        msgspec.to_builtins(new),
    )
    return shown(record)


async def get(ask: Ask) -> Group:
    """Return a group."""
    return shown(await groups.find(ask.gateway.database, ask.name))


async def change(ask: Ask, changes: GroupChange) -> Group:
    """Change a group."""
    database = ask.gateway.database
    group = await groups.find(database, ask.name)
    record = await ask.change(
        "group.change",
        group.name,
        lambda: groups.change(
            database, group.id, name=changes.name, models=changes.models, rate=changes.rate
        ),
        msgspec.to_builtins(changes),
    )
    return shown(record)


async def remove(ask: Ask) -> None:
    """Delete a group that nothing refers to."""
    database = ask.gateway.database
    group = await groups.find(database, ask.name)
    await ask.change("group.remove", group.name, lambda: groups.remove(database, group.id))


def shown(record: GroupRecord) -> Group:
    """Make a group fit to be shown."""
    return Group(
        id=record.id,
        name=record.name,
        models=record.models,
        rate=record.rate,
        created_at=moment(record.created_at),
    )
