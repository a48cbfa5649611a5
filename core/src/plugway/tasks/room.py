"""Which accounts have room for one more task of a kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from plugway.contract import PooledChannelSettings
from plugway.tasks import store

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.contract import Task
    from plugway.credentials.pool import Claim
    from plugway.storage.database import Database

#: Seconds until an account is looked at again that had no room.
_AGAIN = 1.0


class Room:
    """Counts what accounts have under way, on all nodes."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin with nothing known.

        Args:
            database: Where tasks are.
            clock: The time.
        """
        self._database = database
        self._clock = clock
        #: By kind and account, until when it is not worth another look.
        self._full: dict[tuple[str, int], float] = {}

    async def is_there(self, task: Task, claim: Claim) -> bool:
        """Say whether a credential may have one more task.

        It is so until the claim ends, once the task's row names the credential.

        Args:
            task: Not counted itself.
            claim: Of the credential.
        """
        channel, credential = claim.channel, claim.credential
        if credential is None or not isinstance(channel.settings, PooledChannelSettings):
            return True
        most = channel.settings.concurrent(task.kind)
        if not most:
            return True
        under_way = await store.under_way(
            self._database, channel.id, credential.id, kind=task.kind, but=task.call_id
        )
        if under_way < most:
            return True
        self._full[task.kind, credential.id] = self._clock.monotonic() + _AGAIN
        return False

    def full(self, kind: str) -> Full:
        """Return the accounts that had no room a moment ago: others need not look again.

        Args:
            kind: The tasks' kind.
        """
        return Full(self._full, kind, self._clock)


class Full:
    """Contains the ids of accounts while they are not worth a look."""

    def __init__(self, until: dict[tuple[str, int], float], kind: str, clock: Clock) -> None:
        self._until = until
        self._kind = kind
        self._clock = clock

    def __contains__(self, credential_id: object) -> bool:
        if not isinstance(credential_id, int):
            return False
        until = self._until.get((self._kind, credential_id))
        if until is None:
            return False
        if self._clock.monotonic() < until:
            return True
        del self._until[self._kind, credential_id]
        return False
