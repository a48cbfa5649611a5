"""The outbox as operators see it: what became of each message, and having it sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.callbacks.record import CallbackRecord, CallbackState, record
from plugway.errors import NotFound
from plugway.storage.models import CallbackRow

if TYPE_CHECKING:
    from tortoise.queryset import QuerySet

    from plugway.storage.database import Database


async def search(
    database: Database,
    *,
    state: CallbackState | None = None,
    call_id: str | None = None,
    user_id: int | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[CallbackRecord]:
    """Return messages, the newest first, a page at a time.

    Args:
        database: Where they are.
        state: Only in this state.
        call_id: Only of this task.
        user_id: Only this user's.
        after: The id that the last page ended with; 0: the first page.
        limit: How many at the most.
    """
    chosen = {"state": state, "call_id": call_id, "user_id": user_id, "id__lt": after or None}
    given = {name: value for name, value in chosen.items() if value is not None}

    async def work() -> list[CallbackRecord]:
        rows = await CallbackRow.filter(**given).order_by("-id").limit(limit)
        return [record(row) for row in rows]

    return await database.run(work)


async def get(database: Database, callback_id: int) -> CallbackRecord:
    """Return a message.

    Raises:
        NotFound: There is none with this id.
    """
    row = await database.run(lambda: CallbackRow.get_or_none(id=callback_id))
    if row is None:
        raise NotFound(f"no callback {callback_id}", field="id")
    return record(row)


async def resend(database: Database, callback_id: int, now: int) -> CallbackRecord:
    """Have a message sent again now, whatever became of it, with the same `webhook-id`.

    Args:
        database: Where it is.
        callback_id: Which.
        now: Microseconds since 1970.

    Raises:
        NotFound: There is none with this id.
    """

    async def work() -> CallbackRecord:
        await _again(CallbackRow.filter(id=callback_id), now)
        return await get(database, callback_id)

    return await database.transact(work, revise=False)


async def resend_all(database: Database, call_id: str, now: int) -> int:
    """Have every message of a task sent again now, in their order.

    Args:
        database: Where they are.
        call_id: The task's call.
        now: Microseconds since 1970.

    Returns:
        How many there are.
    """

    async def work() -> int:
        await _again(CallbackRow.filter(call_id=call_id), now)
        return await CallbackRow.filter(call_id=call_id).count()

    return await database.transact(work, revise=False)


async def _again(rows: QuerySet[CallbackRow], now: int) -> None:
    await rows.update(state="waiting", tries=0, next_try_at=now, updated_at=now)
