"""What can be asked of the ledger, as values.

The request path hands these to the writer; the writer answers each with a result
or with an error, never with half of either.
"""

from __future__ import annotations

from typing import Literal

import msgspec

HoldState = Literal["open", "settled", "released"]

#: States that a task passes through, in their order: it never goes back.
OpenState = Literal["pending", "unknown", "submitted", "processing"]
#: States that a task ends in.
EndState = Literal["succeed", "failed", "expired"]


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
    agent: str | None = None


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """Is the row of a task before anything was sent: its state is `pending`.

    Attributes:
        provider: The provider.
        kind: The plugin's word for how the upstream is asked for it.
        model: The model.
        user_id: Whose it is.
        request_id: The request that made it.
        ip: Where that came from.
        external_id: The caller's own name for it; another task of the same user and provider
            that has it makes the reserve a `Conflict`.
        callback_url: Where the caller wants to hear of it.
        request: What was asked; JSON.
        facts: What its usage row will say; JSON.
        price: Credits that its success costs.
        next_poll_at: Microseconds since 1970 when it is looked for, should its submit die.
        deadline: When it expires.
    """

    provider: str
    kind: str
    model: str
    user_id: int
    request_id: str
    ip: str
    external_id: str | None
    callback_url: str | None
    request: str
    facts: str
    price: int
    next_poll_at: int
    deadline: int


class NewCallback(msgspec.Struct, frozen=True, kw_only=True):
    """Is a message to a client, written with the change of state that it tells of."""

    user_id: int
    url: str
    body: str


class Reserve(msgspec.Struct, frozen=True, kw_only=True):
    """Holds credits for a call; a repeat with the same call id returns the first hold.

    Attributes:
        call_id: The call.
        account_id: The user's account.
        key_account_id: The key's own quota, which must admit too.
        key_id: The key.
        amount: Credits, above 0; of a task also 0.
        quote: The matched tariff rows and the usage, as JSON.
        created_at: Microseconds since 1970.
        expires_at: When the sweeper may release it.
        task: The row of a task to write with it; such a hold is resolved by the task's end.
    """

    call_id: str
    account_id: int
    key_account_id: int | None
    key_id: int | None
    amount: int
    quote: str
    created_at: int
    expires_at: int
    task: NewTask | None = None


class Settle(msgspec.Struct, frozen=True, kw_only=True):
    """Charges an open hold that no task owns, once.

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
    """Returns an open hold that no task owns, once.

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


class Advance(msgspec.Struct, frozen=True, kw_only=True):
    """Writes what became known of a task that goes on; on one that has ended, nothing.

    A state before the one it has is not taken, nor what was said with it (`answer`,
    `progress`, `reason`); the rest is. Values that are None stay. A failure without a state
    is nothing learnt, and leaves the task's `updated_at`.

    Attributes:
        call_id: The task's call.
        at: Microseconds since 1970.
        state: The state to move to.
        channel_id: Who was asked; given with `credential_id`.
        credential_id: With which credential; None where the channel has none.
        price: Credits that its success costs at that channel.
        upstream_id: The upstream's name for it, once; another task of the provider that has
            it, or another name before, makes this a `Conflict`.
        answer: What the upstream said; JSON.
        progress: Percent.
        reason: Why the upstream could not be asked; empty, or a poll that told something:
            forgotten.
        facts: As in `NewTask`.
        polled: The upstream was asked: counts a poll, and `failures` is set.
        failures: Polls in a row that told nothing, this one included.
        lease: The claim under which it was polled, which ends with this. If the task was woken
            meanwhile, it stays due; if it was claimed again, `polled`, `failures` and
            `next_poll_at` are not taken.
        next_poll_at: When to look again.
        callback: A message, written only if the state moves.
    """

    call_id: str
    at: int
    state: OpenState | None = None
    channel_id: int | None = None
    credential_id: int | None = None
    price: int | None = None
    upstream_id: str | None = None
    answer: str | None = None
    progress: int | None = None
    reason: str | None = None
    facts: str | None = None
    polled: bool = False
    failures: int = 0
    lease: str | None = None
    next_poll_at: int | None = None
    callback: NewCallback | None = None


class Finish(msgspec.Struct, frozen=True, kw_only=True):
    """Ends a task and settles or releases its hold, in one transaction and once.

    Attributes:
        call_id: The task's call.
        at: Microseconds since 1970.
        state: The state to end in; only `succeed` is charged.
        amount: Credits to settle, as in `Settle`; None: what the row's `price` says.
            Without meaning for other states.
        upstream_id: As in `Advance`, should it not be known yet.
        answer: What the upstream said; JSON.
        reason: Why it failed; None: why the upstream could not be asked last, or nothing if it
            did succeed.
        usage: Its usage row.
        polled: The upstream was asked: counts a poll.
        refused: It failed because the upstream never took it: the caller's name for it is free
            again.
        seen: The task's `updated_at` on which this was decided: if something has been learnt
            of it since, it does not end. None: it ends in any case.
        callback: A message, written only if this ends it.
    """

    call_id: str
    at: int
    state: EndState
    amount: int | None = None
    upstream_id: str | None = None
    answer: str | None = None
    reason: str | None = None
    usage: UsageRecord | None = None
    polled: bool = False
    refused: bool = False
    seen: int | None = None
    callback: NewCallback | None = None


Operation = Reserve | Settle | Release | Record | Adjust | Refund | Expire | Advance | Finish


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Says what an operation did, or had done already when it was repeated.

    Attributes:
        state: The hold's state now; None where no hold is concerned.
        charged: Credits taken by a settle, changed by an adjustment (signed), or given
            back by a refund.
        shortfall: Credits the call cost that could not be taken.
        repeated: Nothing changed: it had been done before.
        balance: The user account's balance after it; 0 where no account is concerned.
        task: The state of the task now; None where no task is concerned.
    """

    state: HoldState | None = None
    charged: int = 0
    shortfall: int = 0
    repeated: bool = False
    balance: int = 0
    task: OpenState | EndState | None = None
