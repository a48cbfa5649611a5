"""Users over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec import UNSET, UnsetType

from plugway.admin.moments import moment
from plugway.admin.pages import Page, Paging, Text, and_one_more, page
from plugway.admin.posting import Change, IdempotencyKey, Reason, key_or_new, post
from plugway.admin.route import Route
from plugway.errors import BadRequest
from plugway.identity import users
from plugway.identity.accounts import accounts
from plugway.identity.principal import Role
from plugway.ledger.operations import Adjust

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.gateway import Gateway
    from plugway.identity.users import UserRecord


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Is a user.

    Attributes:
        id: Its id.
        name: Unique.
        role: `admin`, `operator` or `user`.
        group: Name of its group.
        enabled: Whether its keys let anyone in.
        balance: Credits, those held included.
        held: Credits held by running calls.
        overdraft: Credits that it may owe.
        webhook_secret: Whether a secret signs the callbacks sent to it.
        created_at: When it was made.
    """

    id: int
    name: str
    role: str
    group: str | None
    enabled: bool
    balance: int
    held: int
    overdraft: int
    webhook_secret: bool
    created_at: datetime


class NewUser(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a user to be made."""

    name: str
    role: Role = "user"
    group: str | None = None
    enabled: bool = True


class UserChange(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is what changes of a user."""

    name: str | UnsetType = UNSET
    role: Role | UnsetType = UNSET
    group: str | UnsetType | None = UNSET
    enabled: bool | UnsetType = UNSET


class UserQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses users.

    Attributes:
        search: Part of the name, in either case; no wildcards.
    """

    search: Text | None = None


class Credit(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a change of a balance.

    Attributes:
        credits: Above 0: paid in; below 0: taken back.
        reason: Why.
        idempotency_key: A repeat with the same one changes nothing.
    """

    credits: Change
    reason: Reason
    idempotency_key: IdempotencyKey | None = None


class Credited(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what became of a balance.

    Attributes:
        user: Whose.
        credits: By how much it changed.
        balance: What it is now.
        repeated: It had been done before; nothing changed.
        idempotency_key: Under which it was done.
    """

    user: str
    credits: int
    balance: int
    repeated: bool
    idempotency_key: str


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/users"
    return [
        Route(f"GET {place}", listed, "List users", UserQuery, Page[User]),
        Route(f"POST {place}", add, "Add a user", NewUser, User, 201),
        Route(f"GET {place}/{{name}}", get, "Get a user", gives=User),
        Route(f"PATCH {place}/{{name}}", change, "Change a user", UserChange, User),
        Route(f"POST {place}/{{name}}/credit", credit, "Change a balance", Credit, Credited),
    ]


async def listed(ask: Ask, query: UserQuery) -> Page[User]:
    """List users by id."""
    search = partial(users.search, ask.gateway.database, query.search or "")
    found = await and_one_more(search, query)
    items = await shown(ask.gateway, found)
    return page(items, query.limit, [one.id for one in found])


async def add(ask: Ask, new: NewUser) -> User:
    """Add a user."""
    gateway = ask.gateway
    record = await ask.change(
        "user.add",
        new.name,
        lambda: users.add(
            gateway.database,
            gateway.clock,
            name=new.name,
            role=new.role,
            group=new.group,
            enabled=new.enabled,
        ),
        msgspec.to_builtins(new),
    )
    return (await shown(gateway, [record]))[0]


async def get(ask: Ask) -> User:
    """Return a user."""
    record = await users.find(ask.gateway.database, ask.name)
    return (await shown(ask.gateway, [record]))[0]


async def change(ask: Ask, changes: UserChange) -> User:
    """Change a user."""
    gateway = ask.gateway
    user = await users.find(gateway.database, ask.name)
    record = await ask.change(
        "user.change",
        user.name,
        lambda: users.change(
            gateway.database,
            user.id,
            name=changes.name,
            role=changes.role,
            group=changes.group,
            enabled=changes.enabled,
        ),
        msgspec.to_builtins(changes),
    )
    return (await shown(gateway, [record]))[0]


async def credit(ask: Ask, credit: Credit) -> Credited:
    """Pay credits in, or take them back."""
    gateway = ask.gateway
    if credit.credits == 0:
        raise BadRequest("credits: not 0, please", field="credits")
    user = await users.find(gateway.database, ask.name)
    key = key_or_new(credit.idempotency_key)
    outcome = await post(
        gateway,
        Adjust(
            account_id=user.account_id,
            kind="credit" if credit.credits > 0 else "adjust",
            amount=credit.credits,
            actor=ask.actor,
            reason=credit.reason,
            idempotency_key=key,
            at=gateway.clock.now(),
        ),
    )
    if not outcome.repeated:
        detail = {"credits": credit.credits, "reason": credit.reason, "idempotency_key": key}
        await ask.record("user.credit", user.name, detail)
    return Credited(
        user=user.name,
        credits=credit.credits,
        balance=outcome.balance,
        repeated=outcome.repeated,
        idempotency_key=key,
    )


async def shown(gateway: Gateway, records: Sequence[UserRecord]) -> list[User]:
    """Make users fit to be shown."""
    ids = [record.account_id for record in records]
    money = await gateway.database.run(lambda: accounts(ids))
    return [
        User(
            id=record.id,
            name=record.name,
            role=record.role,
            group=record.group,
            enabled=record.enabled,
            balance=record.balance,
            held=record.held,
            overdraft=money[record.account_id].overdraft,
            webhook_secret=record.webhook_secret,
            created_at=moment(record.created_at),
        )
        for record in records
    ]
