"""The rows that a batch writes: their columns, in the order in which stores bind them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec.structs import astuple

from plugway.ledger.books import Account, Hold
from plugway.ledger.limits import clip, count
from plugway.ledger.operations import UsageRecord

HOLD = (
    "call_id",
    "account_id",
    "key_account_id",
    "key_id",
    "task",
    "amount",
    "state",
    "settled_amount",
    "shortfall",
    "refunded",
    "expires_at",
    "resolved_at",
    "quote",
    "created_at",
)
ENTRY = (
    "account_id",
    "call_id",
    "kind",
    "delta_balance",
    "delta_held",
    "idempotency_key",
    "actor",
    "reason",
    "created_at",
)
USAGE = (
    "call_id",
    "credits",
    "request_id",
    "account_id",
    "user_id",
    "key_id",
    "provider",
    "model",
    "channel_id",
    "credential_id",
    "input_tokens",
    "output_tokens",
    "images",
    "videos",
    "estimated",
    "status",
    "error",
    "upstream_ms",
    "overhead_us",
    "ip",
    "agent",
    "created_at",
)

#: `credits` in a usage row: the one value that may change before the row is written.
CREDITS = 1

#: What of a hold decides over it; a prefix of `HOLD`.
HOLD_STATE = HOLD[:12]
ACCOUNT_STATE = ("id", "balance", "held", "overdraft")
ENTRY_STATE = ("idempotency_key", "account_id", "call_id", "kind", "delta_balance", "reason")

#: What changes of an account, after the column that finds it.
ACCOUNT_CHANGE = ("id", "balance", "held")
#: What changes of a hold, after the column that finds it.
HOLD_CHANGE = ("call_id", "state", "settled_amount", "shortfall", "refunded", "resolved_at")

EntryRow = tuple[int, str | None, str, int, int, str, str, str, int]

_MAX_BIG = 2**63 - 1


def account_changes(accounts: Iterable[Account]) -> list[tuple[int, int, int]]:
    """Lay out accounts in the order of `ACCOUNT_CHANGE`."""
    return [(account.id, account.balance, account.held) for account in accounts]


def hold_rows(holds: Iterable[Hold]) -> list[tuple[Any, ...]]:
    """Lay out holds in the order of `HOLD`."""
    return [astuple(hold) for hold in holds]


def hold_changes(holds: Iterable[Hold]) -> list[tuple[Any, ...]]:
    """Lay out holds in the order of `HOLD_CHANGE`."""
    return [
        (
            hold.call_id,
            hold.state,
            hold.settled_amount,
            hold.shortfall,
            hold.refunded,
            hold.resolved_at,
        )
        for hold in holds
    ]


def usage_row(usage: UsageRecord, charged: int) -> list[object]:
    """Lay out a usage row, its facts trimmed to their columns.

    Args:
        usage: Facts of one call.
        charged: Credits that the call cost, net of refunds.

    Returns:
        Values in the order of `USAGE`; a list, because `charged` may still change.
    """
    return [
        usage.call_id,
        charged,
        clip(usage.request_id, 128),
        usage.account_id,
        usage.user_id,
        usage.key_id,
        clip(usage.provider, 64),
        clip(usage.model, 128),
        usage.channel_id,
        usage.credential_id,
        count(usage.input_tokens, _MAX_BIG),
        count(usage.output_tokens, _MAX_BIG),
        count(usage.images),
        count(usage.videos),
        usage.estimated,
        count(usage.status),
        None if usage.error is None else clip(usage.error, 64),
        count(usage.upstream_ms),
        count(usage.overhead_us),
        clip(usage.ip, 45),
        None if usage.agent is None else clip(usage.agent, 128),
        usage.created_at,
    ]
