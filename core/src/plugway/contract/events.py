"""What plugins are told after the fact."""

from __future__ import annotations

import msgspec


class CallSettled(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how a call ended, after its settlement is durable.

    Attributes:
        call_id: The call.
        request_id: What the client saw in `x-request-id`.
        user: The user's name.
        provider: The provider.
        model: The model.
        channel: The channel's name; None: no upstream was reached.
        credits: Charged; 0 when released.
        status: HTTP status the client got.
        outcome: `settled` or `released`.
    """

    call_id: str
    request_id: str
    user: str
    provider: str
    model: str
    channel: str | None
    credits: int
    status: int
    outcome: str


class CredentialChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Tells that a credential's state changed.

    Attributes:
        credential_id: Database id.
        channel: The channel's name.
        state: `ready`, `cooling`, `expired`, `restricted`, `quarantined` or `disabled`.
        reason: Why; no secret.
    """

    credential_id: int
    channel: str
    state: str
    reason: str


class TaskFinished(msgspec.Struct, frozen=True, kw_only=True):
    """Tells how a task ended, after its settlement or release is durable.

    Attributes:
        call_id: Its call.
        provider: The provider.
        kind: The plugin's word for its kind.
        model: The model.
        upstream_id: The upstream's name for it; None: it never had one.
        channel_id: The channel that was asked; None: none was.
        user_id: Whose it is.
        state: `succeed`, `failed` or `expired`.
        credits: Charged; 0 when released.
        reason: Why it failed; empty: it did not.
    """

    call_id: str
    provider: str
    kind: str
    model: str
    upstream_id: str | None
    channel_id: int | None
    user_id: int
    state: str
    credits: int
    reason: str = ""
