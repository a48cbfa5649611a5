"""What upstreams told of tasks by themselves, kept as it came."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import msgspec

from plugway.storage.models import Receipt as Row

if TYPE_CHECKING:
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

#: Bytes of a body that are kept.
LONGEST = 65_536

#: Unproven ones that are kept with one task: anybody who knows its name can send them.
MOST_UNPROVEN = 100


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """Is what an upstream told of a task.

    Attributes:
        id: Its number.
        body: What was told, cut to 64 KiB.
        verified: Whether it is proven to come from the upstream.
        created_at: Microseconds since 1970.
    """

    id: int
    body: str
    verified: bool
    created_at: int


async def keep(database: Database, call_id: str, body: str, verified: bool, now_us: int) -> bool:
    """Keep what was told of a task.

    Args:
        database: Where to.
        call_id: The task's call.
        body: What was told.
        verified: Whether it is proven to come from the upstream. Of what is not, a task keeps
            about the first hundred.
        now_us: Microseconds since 1970.

    Returns:
        Whether it is kept.
    """

    async def work() -> bool:
        if not verified:
            known = Row.filter(call_id=call_id, verified=False).limit(MOST_UNPROVEN)
            if len(await known.values_list("id")) >= MOST_UNPROVEN:
                return False
        await Row.create(call_id=call_id, body=_clip(body), verified=verified, created_at=now_us)
        return True

    kept = await database.run(work)
    if not kept:
        log.warning("task %s has been told of too often; this is not kept", call_id)
    return kept


async def of(database: Database, call_id: str, limit: int) -> list[Receipt]:
    """Return what was told of a task last, the oldest first.

    Args:
        database: Where it is.
        call_id: The task's call.
        limit: 1 or more.
    """

    async def work() -> list[Receipt]:
        rows = await Row.filter(call_id=call_id).order_by("-id").limit(limit)
        return [
            Receipt(id=row.id, body=row.body, verified=row.verified, created_at=row.created_at)
            for row in reversed(rows)
        ]

    return await database.run(work)


def _clip(body: str) -> str:
    """Cut a text to what is kept, without what databases refuse."""
    data = body.replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace")
    # A character that the cut has gone through is left out.
    return data[:LONGEST].decode(errors="ignore")
