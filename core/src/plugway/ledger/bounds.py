"""What the ledger refuses to be asked, and how far it trims what it is told.

Amounts and identifiers out of bounds are refused at once, before they can spoil the
batch they would share. Facts of a call come from clients and upstreams; they are trimmed
to what every database can keep, because no settlement may fail over a model's name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from plugway.errors import BadRequest
from plugway.ledger.operations import (
    Adjust,
    Expire,
    Operation,
    Record,
    Refund,
    Release,
    Reserve,
    Settle,
    UsageRecord,
)
from plugway.money import MAX_CREDITS

#: The most one account may hold: sums of its entries stay inside 64 bits with room.
MAX_BALANCE = 2**60
#: The longest idempotency key: with its prefix it fits the column.
MAX_KEY = 128

#: Characters of a quote: with many in a batch the servers' packet limits must hold.
_MAX_QUOTE = 2**16
_MAX_ID = 2**63 - 1
_MAX_INT = 2**31 - 1


def check(operation: Operation) -> None:
    """Refuse an operation that could not be written or would make no sense.

    Args:
        operation: What a caller asks.

    Raises:
        BadRequest: Which field is out of bounds.
    """
    _CHECKS[type(operation)](operation)


def clip(text: str, width: int) -> str:
    """Trim a text to what every database can keep.

    Args:
        text: From a client or an upstream.
        width: Characters, 1 or more.

    Returns:
        At most `width` characters, without NUL (PostgreSQL refuses it) and without lone
        surrogates (no driver can encode them).
    """
    if text.isascii():
        text = text[:width]
        return text.replace("\0", "\ufffd") if "\0" in text else text
    return text[:width].encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def count(value: int, most: int = _MAX_INT) -> int:
    """Trim a counted fact to its column's range.

    Args:
        value: Tokens, images, milliseconds.
        most: The column's largest value.
    """
    return value if 0 <= value <= most else min(max(value, 0), most)


def _reserve(operation: Reserve) -> None:
    _call(operation.call_id)
    _id(operation.account_id, "account_id")
    if operation.key_account_id is not None:
        _id(operation.key_account_id, "key_account_id")
        if operation.key_account_id == operation.account_id:
            raise BadRequest("key_account_id must differ from account_id", field="key_account_id")
    if operation.key_id is not None:
        _id(operation.key_id, "key_id")
    _amount(operation.amount, 1)
    if len(operation.quote) > _MAX_QUOTE or "\0" in operation.quote:
        raise BadRequest("the quote of this call is too long", field="quote")
    _time(operation.created_at, "created_at")
    _time(operation.expires_at, "expires_at")


def _settle(operation: Settle) -> None:
    _call(operation.call_id)
    _amount(operation.amount, 0)
    _time(operation.at, "at")
    if operation.usage is not None:
        _usage(operation.usage, operation.call_id)


def _release(operation: Release) -> None:
    _call(operation.call_id)
    _time(operation.at, "at")
    if operation.usage is not None:
        _usage(operation.usage, operation.call_id)


def _record(operation: Record) -> None:
    _call(operation.usage.call_id)
    _usage(operation.usage, operation.usage.call_id)


def _expire(operation: Expire) -> None:
    _call(operation.call_id)
    _time(operation.at, "at")


def _adjust(operation: Adjust) -> None:
    _id(operation.account_id, "account_id")
    if operation.kind not in ("credit", "adjust"):
        raise BadRequest("kind must be credit or adjust", field="kind")
    lowest = 1 if operation.kind == "credit" else -MAX_CREDITS
    _amount(operation.amount, lowest)
    if operation.amount == 0:
        raise BadRequest("amount must not be 0", field="amount")
    _justified(operation)


def _refund(operation: Refund) -> None:
    _call(operation.call_id)
    _amount(operation.amount, 1)
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
    _time(operation.at, "at")


def _usage(usage: UsageRecord, call_id: str) -> None:
    if usage.call_id != call_id:
        raise BadRequest("usage.call_id must be the call's", field="usage.call_id")
    _id(usage.account_id, "usage.account_id")
    _id(usage.user_id, "usage.user_id")
    if usage.key_id is not None:
        _id(usage.key_id, "usage.key_id")
    if usage.channel_id is not None:
        _id(usage.channel_id, "usage.channel_id")
    if usage.credential_id is not None:
        _id(usage.credential_id, "usage.credential_id")
    _time(usage.created_at, "usage.created_at")


def _call(call_id: str) -> None:
    if not (0 < len(call_id) <= 32 and call_id.isascii() and call_id.isalnum()):
        raise BadRequest("call_id must be 1 to 32 letters and digits", field="call_id")


def _amount(amount: int, lowest: int) -> None:
    if type(amount) is not int or not lowest <= amount <= MAX_CREDITS:
        raise BadRequest(
            f"amount must be a whole number from {lowest} to {MAX_CREDITS}", field="amount"
        )


def _id(value: int, field: str) -> None:
    if type(value) is not int or not 0 < value <= _MAX_ID:
        raise BadRequest(f"{field} must be an identifier", field=field)


def _time(value: int, field: str) -> None:
    if type(value) is not int or not 0 <= value <= _MAX_ID:
        raise BadRequest(f"{field} must be microseconds since 1970", field=field)


_CHECKS: dict[type, Callable[[Any], None]] = {
    Reserve: _reserve,
    Settle: _settle,
    Release: _release,
    Record: _record,
    Expire: _expire,
    Adjust: _adjust,
    Refund: _refund,
}
