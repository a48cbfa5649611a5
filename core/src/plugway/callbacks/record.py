"""A message to a client, as it stands in the outbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, cast

import msgspec

if TYPE_CHECKING:
    from plugway.storage.models import CallbackRow

CallbackState = Literal["waiting", "delivered", "failed"]


class CallbackRecord(msgspec.Struct, frozen=True, kw_only=True):
    """Is a message owed to a client, delivered, or given up.

    Attributes:
        id: Its id.
        call_id: The task's call.
        user_id: Whose task.
        url: Where it goes; may hold what only the client should know.
        body: JSON.
        state: `waiting`, `delivered` or `failed`.
        tries: How often it was sent since it was made, or since somebody had it sent again.
        next_try_at: When it is tried; while it is being tried, when others may try it.
        status: HTTP status of the last answer; None: there was none.
        reason: Why the last try failed.
        created_at: Microseconds since 1970.
        updated_at: Microseconds since 1970.
    """

    id: int
    call_id: str
    user_id: int
    url: str
    body: str
    state: CallbackState
    tries: int
    next_try_at: int | None
    status: int | None
    reason: str | None
    created_at: int
    updated_at: int

    @property
    def message_id(self) -> str:
        """Return what `webhook-id` says: the same each time, and no other gateway's."""
        return f"msg_{self.call_id}_{self.id}"


def record(row: CallbackRow) -> CallbackRecord:
    """Return the record of a row."""
    return CallbackRecord(
        id=row.id,
        call_id=row.call_id,
        user_id=row.user_id,
        url=row.url,
        body=row.body,
        state=cast("CallbackState", row.state),
        tries=row.tries,
        next_try_at=row.next_try_at,
        status=row.status,
        reason=row.reason,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
