"""The ledger: what the request path and the gateway's background work call."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, get_args

from plugway.clock import Clock
from plugway.errors import BadRequest, LedgerUnavailable
from plugway.ledger.bounds import check
from plugway.ledger.mysql import MySQLStore
from plugway.ledger.operations import Expire, Operation, Outcome, Reserve
from plugway.ledger.postgres import PostgresStore
from plugway.ledger.sqlite import SQLiteStore
from plugway.ledger.store import OpenHolds, Pruned, Store
from plugway.ledger.ticket import Ticket
from plugway.ledger.writer import Writer
from plugway.patience import Patience
from plugway.storage.url import DatabaseURL, Dialect

if TYPE_CHECKING:
    from plugway.telemetry.metrics import Metrics

_log = logging.getLogger(__name__)

_STORES: Mapping[Dialect, Callable[[DatabaseURL], Store]] = {
    "sqlite": SQLiteStore,
    "postgres": PostgresStore,
    "mysql": MySQLStore,
}
#: Holds that one round of the sweeper releases.
_SWEEP = 500
#: Rows that one transaction deletes: others wait for it on SQLite.
_PRUNE = 500


class Ledger:
    """Moves credits; everything it has answered is durable.

    Any number of processes may have a ledger on one database: the locks are the database's.

    Example:
        >>> import asyncio
        >>> from plugway.clock import SystemClock
        >>> async def held(url: DatabaseURL) -> int:
        ...     ledger = Ledger(url, SystemClock())
        ...     await ledger.open()
        ...     try:
        ...         return (await ledger.open_holds()).credits
        ...     finally:
        ...         await ledger.close()
        >>> from plugway.testing.databases import fresh_database
        >>> with fresh_database() as url:
        ...     asyncio.run(held(DatabaseURL.parse(url)))
        0
    """

    def __init__(
        self,
        url: DatabaseURL,
        clock: Clock,
        *,
        metrics: Metrics | None = None,
        store: Store | None = None,
    ) -> None:
        """Name the database; nothing is connected before `open`.

        Args:
            url: The database; its tables exist.
            clock: For pauses between tries, and for the times of what the ledger does by itself.
            metrics: Counts transactions and those tried again.
            store: Instead of the one for the URL's dialect; for tests of failures.
        """
        self._clock = clock
        self._store = store or _STORES[url.dialect](url)
        #: By the seconds waited: the settings name one number at a time.
        self._patience: dict[float, Patience] = {}
        self._writer = Writer(self._store, clock, metrics)

    async def open(self) -> None:
        """Connect and begin to write.

        Raises:
            ConfigurationError: The database cannot be reached, has no tables, or its driver
                is not installed.
        """
        await self._store.open()
        self._writer.start()

    async def close(self, deadline: float = 10.0) -> None:
        """Write what was taken in, then disconnect.

        Args:
            deadline: Seconds to write; what is left then fails with `LedgerUnavailable` and
                is counted in the log.
        """
        lost = await self._writer.close(deadline)
        if lost:
            _log.error("the ledger closed with %s operations not written", lost)
        await self._store.close()

    def submit(self, operation: Operation) -> asyncio.Future[Outcome]:
        """Hand an operation over; operations are done in the order of their coming.

        Args:
            operation: What to do. A settle, release or record, the end of a task and what
                tells of its submit are tried for as long as the process lives.

        Returns:
            Its outcome, once it is durable. Cancelling the future, or whoever awaits it,
            does not cancel the operation. Fails with `BadRequest` (not a possible
            operation), `InsufficientCredits`, `NotFound` (no such account, hold or task),
            `Conflict` (another fate or content before, or a name that another task has: its
            `field` says which) or `LedgerUnavailable`.
        """
        return self._submit(operation).future

    async def reserve(self, operation: Reserve, wait: float) -> Outcome:
        """Hold credits for a call.

        A caller that gives up or is cancelled leaves no hold behind: if it was made all the
        same, it is released, and its task failed.

        Args:
            operation: What to hold.
            wait: Seconds until it is given up.

        Returns:
            The hold; of a repeat, the first hold's state.

        Raises:
            InsufficientCredits: The account or the key's quota does not admit it.
            LedgerUnavailable: It could not be written in time; nothing is held.
            Conflict: The call has a hold of other content, or the caller has another task of
                that external id (`field` is `external_id`).
            NotFound: There is no such account.
            BadRequest: Not a possible operation.
        """
        ticket = self._submit(operation)
        patience = self._patience.get(wait)
        if patience is None:
            patience = self._patience[wait] = Patience(wait)
        patience.limit(ticket.future, ticket.time_out)
        try:
            return await ticket.future
        except (asyncio.CancelledError, LedgerUnavailable):
            self._writer.withdraw(ticket)
            raise

    async def flush(self) -> None:
        """Wait until all that was submitted before is written.

        Raises:
            LedgerUnavailable: The ledger is closed.
        """

        async def nothing(_: Store) -> None:
            return

        await self._writer.run(nothing)

    async def sweep(self, now_us: int) -> int:
        """Release the open holds that are over and belong to no task.

        Safe on several nodes at once: each hold is released by one of them.

        Args:
            now_us: Microseconds since 1970.

        Returns:
            Holds released by this call.

        Raises:
            LedgerUnavailable: The ledger is closed.
        """
        total = 0
        while True:
            calls = await self._writer.run(lambda store: store.expired(now_us, _SWEEP))
            futures = [self.submit(Expire(call_id=call_id, at=now_us)) for call_id in calls]
            results = await asyncio.gather(*futures, return_exceptions=True)
            released = sum(isinstance(each, Outcome) and not each.repeated for each in results)
            total += released
            if len(calls) < _SWEEP or not released:
                return total

    async def prune(self, before_us: int) -> int:
        """Delete what is older than the retention; balances, entries and tasks stay.

        That is: usage rows, what upstreams told of tasks by themselves, and messages to
        clients that were delivered or given up.

        Args:
            before_us: Microseconds since 1970; rows made before go.

        Returns:
            Rows deleted.

        Raises:
            LedgerUnavailable: The ledger is closed.
        """
        return sum([await self._prune(what, before_us) for what in get_args(Pruned)])

    async def _prune(self, what: Pruned, before_us: int) -> int:
        total = 0
        while True:
            deleted = await self._writer.run(lambda store: store.prune(what, before_us, _PRUNE))
            total += deleted
            if deleted < _PRUNE:
                return total

    async def open_holds(self) -> OpenHolds:
        """Count the open holds of all nodes, for metrics.

        Raises:
            LedgerUnavailable: The ledger is closed.
        """
        return await self._writer.run(lambda store: store.open_holds())

    def _submit(self, operation: Operation) -> Ticket:
        try:
            check(operation)
        except BadRequest as refusal:
            return Ticket.refused(operation, refusal)
        return self._writer.submit(operation)
