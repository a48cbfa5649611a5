"""The ledger over HTTP: entries, holds, refunds, and the proof that all of it adds up."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec
from tortoise.functions import Sum

from plugway.admin.moments import moment, moment_or_none
from plugway.admin.owners import account_of, owner_names, user_row
from plugway.admin.pages import Page, Paging, Text, TextPaging, page
from plugway.admin.posting import Amount, IdempotencyKey, Reason, key_or_new, post
from plugway.admin.route import Route
from plugway.ledger.operations import Refund
from plugway.ledger.verify import Report, verify
from plugway.storage.models import Entry as EntryRow
from plugway.storage.models import Hold as HoldRow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plugway.admin.ask import Ask

CallId = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z]{1,32}$")]


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """Is one change of one account.

    Attributes:
        id: Its id.
        user: Whose account, or whose key's.
        key: Name of the key, when it is the account of a key's own quota.
        call_id: The call it belongs to.
        kind: `credit`, `adjust`, `reserve`, `settle`, `release` or `refund`.
        delta_balance: By how much the balance changed.
        delta_held: By how much the held credits changed.
        balance: What the balance was after it; only in a list of one whole account.
        idempotency_key: Unique.
        actor: Who did it.
        reason: Why.
        created_at: When.
    """

    id: int
    user: str
    key: str | None
    call_id: str | None
    kind: str
    delta_balance: int
    delta_held: int
    balance: int | None
    idempotency_key: str
    actor: str
    reason: str
    created_at: datetime


class Hold(msgspec.Struct, frozen=True, kw_only=True):
    """Is credits reserved for a call, and what became of them.

    Attributes:
        call_id: The call.
        user: Whose credits.
        amount: How many were held.
        state: `open`, `settled` or `released`.
        settled_amount: How many were charged.
        shortfall: How many the call cost beyond what could be taken.
        refunded: How many were given back.
        quote: The tariff rows and the usage that the amount came from.
        created_at: When it was made.
        expires_at: When the sweeper may release it.
        resolved_at: When it was settled or released.
    """

    call_id: str
    user: str
    amount: int
    state: str
    settled_amount: int
    shortfall: int
    refunded: int
    quote: Any
    created_at: datetime
    expires_at: datetime
    resolved_at: datetime | None


class EntryQuery(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses entries.

    Attributes:
        user: Only this user's account.
        key: The account of this key's own quota instead: its id or, with `user`, its name.
        call_id: Only of this call.
        kind: Only of this kind.
    """

    user: Text | None = None
    key: Text | None = None
    call_id: CallId | None = None
    kind: Literal["credit", "adjust", "reserve", "settle", "release", "refund"] | None = None


class HoldQuery(TextPaging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Chooses holds.

    Attributes:
        user: Only this user's.
        state: Only in this state.
        call_id: Only of this call.
    """

    user: Text | None = None
    state: Literal["open", "settled", "released"] | None = None
    call_id: CallId | None = None


class NewRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a refund of a settled call, or of part of it.

    Attributes:
        call_id: The call.
        credits: How many; all parts together are never more than was charged.
        reason: Why.
        idempotency_key: A repeat with the same one changes nothing.
    """

    call_id: CallId
    credits: Amount
    reason: Reason
    idempotency_key: IdempotencyKey | None = None


class Refunded(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what a refund did.

    Attributes:
        call_id: The call.
        credits: How many were given back.
        balance: The user's balance now.
        repeated: It had been done before; nothing changed.
        idempotency_key: Under which it was done.
    """

    call_id: str
    credits: int
    balance: int
    repeated: bool
    idempotency_key: str


def routes() -> list[Route]:
    """Return the routes."""
    place = "/api/admin/ledger"
    return [
        Route(f"GET {place}/entries", entries, "List entries", EntryQuery, Page[Entry]),
        Route(f"GET {place}/holds", holds, "List holds", HoldQuery, Page[Hold]),
        Route(f"POST {place}/verify", verified, "Check every invariant", gives=Report),
        Route(f"POST {place}/refund", refund, "Refund a call", NewRefund, Refunded),
    ]


async def entries(ask: Ask, query: EntryQuery) -> Page[Entry]:
    """List entries, the newest first."""

    async def work() -> Page[Entry]:
        rows = EntryRow.all()
        account_id = await account_of(query.user, query.key)
        if account_id is not None:
            rows = rows.filter(account_id=account_id)
        if query.call_id is not None:
            rows = rows.filter(call_id=query.call_id)
        if query.kind is not None:
            rows = rows.filter(kind=query.kind)
        if query.after:
            rows = rows.filter(id__lt=query.after)
        found = await rows.order_by("-id").limit(query.limit + 1)
        whole = account_id is not None and query.call_id is None and query.kind is None
        balance = await _balance_after(found[0]) if found and whole else None
        return page(await shown_entries(found, balance), query.limit, [row.id for row in found])

    return await ask.gateway.database.run(work)


async def holds(ask: Ask, query: HoldQuery) -> Page[Hold]:
    """List holds, the newest first: their ids begin with the time."""

    async def work() -> Page[Hold]:
        rows = HoldRow.all()
        if query.user is not None:
            rows = rows.filter(account_id=(await user_row(query.user)).account_id)
        if query.state is not None:
            rows = rows.filter(state=query.state)
        if query.call_id is not None:
            rows = rows.filter(call_id=query.call_id)
        if query.after is not None:
            rows = rows.filter(call_id__lt=query.after)
        found = await rows.order_by("-call_id").limit(query.limit + 1)
        owners = await owner_names(row.account_id for row in found)
        items = [shown_hold(row, owners.get(row.account_id, ("", None))[0]) for row in found]
        return page(items, query.limit, [row.call_id for row in found])

    return await ask.gateway.database.run(work)


async def verified(ask: Ask) -> Report:
    """Check every invariant of the ledger."""
    report = await verify(ask.gateway.url)
    ask.gateway.metrics.ledger_mismatch(len(report.problems))
    return report


async def refund(ask: Ask, new: NewRefund) -> Refunded:
    """Give credits of a settled call back."""
    gateway = ask.gateway
    key = key_or_new(new.idempotency_key)
    outcome = await post(
        gateway,
        Refund(
            call_id=new.call_id,
            amount=new.credits,
            actor=ask.actor,
            reason=new.reason,
            idempotency_key=key,
            at=gateway.clock.now(),
        ),
    )
    if not outcome.repeated:
        detail = {"credits": new.credits, "reason": new.reason, "idempotency_key": key}
        await ask.record("ledger.refund", new.call_id, detail)
    return Refunded(
        call_id=new.call_id,
        credits=new.credits,
        balance=outcome.balance,
        repeated=outcome.repeated,
        idempotency_key=key,
    )


async def _balance_after(row: EntryRow) -> int:
    """Return an account's balance just after an entry; entries never change."""
    before = EntryRow.filter(account_id=row.account_id, id__lte=row.id)
    found = await before.annotate(total=Sum("delta_balance")).values_list("total", flat=True)
    return int(str(found[0]))


async def shown_entries(rows: Sequence[EntryRow], balance: int | None) -> list[Entry]:
    """Make entries fit to be shown, inside `database.run`.

    Args:
        rows: The entries.
        balance: The account's after the first of them, where they are all of one account, the
            newest first; None: balances are not told.
    """
    owners = await owner_names(row.account_id for row in rows)
    items = []
    for row in rows:
        user, key = owners.get(row.account_id, ("", None))
        items.append(
            Entry(
                id=row.id,
                user=user,
                key=key,
                call_id=row.call_id,
                kind=row.kind,
                delta_balance=row.delta_balance,
                delta_held=row.delta_held,
                balance=balance,
                idempotency_key=row.idempotency_key,
                actor=row.actor,
                reason=row.reason,
                created_at=moment(row.created_at),
            )
        )
        if balance is not None:
            balance -= row.delta_balance
    return items


def shown_hold(row: HoldRow, user: str) -> Hold:
    """Make a hold fit to be shown.

    Args:
        row: The hold.
        user: Name of its owner.
    """
    return Hold(
        call_id=row.call_id,
        user=user,
        amount=row.amount,
        state=row.state,
        settled_amount=row.settled_amount,
        shortfall=row.shortfall,
        refunded=row.refunded,
        quote=msgspec.json.decode(row.quote) if row.quote else None,
        created_at=moment(row.created_at),
        expires_at=moment(row.expires_at),
        resolved_at=moment_or_none(row.resolved_at),
    )
