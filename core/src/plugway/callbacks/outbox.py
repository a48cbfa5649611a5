"""The outbox as those see it who deliver: what is due, whose it is, what became of it.

A claim is a visibility timeout: it moves `next_try_at` to where others may take the message
again, and that value is the claim's token. A node that dies in between leaves the message due.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from plugway.callbacks.record import CallbackRecord, record
from plugway.storage.models import CallbackRow

if TYPE_CHECKING:
    from plugway.storage.database import Database


class Due(NamedTuple):
    """Is a message whose time has come.

    Attributes:
        id: Its id.
        call_id: The task's call.
        url: Where it goes.
        at: Its `next_try_at`.
        behind: `next_try_at` of the task's oldest message, when that is not this one.
    """

    id: int
    call_id: str
    url: str
    at: int
    behind: int | None


async def due(database: Database, now: int, limit: int) -> list[Due]:
    """Return messages whose time has come, those that waited longest first.

    Args:
        database: Where they are.
        now: Microseconds since 1970.
        limit: How many at the most.
    """

    async def work() -> list[Due]:
        found = CallbackRow.filter(next_try_at__lte=now).order_by("next_try_at", "id").limit(limit)
        rows = await found.values_list("id", "call_id", "url", "next_try_at")
        if not rows:
            return []
        tasks = {row[1] for row in rows}
        waiting = CallbackRow.filter(call_id__in=tasks, next_try_at__isnull=False).order_by("-id")
        # By task; the oldest comes last and stays.
        oldest = {
            call_id: (id_, at)
            for id_, call_id, at in await waiting.values_list("id", "call_id", "next_try_at")
        }
        result = []
        for id_, call_id, url, at in rows:
            first, its = oldest.get(call_id, (id_, at))
            result.append(Due(id_, call_id, url, at, None if first == id_ else its))
        return result

    return await database.run(work)


async def claim(
    database: Database, chosen: Sequence[Due], parked: Sequence[Due], until: int
) -> list[CallbackRecord]:
    """Claim messages that nobody has claimed meanwhile.

    Args:
        database: Where they are.
        chosen: What to claim.
        parked: Messages that wait for an older one of their task: moved to where that one is,
            so that they are not looked at again and again.
        until: Microseconds since 1970 when others may claim them.

    Returns:
        Those that are this claim's.
    """

    async def work() -> list[CallbackRecord]:
        mine = [
            one.id
            for one in chosen
            if await CallbackRow.filter(id=one.id, next_try_at=one.at).update(next_try_at=until)
        ]
        for one in parked:
            await CallbackRow.filter(id=one.id, next_try_at=one.at).update(next_try_at=one.behind)
        rows = await CallbackRow.filter(id__in=mine).order_by("id") if mine else []
        return [record(row) for row in rows]

    if not chosen and not parked:
        return []
    return await database.transact(work, revise=False)


async def defer(database: Database, ids: Iterable[int], now: int, until: int) -> None:
    """Move messages that are due to a later time, whoever has not claimed them.

    Args:
        database: Where they are.
        ids: Which.
        now: Microseconds since 1970.
        until: The later time.
    """
    which = list(ids)
    await database.run(
        lambda: CallbackRow.filter(id__in=which, next_try_at__lte=now).update(next_try_at=until)
    )


async def delivered(database: Database, message: CallbackRecord, status: int, now: int) -> None:
    """Write that a claimed message was delivered, whatever became of the claim.

    Args:
        database: Where it is.
        message: As it was claimed.
        status: What the receiver answered.
        now: Microseconds since 1970.
    """

    async def work() -> None:
        await CallbackRow.filter(id=message.id, state="waiting").update(
            state="delivered",
            tries=message.tries + 1,
            next_try_at=None,
            status=status,
            reason=None,
            updated_at=now,
        )
        await _wake_next(message.call_id, now)

    await database.transact(work, revise=False)


async def failed(
    database: Database,
    message: CallbackRecord,
    *,
    status: int | None,
    reason: str,
    now: int,
    next_try_at: int | None,
) -> bool:
    """Write that a claimed message was not delivered.

    Args:
        database: Where it is.
        message: As it was claimed.
        status: What the receiver answered, if it did.
        reason: Why; no secret.
        now: Microseconds since 1970.
        next_try_at: When it is tried again; None: no more.

    Returns:
        Whether the claim still held. If not, somebody has the message sent again already.
    """

    async def work() -> bool:
        held = await CallbackRow.filter(id=message.id, next_try_at=message.next_try_at).update(
            state="failed" if next_try_at is None else "waiting",
            tries=message.tries + 1,
            next_try_at=next_try_at,
            status=status,
            reason=reason[:255],
            updated_at=now,
        )
        if held and next_try_at is None:
            await _wake_next(message.call_id, now)
        return held > 0

    return await database.transact(work, revise=False)


async def _wake_next(call_id: str, now: int) -> None:
    """Make the next message of a task due: it was parked behind one that is done with.

    Its time changes even if it is due: whoever is about to park it sees it as it was.
    """
    waiting = CallbackRow.filter(call_id=call_id, next_try_at__isnull=False)
    row = await waiting.order_by("id").first().values_list("id", flat=True)
    if row is not None:
        await CallbackRow.filter(id=row).update(next_try_at=now)
