"""The rows of media, each written before its bytes and removed after them.

A row without a position is nobody's medium: its bytes are being written, or are on their way
out. It has a time, too, at which it is removed with whatever bytes there are, so that a crash
leaves neither a medium without bytes nor bytes that nobody knows of.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from tortoise.exceptions import IntegrityError
from tortoise.expressions import Q
from tortoise.functions import Count, Sum

from plugway.errors import Unavailable
from plugway.media.kept import Kept
from plugway.storage.models import MediaRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tortoise.queryset import QuerySet

    from plugway.storage.database import Database

#: Microseconds after which one that is not whole yet never will be: longer than any request.
UNFINISHED = 86_400 * 1_000_000

#: Tries to take a position that others want at the same moment.
_TRIES = 5


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Says how much there is.

    Attributes:
        number: How many.
        size: Bytes of all together.
    """

    number: int
    size: int


class Doomed(msgspec.Struct, frozen=True, kw_only=True):
    """Is a row that goes, with its bytes.

    Attributes:
        id: The row's.
        place: Where the bytes are.
    """

    id: int
    place: str


class Rows:
    """Reads and writes the rows."""

    def __init__(self, database: Database) -> None:
        """Take the database.

        Args:
            database: Where they are.
        """
        self._database = database

    async def begin(self, kept: Kept) -> Doomed:
        """Note that bytes will be written, and where.

        Args:
            kept: What will be known of it.

        Returns:
            What is to be removed if they cannot be.
        """
        row = await self._database.run(
            lambda: MediaRow.create(
                media_id=kept.id,
                call_id=kept.call_id,
                position=None,
                user_id=kept.user_id,
                mime_type=kept.mime_type,
                size=0,
                name=kept.name,
                place=kept.place,
                created_at=kept.created_at,
                expires_at=kept.created_at + UNFINISHED,
            )
        )
        return Doomed(id=row.id, place=row.place)

    async def finish(self, kept: Kept) -> list[Doomed]:
        """Say that the bytes are all there: from now on it is what its call has made.

        Args:
            kept: What is known of it.

        Returns:
            What was in its place before; it is nobody's any more.

        Raises:
            Unavailable: It was taken away meanwhile.
        """

        async def work() -> list[Doomed]:
            before = await MediaRow.filter(call_id=kept.call_id, position=kept.position)
            if before:
                await _put_away([row.id for row in before], kept.created_at)
            done = await MediaRow.filter(media_id=kept.id).update(
                position=kept.position, size=kept.size, expires_at=kept.expires_at
            )
            if not done:
                raise Unavailable("It took too long to write.")
            return _doomed(before)

        for _ in range(_TRIES):
            try:
                return await self._database.transact(work, revise=False)
            except IntegrityError:
                # Somebody else has taken the position since it was looked at.
                continue
        raise Unavailable("Others write the same.")

    async def of(self, call_id: str, now: int) -> list[Kept]:
        """Return what a call has made, in order."""

        async def work() -> list[MediaRow]:
            rows = MediaRow.filter(call_id=call_id, position__isnull=False)
            return await rows.order_by("position")

        found = await self._database.run(work)
        return [_kept(row) for row in found if not _over(row, now)]

    async def get(self, media_id: str, now: int) -> Kept | None:
        """Return one, if it is there and has not expired."""
        row = await self._database.run(lambda: MediaRow.get_or_none(media_id=media_id))
        # Some databases overlook case.
        if row is None or row.media_id != media_id or row.position is None or _over(row, now):
            return None
        return _kept(row)

    async def totals(
        self, now: int, *, user_id: int | None = None, call_id: str | None = None
    ) -> Totals:
        """Count what is kept.

        Args:
            now: Microseconds since 1970.
            user_id: Only this user's.
            call_id: Only of this call.
        """

        async def work() -> Totals:
            rows = _there(now, user_id, call_id)
            found = await rows.annotate(number=Count("id"), total=Sum("size")).values(
                "number", "total"
            )
            return Totals(number=int(found[0]["number"]), size=int(found[0]["total"] or 0))

        return await self._database.run(work)

    async def listed(
        self,
        now: int,
        *,
        user_id: int | None = None,
        call_id: str | None = None,
        after: int = 0,
        limit: int,
    ) -> list[tuple[int, Kept]]:
        """Return what is kept, the newest first, each with its place in the list.

        Args:
            now: Microseconds since 1970.
            user_id: Only this user's.
            call_id: Only of this call.
            after: The place behind which to begin; 0: at the newest.
            limit: How many at the most.
        """

        async def work() -> list[MediaRow]:
            rows = _there(now, user_id, call_id)
            if after:
                rows = rows.filter(id__lt=after)
            return await rows.order_by("-id").limit(limit)

        return [(row.id, _kept(row)) for row in await self._database.run(work)]

    async def put_away(self, media_id: str, now: int) -> list[Doomed]:
        """Let nobody find one any more, and return it if it was there."""

        async def work() -> list[Doomed]:
            rows = await MediaRow.filter(media_id=media_id, position__isnull=False)
            await _put_away([row.id for row in rows], now)
            return _doomed(rows)

        return await self._database.transact(work, revise=False)

    async def put_away_oldest(self, over: int, now: int, limit: int) -> int:
        """Let nobody find the oldest any more, up to so many bytes of them.

        Args:
            over: Bytes that are too many.
            now: Microseconds since 1970.
            limit: Rows at the most.

        Returns:
            Bytes of those; 0: there are none.
        """

        async def work() -> int:
            rows = await MediaRow.filter(position__isnull=False).order_by("id").limit(limit)
            total, ids = 0, []
            for row in rows:
                if total >= over:
                    break
                total += row.size
                ids.append(row.id)
            await _put_away(ids, now)
            return total

        return await self._database.transact(work, revise=False)

    async def due(self, now: int, after: int, limit: int) -> list[Doomed]:
        """Return what has to go, in the order of their ids."""

        async def work() -> list[MediaRow]:
            rows = MediaRow.filter(expires_at__lte=now, id__gt=after)
            return await rows.order_by("id").limit(limit)

        return _doomed(await self._database.run(work))

    async def forget(self, doomed: Sequence[Doomed]) -> int:
        """Remove the rows of those whose bytes are gone, and return how many there were."""
        ids = [one.id for one in doomed]
        return await self._database.run(lambda: MediaRow.filter(id__in=ids).delete())


def _there(now: int, user_id: int | None, call_id: str | None) -> QuerySet[MediaRow]:
    rows = MediaRow.filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=now), position__isnull=False
    )
    if user_id is not None:
        rows = rows.filter(user_id=user_id)
    return rows if call_id is None else rows.filter(call_id=call_id)


async def _put_away(ids: Sequence[int], now: int) -> None:
    if ids:
        await MediaRow.filter(id__in=ids).update(position=None, expires_at=now)


def _doomed(rows: Iterable[MediaRow]) -> list[Doomed]:
    return [Doomed(id=row.id, place=row.place) for row in rows]


def _over(row: MediaRow, now: int) -> bool:
    return row.expires_at is not None and row.expires_at <= now


def _kept(row: MediaRow) -> Kept:
    return Kept(
        id=row.media_id,
        call_id=row.call_id,
        user_id=row.user_id,
        position=row.position or 0,
        mime_type=row.mime_type,
        size=row.size,
        name=row.name,
        place=row.place,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
