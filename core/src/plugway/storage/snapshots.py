"""Snapshots: what requests need of the database, kept in memory and kept fresh."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from plugway.clock import Clock
from plugway.errors import PlugwayError
from plugway.storage.database import Database
from plugway.storage.models import Revision

_log = logging.getLogger(__name__)


class Snapshots:
    """Loads again when the database's revision has moved, whoever moved it.

    Commits of this process are seen at once, those of others within the interval of `watch`.
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        """Begin with no snapshot.

        Args:
            database: Where the revision is read.
            clock: What `watch` waits by.
        """
        self._database = database
        self._clock = clock
        self._loads: dict[str, Callable[[], Awaitable[None]]] = {}
        self._loaded: int | None = None
        self._fresh_at = clock.monotonic()
        self._lock = asyncio.Lock()
        database.on_revise(self.refresh)

    def add(self, name: str, load: Callable[[], Awaitable[None]]) -> None:
        """Add a snapshot.

        Args:
            name: Said in the log.
            load: Reads from the database, writes nothing there, and replaces the old snapshot
                in one step, so that a failure on the way leaves the old one in place.
        """
        self._loads[name] = load

    def age(self) -> float:
        """Return the seconds since the snapshots were last known to be current."""
        return self._clock.monotonic() - self._fresh_at

    async def load_all(self) -> None:
        """Load every snapshot.

        Raises:
            Unavailable: The database is away.
        """
        async with self._lock:
            await self._load(await self._revision())

    async def refresh(self) -> bool:
        """Load every snapshot if the revision has moved.

        Returns:
            Whether it had.

        Raises:
            Unavailable: The database is away; the old snapshots stay.
        """
        async with self._lock:
            revision = await self._revision()
            if revision == self._loaded:
                self._fresh_at = self._clock.monotonic()
                return False
            await self._load(revision)
            return True

    async def watch(self, interval: float = 1.0) -> None:
        """Refresh for ever; when the database is away, keep the old snapshots and go on.

        Args:
            interval: Seconds between looks, above 0.
        """
        failing = False
        while True:
            await self._clock.sleep(interval)
            try:
                await self.refresh()
            except Exception as error:  # noqa: BLE001  # a loop that ends freezes the snapshots
                if not failing:
                    _log.warning("snapshots are not refreshed: %s", _reason(error))
                failing = True
            else:
                if failing:
                    _log.warning("snapshots are refreshed again")
                failing = False

    async def _revision(self) -> int:
        # Read before the rows: a commit in between makes the next look load once more.
        row = await self._database.run(lambda: Revision.get(id=1))
        return int(row.number)

    async def _load(self, revision: int) -> None:
        failed: Exception | None = None
        for name, load in self._loads.items():
            try:
                await load()
            except Exception as error:  # noqa: BLE001  # one broken row must not keep a revoked key alive
                error.add_note(f"while loading the snapshot {name!r}")
                failed = failed or error
        # Known only when all are loaded: until then the next look tries again.
        self._loaded = None if failed else revision
        if failed:
            raise failed
        self._fresh_at = self._clock.monotonic()


def _reason(error: Exception) -> str:
    """Say what is wrong without the texts of drivers, which name host and user."""
    message = error.message if isinstance(error, PlugwayError) else type(error).__name__
    return " ".join([message, *getattr(error, "__notes__", ())])
