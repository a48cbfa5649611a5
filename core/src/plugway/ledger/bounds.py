"""What the ledger refuses to be asked.

Amounts and identifiers out of bounds are refused at once, before they can spoil the
batch they would share. Facts of a call come from clients and upstreams; they are trimmed
when they are written (`limits.clip`), because no settlement may fail over a model's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

from plugway.errors import BadRequest
from plugway.ledger.limits import (
    MAX_KEY,
    check_amount,
    check_call,
    check_id,
    check_name,
    check_text,
    check_time,
)
from plugway.ledger.operations import (
    Adjust,
    Advance,
    EndState,
    Expire,
    Finish,
    NewCallback,
    NewTask,
    OpenState,
    Operation,
    Record,
    Refund,
    Release,
    Reserve,
    Settle,
    UsageRecord,
)
from plugway.money import MAX_CREDITS

#: Characters of a quote: with many in a batch the servers' packet limits must hold.
_MAX_QUOTE = 2**16


def check(operation: Operation) -> None:
    """Refuse an operation that could not be written or would make no sense.

    Args:
        operation: What a caller asks.

    Raises:
        BadRequest: Which field is out of bounds.
    """
    _CHECKS[type(operation)](operation)


def _reserve(operation: Reserve) -> None:
    check_call(operation.call_id)
    check_id(operation.account_id, "account_id")
    if operation.key_account_id is not None:
        check_id(operation.key_account_id, "key_account_id")
        if operation.key_account_id == operation.account_id:
            raise BadRequest("key_account_id must differ from account_id", field="key_account_id")
    if operation.key_id is not None:
        check_id(operation.key_id, "key_id")
    check_amount(operation.amount, 1 if operation.task is None else 0)
    if len(operation.quote) > _MAX_QUOTE or "\0" in operation.quote:
        raise BadRequest("the quote of this call is too long", field="quote")
    check_time(operation.created_at, "created_at")
    check_time(operation.expires_at, "expires_at")
    if operation.task is not None:
        _new_task(operation.task)


def _settle(operation: Settle) -> None:
    check_call(operation.call_id)
    check_amount(operation.amount, 0)
    check_time(operation.at, "at")
    if operation.usage is not None:
        _usage(operation.usage, operation.call_id)


def _release(operation: Release) -> None:
    check_call(operation.call_id)
    check_time(operation.at, "at")
    if operation.usage is not None:
        _usage(operation.usage, operation.call_id)


def _record(operation: Record) -> None:
    check_call(operation.usage.call_id)
    _usage(operation.usage, operation.usage.call_id)


def _expire(operation: Expire) -> None:
    check_call(operation.call_id)
    check_time(operation.at, "at")


def _adjust(operation: Adjust) -> None:
    check_id(operation.account_id, "account_id")
    if operation.kind not in ("credit", "adjust"):
        raise BadRequest("kind must be credit or adjust", field="kind")
    lowest = 1 if operation.kind == "credit" else -MAX_CREDITS
    check_amount(operation.amount, lowest)
    if operation.amount == 0:
        raise BadRequest("amount must not be 0", field="amount")
    _justified(operation)


def _refund(operation: Refund) -> None:
    check_call(operation.call_id)
    check_amount(operation.amount, 1)
    _justified(operation)


def _justified(operation: Adjust | Refund) -> None:
    for name in ("actor", "reason"):
        if not getattr(operation, name).strip():
            raise BadRequest(f"{name} must not be empty", field=name)
    key = operation.idempotency_key
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise BadRequest(
            f"idempotency_key must be 1 to {MAX_KEY} printable ASCII characters",
            field="idempotency_key",
        )
    check_time(operation.at, "at")


def _usage(usage: UsageRecord, call_id: str) -> None:
    if usage.call_id != call_id:
        raise BadRequest("usage.call_id must be the call's", field="usage.call_id")
    check_id(usage.account_id, "usage.account_id")
    check_id(usage.user_id, "usage.user_id")
    if usage.key_id is not None:
        check_id(usage.key_id, "usage.key_id")
    if usage.channel_id is not None:
        check_id(usage.channel_id, "usage.channel_id")
    if usage.credential_id is not None:
        check_id(usage.credential_id, "usage.credential_id")
    check_time(usage.created_at, "usage.created_at")


def _new_task(task: NewTask) -> None:
    check_name(task.provider, "provider", 64)
    check_name(task.kind, "kind", 64)
    check_id(task.user_id, "user_id")
    if task.external_id is not None:
        check_name(task.external_id, "external_id")
    check_text(task.request, "request")
    check_text(task.facts, "facts")
    check_amount(task.price, 0, "price")
    check_time(task.next_poll_at, "next_poll_at")
    check_time(task.deadline, "deadline")


def _advance(operation: Advance) -> None:
    check_call(operation.call_id)
    check_time(operation.at, "at")
    if operation.state not in (None, *get_args(OpenState)):
        raise BadRequest("state must be one that a task goes on in", field="state")
    if operation.channel_id is not None:
        check_id(operation.channel_id, "channel_id")
    if operation.credential_id is not None:
        check_id(operation.credential_id, "credential_id")
        if operation.channel_id is None:
            raise BadRequest("a credential is a channel's", field="credential_id")
    if operation.price is not None:
        check_amount(operation.price, 0, "price")
    if operation.facts is not None:
        check_text(operation.facts, "facts")
    if operation.next_poll_at is not None:
        check_time(operation.next_poll_at, "next_poll_at")
    _told(operation)


def _finish(operation: Finish) -> None:
    check_call(operation.call_id)
    check_time(operation.at, "at")
    if operation.state not in get_args(EndState):
        raise BadRequest("state must be one that a task ends in", field="state")
    if operation.amount is not None:
        check_amount(operation.amount, 0)
    if operation.refused and operation.state != "failed":
        raise BadRequest("only what failed was refused", field="refused")
    if operation.seen is not None:
        check_time(operation.seen, "seen")
    if operation.usage is not None:
        _usage(operation.usage, operation.call_id)
    _told(operation)


def _told(operation: Advance | Finish) -> None:
    if operation.upstream_id is not None:
        check_name(operation.upstream_id, "upstream_id")
    if operation.answer is not None:
        check_text(operation.answer, "answer")
    callback: NewCallback | None = operation.callback
    if callback is not None:
        check_id(callback.user_id, "callback.user_id")
        check_text(callback.body, "callback.body")


_CHECKS: dict[type, Callable[[Any], None]] = {
    Reserve: _reserve,
    Settle: _settle,
    Release: _release,
    Record: _record,
    Expire: _expire,
    Adjust: _adjust,
    Refund: _refund,
    Advance: _advance,
    Finish: _finish,
}
