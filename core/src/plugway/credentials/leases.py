"""Keeps claims for as long as their calls go on, and no longer than this process lives."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from plugway.credentials import rows
from plugway.credentials.alarm import Alarm
from plugway.errors import PlugwayError

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.slot import Slot
    from plugway.storage.database import Database

log = logging.getLogger(__name__)


class Leases:
    """Extends claims when half of their time is over."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Begin with none.

        Args:
            database: Where rows are.
            clock: The time.
            spawn: Runs writes.
        """
        self._database = database
        self._clock = clock
        self._spawn = spawn
        self._alarm = Alarm(clock, self._ring)
        #: By credential: the slot, its owner, the lease in microseconds, when it is extended.
        self._kept: dict[int, tuple[Slot, str, int, int]] = {}

    def add(self, slot: Slot, owner: str, lease_us: int) -> None:
        """Keep a claim.

        Args:
            slot: Whose; its `lease_until` is known.
            owner: Who has claimed it.
            lease_us: Microseconds of a lease.
        """
        at = slot.lease_until - lease_us // 2
        self._kept[slot.credential.id] = slot, owner, lease_us, at
        self._alarm.set(at)

    def drop(self, credential_id: int) -> None:
        """Let a claim end."""
        self._kept.pop(credential_id, None)
        if not self._kept:
            self._alarm.set(None)

    def _ring(self) -> None:
        now = self._clock.now()
        for slot, owner, lease_us, at in list(self._kept.values()):
            if at <= now:
                # Soon again, unless it is extended.
                self._kept[slot.credential.id] = slot, owner, lease_us, now + lease_us // 8
                self._spawn(self._extend(slot, owner, lease_us, now))
        self._alarm.set(min((at for *_, at in self._kept.values()), default=None))

    async def _extend(self, slot: Slot, owner: str, lease_us: int, now: int) -> None:
        id_ = slot.credential.id
        try:
            kept = await rows.extend(self._database, id_, owner, now + lease_us)
        except PlugwayError as error:
            log.warning("the claim of credential %s is not extended: %s", id_, error.message)
            return
        known = self._kept.get(id_)
        if known is None or known[:2] != (slot, owner):
            return
        if kept:
            slot.lease_until = now + lease_us
            self._kept[id_] = slot, owner, lease_us, now + lease_us // 2
        else:
            log.error("credential %s was taken from its call", id_)
            self.drop(id_)
