"""Tasks that their owners have thrown away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.contract import Task

if TYPE_CHECKING:
    from plugway.bindings import Bindings
    from plugway.media.kept import Kept
    from plugway.media.store import MediaStore

#: What a task that made nothing and was thrown away is bound as: its row stays, as books do.
_KIND = "discarded"


class Discarded:
    """Knows what is there no more, since it was thrown away or was kept long enough."""

    def __init__(self, media: MediaStore, bindings: Bindings) -> None:
        """Take what is needed.

        Args:
            media: What tasks made.
            bindings: Where it is noted.
        """
        self._media = media
        self._bindings = bindings

    async def kept(self, task: Task) -> list[Kept] | None:
        """Return what a task made, nothing yet perhaps; None: it is there no more.

        Args:
            task: The task.
        """
        if task.state == "succeed":
            return await self._media.of(task.call_id) or None
        if not task.ended:
            return []
        noted = await self._bindings.find(task.provider, _KIND, task.call_id, user_id=task.user_id)
        return [] if noted is None else None

    async def add(self, task: Task) -> None:
        """Throw away what a task made, or the word of its failure.

        Args:
            task: One that has ended.
        """
        if task.state != "succeed":
            await self._bindings.bind(
                task.provider,
                _KIND,
                task.call_id,
                user_id=task.user_id,
                channel_id=task.channel_id or 0,
                credential_id=task.credential_id,
            )
        for one in await self._media.of(task.call_id):
            await self._media.remove(one.id)
