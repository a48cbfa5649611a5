"""Writes what became of credentials, beside the requests and in order."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Iterable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from plugway.credentials import rows
from plugway.credentials.rows import Change
from plugway.credentials.states import DOUBTFUL, OUT_OF_USE

if TYPE_CHECKING:
    from plugway.clock import Clock
    from plugway.credentials.slot import Slot
    from plugway.storage.database import Database

log = logging.getLogger(__name__)

#: Credentials in one transaction.
BATCH = 32

#: Tries while the database is away, and seconds between them; the next claim tries again.
TRIES, PAUSE = 10, 1.0

#: States of which every process hears at once; of others it hears when it wants to use one.
_NEWS = frozenset({*DOUBTFUL, *OUT_OF_USE})


class Written(NamedTuple):
    """Is a change that was written.

    Attributes:
        slot: Whose.
        change: What.
        told: The slot's `told` when the change was made.
        whole: Nobody else's word stood against it.
    """

    slot: Slot
    change: Change
    told: int
    whole: bool


class Writer:
    """Writes the changes of slots, of each the last one, one transaction at a time.

    A later word is never overwritten by an earlier one: there is only one job that writes, and
    what it writes is what the slot says at that moment.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        written: Callable[[list[Written]], Coroutine[Any, Any, None]],
        alone: Callable[[Slot], bool],
    ) -> None:
        """Prepare.

        Args:
            database: Where to.
            clock: The time.
            spawn: Runs the job; the gateway awaits it at shutdown.
            written: Told of what was written.
            alone: Says whether a credential is used by one node at a time, so that others
                need not hear of each rest.
        """
        self._database = database
        self._clock = clock
        self._spawn = spawn
        self._written = written
        self._alone = alone
        self._waiting: dict[int, Slot] = {}
        self._running = False

    def later(self, slot: Slot) -> None:
        """Write soon what a slot says then.

        Args:
            slot: It has changed.
        """
        self._waiting[slot.credential.id] = slot
        self.again()

    def again(self) -> None:
        """Try again to write what could not be written."""
        if self._waiting and not self._running:
            self._running = True
            self._spawn(self._run())

    async def _run(self) -> None:
        failed = 0
        try:
            while self._waiting:
                batch = [self._waiting.pop(id_) for id_ in list(islice(self._waiting, BATCH))]
                try:
                    await self._write(batch)
                    failed = 0
                except Exception as error:  # noqa: BLE001  # whatever it is, nothing may be lost
                    for slot in batch:
                        self._waiting.setdefault(slot.credential.id, slot)
                    failed += 1
                    if failed == 1:
                        log.warning("states of credentials are not written: %s", error)
                    if failed == TRIES:
                        return
                    await self._clock.sleep(PAUSE)
        finally:
            self._running = False

    async def _write(self, batch: Iterable[Slot]) -> None:
        noted = [(slot, change, slot.told) for slot in batch if (change := slot.change())]
        if not noted:
            return
        noted.sort(key=lambda one: one[1].known.id)
        revise = any(self._is_news(slot, change) for slot, change, _ in noted)
        for slot, change, _ in noted:
            slot.writing = change
        try:
            whole = await rows.write(
                self._database,
                [change for _, change, _ in noted],
                self._clock.now(),
                revise=revise,
            )
        finally:
            for slot, _, _ in noted:
                slot.writing = None
        await self._written([Written(*one, each) for one, each in zip(noted, whole, strict=True)])

    def _is_news(self, slot: Slot, change: Change) -> bool:
        if change.word is None:
            return False
        return not self._alone(slot) or bool(_NEWS & {change.known.state, change.word.state})
