"""Removes media whose time is over, and the oldest where there are too many bytes."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from plugway.errors import PlugwayError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from plugway.media.rows import Doomed, Rows

log = logging.getLogger(__name__)

#: Media that are removed at once.
BATCH = 200


class Retention:
    """Removes what nobody may find any more: first the bytes, then the row that knows of them."""

    def __init__(self, rows: Rows, remove: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        """Take what is needed.

        Args:
            rows: The rows.
            remove: Removes bytes.
        """
        self._rows = rows
        self._remove = remove

    async def prune(self, now: int, most: int) -> int:
        """Remove what has expired, what was never finished, and the oldest beyond a limit.

        Args:
            now: Microseconds since 1970.
            most: Bytes of all together; 0: no limit.

        Returns:
            How many were removed; those whose bytes could not be are tried again next time.
        """
        total = await self._remove_due(now)
        if most and await self._shrink(now, most):
            total += await self._remove_due(now)
        return total

    async def _remove_due(self, now: int) -> int:
        total = after = 0
        while doomed := await self._rows.due(now, after, BATCH):
            after = doomed[-1].id
            total += await self.remove(doomed)
        return total

    async def remove(self, doomed: Sequence[Doomed]) -> int:
        """Remove some, and return how many; what fails is logged and stays for the next time.

        Args:
            doomed: What nobody finds any more.
        """
        if not doomed:
            return 0
        try:
            await self._remove([one.place for one in doomed])
            return await self._rows.forget(doomed)
        except PlugwayError as error:
            log.warning("media could not be removed yet: %s", error.message)
            return 0

    async def _shrink(self, now: int, most: int) -> bool:
        over = (await self._rows.totals(now)).size - most
        if over <= 0:
            return False
        while over > 0 and (freed := await self._rows.put_away_oldest(over, now, BATCH)):
            over -= freed
        return True
