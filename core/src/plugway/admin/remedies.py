"""What is done about a task: ask its upstream, send its callbacks again, give credits back."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from plugway.admin.dossier import json_or_text
from plugway.admin.ledger import NewRefund, Refunded
from plugway.admin.ledger import refund as refund_call
from plugway.admin.moments import moment
from plugway.admin.posting import Amount, IdempotencyKey, Reason
from plugway.admin.route import Route
from plugway.admin.tasks import Task, find, shown
from plugway.callbacks.listing import resend_all
from plugway.errors import Conflict

if TYPE_CHECKING:
    from plugway.admin.ask import Ask


class Recheck(msgspec.Struct, frozen=True, kw_only=True):
    """Tells what an upstream says of a task that failed or expired here.

    Attributes:
        call_id: The task's call.
        state: How it ended here; that stays.
        says: How it stands there: `submitted`, `processing`, `succeed` or `failed`; null: the
            upstream has it no more.
        reason: Why it failed there.
        answer: What the upstream said.
        asked_at: When.
    """

    call_id: str
    state: str
    says: str | None
    reason: str | None
    answer: Any
    asked_at: datetime


class Resent(msgspec.Struct, frozen=True, kw_only=True):
    """Tells which callbacks are sent again.

    Attributes:
        call_id: The task's call.
        callbacks: How many.
    """

    call_id: str
    callbacks: int


class TaskRefund(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Is a refund of a task that succeeded, or of part of it.

    Attributes:
        credits: How many; all parts together are never more than was charged.
        reason: Why.
        idempotency_key: A repeat with the same one changes nothing.
    """

    credits: Amount
    reason: Reason
    idempotency_key: IdempotencyKey | None = None


def routes() -> list[Route]:
    """Return the routes."""
    place = "POST /api/admin/tasks/{id}"
    return [
        Route(f"{place}/poll", poll, "Ask the upstream for a task now", gives=Task),
        Route(f"{place}/recheck", recheck, "Ask for a task that failed", gives=Recheck),
        Route(f"{place}/resend", resend, "Send a task's callbacks again", gives=Resent),
        Route(f"{place}/refund", refund, "Refund a task", TaskRefund, Refunded),
    ]


async def poll(ask: Ask) -> Task:
    """Ask the upstream for a task now; one that has ended stays as it is."""
    task = await find(ask)
    polled = await ask.gateway.tasks.poll(task)
    if not task.ended:
        await ask.record("task.poll", task.call_id, {"from": task.state, "to": polled.state})
    return (await shown(ask.gateway, [polled]))[0]


async def recheck(ask: Ask) -> Recheck:
    """Ask the upstream for a task that failed or expired; nothing changes."""
    gateway = ask.gateway
    task = await find(ask)
    if task.state not in ("failed", "expired"):
        raise Conflict(f"this task is {task.state}: what failed or expired is asked for again")
    if task.channel_id is None:
        raise Conflict("no upstream was ever asked for this task")
    update = await gateway.tasks.recheck(task)
    return Recheck(
        call_id=task.call_id,
        state=task.state,
        says=None if update is None else update.state,
        reason=None if update is None else update.reason,
        answer=None if update is None else json_or_text(update.answer),
        asked_at=moment(gateway.clock.now()),
    )


async def resend(ask: Ask) -> Resent:
    """Have every message of a task sent to its client again."""
    gateway = ask.gateway
    task = await find(ask)

    async def work() -> int:
        return await resend_all(gateway.database, task.call_id, gateway.clock.now())

    return Resent(
        call_id=task.call_id, callbacks=await ask.change("task.resend", task.call_id, work)
    )


async def refund(ask: Ask, new: TaskRefund) -> Refunded:
    """Give credits of a task that succeeded back."""
    task = await find(ask)
    return await refund_call(
        ask,
        NewRefund(
            call_id=task.call_id,
            credits=new.credits,
            reason=new.reason,
            idempotency_key=new.idempotency_key,
        ),
    )
