"""What can be asked of the ledger, as values.

The request path hands these to the writer; the writer answers each with a result
or with an error, never with half of either.
"""

from __future__ import annotations

from typing import Literal

import msgspec

HoldState = Literal["open", "settled", "released"]


class UsageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Is the usage row of one call, written in the transaction that ends it."""

    call_id: str
    request_id: str
    account_id: int
    user_id: int
    key_id: int | None
    provider: str
    model: str
    channel_id: int | None
    credential_id: int | None
    status: int
    upstream_ms: int
    overhead_us: int
    ip: str
    created_at: int
    input_tokens: int = 0
    output_tokens: int = 0
    images: int = 0
    videos: int = 0
    estimated: bool = False
    error: str | None = None


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Holds credits for a call; a repeat with the same call id returns the first hold.

    Attributes:
        call_id: The call.
        account_id: The user's account.
        key_account_id: The key's own quota, which must admit too.
        key_id: The key.
        amount: Credits, above 0.
        quote: The matched tariff rows and the usage, as JSON.
        created_at: Microseconds since 1970.
        expires_at: When the sweeper may release it.
    """

    call_id: str
    account_id: int
    key_account_id: int | None
    key_id: int | None
    amount: int
    quote: str
    created_at: int
    expires_at: int


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """Charges an open hold, once.

    Attributes:
        call_id: The call whose hold it is.
        amount: Credits, 0 or more; above the hold the excess is taken if the balance
            admits it, else the charge is capped at the hold.
        at: Microseconds since 1970.
        usage: Written with it.
    """

    call_id: str
    amount: int
    at: int
    usage: UsageRecord | None = None


class Release(msgspec.Struct, frozen=True, kw_only=True):
    """Returns an open hold, once.

    Attributes:
        call_id: The call whose hold it is.
        reason: Short; no secret.
        at: Microseconds since 1970.
        usage: Written with it.
    """

    call_id: str
    reason: str
    at: int
    usage: UsageRecord | None = None


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Writes the usage row of a call that cost nothing and so held nothing."""

    usage: UsageRecord


class Adjust(msgspec.Struct, frozen=True, kw_only=True):
    """Changes a balance by an administrator's word.

    Attributes:
        account_id: The account.
        kind: `credit` for credits paid in (above 0), `adjust` for corrections (either sign).
        amount: Credits; a correction may not take what is held.
        actor: Who.
        reason: Why; not empty.
        idempotency_key: A repeat with the same one and the same content changes nothing.
        at: Microseconds since 1970.
    """

    account_id: int
    kind: Literal["credit", "adjust"]
    amount: int
    actor: str
    reason: str
    idempotency_key: str
    at: int


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """Gives back part of a settled call; all parts together never exceed what was settled.

    Attributes:
        call_id: The settled call.
        amount: Credits, above 0.
        actor: Who.
        reason: Why; not empty.
        idempotency_key: A repeat with the same one and the same content changes nothing.
        at: Microseconds since 1970.
    """

    call_id: str
    amount: int
    actor: str
    reason: str
    idempotency_key: str
    at: int


class Expire(msgspec.Struct, frozen=True, kw_only=True):
    """Releases an open hold whose time is over and which no task owns; the sweeper's.

    The conditions are looked at again under the lock, so that several nodes may sweep.

    Attributes:
        call_id: The call whose hold it is.
        at: Microseconds since 1970; a hold that expires later is left alone.
    """

    call_id: str
    at: int


Operation = Reserve | Settle | Release | Record | Adjust | Refund | Expire


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Says what an operation did, or had done already when it was repeated.

    Attributes:
        state: The hold's state now; None where no hold is concerned.
        charged: Credits taken by a settle, changed by an adjustment (signed), or given
            back by a refund.
        shortfall: Credits the call cost that could not be taken.
        repeated: Nothing changed: it had been done before.
        balance: The user account's balance after it; 0 where no account is concerned.
    """

    state: HoldState | None = None
    charged: int = 0
    shortfall: int = 0
    repeated: bool = False
    balance: int = 0
