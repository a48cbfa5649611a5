"""All that is known of one task: what was asked and answered, its credits, its callbacks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.admin.callbacks import Callback, without_query
from plugway.admin.callbacks import shown as shown_callbacks
from plugway.admin.ledger import Entry, Hold, shown_entries, shown_hold
from plugway.admin.moments import moment
from plugway.admin.owners import key_names
from plugway.admin.route import Route
from plugway.admin.tasks import Task, find, shown
from plugway.callbacks import listing
from plugway.errors import NotFound
from plugway.storage.models import Entry as EntryRow
from plugway.storage.models import Hold as HoldRow
from plugway.storage.models import Receipt as ReceiptRow
from plugway.storage.models import TaskRow
from plugway.telemetry.redaction import clean

if TYPE_CHECKING:
    from plugway.admin.ask import Ask
    from plugway.gateway import Gateway

#: Receipts, and callbacks, that are shown of one task; the newest.
MOST = 100

#: What the ledger writes for a call by itself, each once and for each of its two accounts.
_KINDS = ("reserve", "settle", "release")


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Is what an upstream told of a task by itself.

    Attributes:
        verified: Its signature was verified.
        body: What it told; JSON, or a text that is none.
        created_at: When.
    """

    verified: bool
    body: Any
    created_at: datetime


class Message(Callback, frozen=True, kw_only=True):
    """Is a message to a client, with what it says.

    Attributes:
        body: What it says; JSON.
    """

    body: Any


class Dossier(Task, frozen=True, kw_only=True):
    """Is a task with all that is known of it.

    Attributes:
        request_id: The request that made it.
        ip: Where that came from.
        key: With which key; null: it has been deleted.
        callback_url: Where its client wants to hear of it.
        request: What was asked, long texts cut.
        answer: What the upstream said last.
        hold: Its credits.
        entries: What the ledger did for it, oldest first.
        receipts: What the upstream told by itself, oldest first.
        callbacks: What its client is told, oldest first.
    """

    request_id: str
    ip: str
    key: str | None
    callback_url: str | None
    request: Any
    answer: Any
    hold: Hold | None
    entries: list[Entry]
    receipts: list[Receipt]
    callbacks: list[Message]


def routes() -> list[Route]:
    """Return the routes."""
    return [Route("GET /api/admin/tasks/{id}", get, "Get a task", gives=Dossier)]


async def get(ask: Ask) -> Dossier:
    """Return all that is known of a task."""
    gateway = ask.gateway
    task = await find(ask)
    (known,) = await shown(gateway, [task])
    return await gateway.database.run(lambda: _whole(gateway, known))


async def _whole(gateway: Gateway, task: Task) -> Dossier:
    row = await TaskRow.get_or_none(id=task.id)
    if row is None:
        raise NotFound("there is no such task")
    hold = await HoldRow.get_or_none(call_id=row.call_id)
    keys = await key_names([row.key_id])
    receipts = await ReceiptRow.filter(call_id=row.call_id).order_by("-id").limit(MOST)
    records = await listing.search(gateway.database, call_id=row.call_id, limit=MOST)
    records.reverse()
    return Dossier(
        **msgspec.structs.asdict(task),
        request_id=row.request_id,
        ip=row.ip,
        key=keys.get(row.key_id or 0),
        callback_url=row.callback_url and without_query(row.callback_url),
        # A client may have put a secret of its own anywhere. An answer is shown as it came:
        # links to results are signed, and must work.
        request=clean(json_or_text(row.request)),
        answer=row.answer and json_or_text(row.answer),
        hold=None if hold is None else shown_hold(hold, task.user),
        entries=await shown_entries(await _entries(row, hold), None),
        receipts=[_receipt(one) for one in reversed(receipts)],
        callbacks=[
            Message(**msgspec.structs.asdict(one), body=json_or_text(record.body))
            for one, record in zip(await shown_callbacks(records), records, strict=True)
        ],
    )


async def _entries(row: TaskRow, hold: HoldRow | None) -> list[EntryRow]:
    """Return the entries of a call; no index has calls, but their names are known."""
    names = [f"{kind}{of}:{row.call_id}" for kind in _KINDS for of in ("", ".key")]
    found = await EntryRow.filter(idempotency_key__in=names).order_by("id")
    if hold is None or not hold.refunded or not found:
        return found
    accounts = [hold.account_id, hold.key_account_id or hold.account_id]
    refunds = EntryRow.filter(account_id__in=accounts, id__gt=found[0].id, kind="refund")
    return found + await refunds.filter(call_id=row.call_id).order_by("id")


def _receipt(row: ReceiptRow) -> Receipt:
    return Receipt(
        verified=row.verified, body=json_or_text(row.body), created_at=moment(row.created_at)
    )


def json_or_text(text: str) -> Any:
    """Return what a JSON text says; one that is none is returned as it is."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return text
