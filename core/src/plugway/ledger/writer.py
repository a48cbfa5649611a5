"""The one writer of a process: while one transaction is in flight, the next batch gathers.

So an idle system commits at once, and a busy one commits hundreds of operations together.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from plugway.clock import Clock
from plugway.errors import Conflict, LedgerUnavailable
from plugway.ledger.operations import Advance, Finish, Operation, Outcome, Release, Reserve
from plugway.ledger.plan import Answer
from plugway.ledger.store import Clash, Lost, Store
from plugway.ledger.ticket import Ticket
from plugway.storage.outages import describe

if TYPE_CHECKING:
    from plugway.telemetry.metrics import Metrics

T = TypeVar("T")

_log = logging.getLogger(__name__)

#: Operations in one transaction at the most.
_BATCH = 512
#: Tries of a batch that other processes get in the way of, before it is taken apart.
_CLASHES = 5
#: Seconds before the second try, doubled until the last.
_FIRST_PAUSE, _LAST_PAUSE = 0.01, 2.0
#: Seconds at the most between tries of an operation that fails by itself.
_LAST_RETRY = 60.0


class _Unwanted(Exception):
    """Nobody waits for it any more."""


class _Job:
    """Is other work on the store, done between batches."""

    __slots__ = ("future", "work")
    wanted = True

    def __init__(
        self, work: Callable[[Store], Awaitable[Any]], future: asyncio.Future[Any]
    ) -> None:
        self.work = work
        self.future = future


class Writer:
    """Takes operations in, writes them in batches and answers each.

    A database that is away is tried again until it is back. An operation that spoils its
    batch is found by halving, and then fails alone, or is set aside and tried again if it
    ends a call.
    """

    def __init__(self, store: Store, clock: Clock, metrics: Metrics | None = None) -> None:
        """Prepare; nothing is taken in before `start`.

        Args:
            store: Used by nothing else.
            clock: For pauses between tries.
            metrics: Counts batches and tries.
        """
        self._metrics = metrics
        self._store = store
        self._clock = clock
        self._queue: deque[Ticket | _Job] = deque()
        self._wake = asyncio.Event()
        self._runner: asyncio.Task[None] | None = None
        #: What is written now.
        self._flight: Sequence[Ticket | _Job] = ()
        #: What failed by itself and waits for its next try.
        self._aside: dict[asyncio.Task[None], Ticket] = {}
        self._away = False
        self._closed = True

    def start(self) -> None:
        """Begin to write, in a task of the running loop."""
        self._loop = asyncio.get_running_loop()
        self._closed = False
        self._runner = asyncio.create_task(self._run(), name="plugway-ledger")
        self._runner.add_done_callback(self._ended)

    def submit(self, operation: Operation) -> Ticket:
        """Take an operation in; operations are written in the order of their coming.

        Args:
            operation: It has passed `bounds.check`.

        Returns:
            Its ticket. Once the writer is closed, that has failed already.
        """
        if self._closed:
            return Ticket.refused(operation, LedgerUnavailable("the ledger is closed"))
        ticket = Ticket(operation, self._loop.create_future())
        self._queue.append(ticket)
        self._wake.set()
        return ticket

    def withdraw(self, ticket: Ticket) -> None:
        """Drop a reserve that nobody waits for, or release what it holds.

        Args:
            ticket: From `submit`.
        """
        ticket.withdrawn = True
        if ticket.answered:
            self._release(ticket)

    async def run(self, work: Callable[[Store], Awaitable[T]]) -> T:
        """Do other work on the store, after all that was taken in before.

        Args:
            work: Done again if the database was away.

        Returns:
            What the work returned.

        Raises:
            LedgerUnavailable: The writer is closed, or the work failed.
        """
        if self._closed:
            raise LedgerUnavailable("the ledger is closed")
        job = _Job(work, self._loop.create_future())
        self._queue.append(job)
        self._wake.set()
        result: T = await job.future
        return result

    async def close(self, deadline: float) -> int:
        """Write what was taken in, then stop.

        Args:
            deadline: Seconds; what is not written by then is given up.

        Returns:
            How many operations were given up.
        """
        self._closed = True
        if self._runner is None:
            return 0
        for waiting in self._aside:
            waiting.cancel()
        self._wake.set()
        await asyncio.wait((self._runner,), timeout=deadline)
        self._runner.cancel()
        await asyncio.wait((self._runner,))
        return self._give_up()

    async def _run(self) -> None:
        while True:
            if not self._queue:
                if self._closed and not self._aside:
                    return
                self._wake.clear()
                await self._wake.wait()
                continue
            head = self._queue[0]
            if isinstance(head, _Job):
                self._flight = (self._queue.popleft(),)
                await self._do(head)
            else:
                self._flight = batch = self._gather()
                await self._write(batch)
            self._flight = ()

    def _gather(self) -> list[Ticket]:
        queue = self._queue
        batch: list[Ticket] = []
        while queue and len(batch) < _BATCH and isinstance(ticket := queue[0], Ticket):
            queue.popleft()
            if ticket.wanted:
                batch.append(ticket)
        return batch

    async def _write(self, batch: list[Ticket]) -> None:
        async def commit() -> list[Answer]:
            # Before each try: meanwhile somebody may have given up.
            batch[:] = [ticket for ticket in batch if ticket.wanted]
            if not batch:
                raise _Unwanted
            return await self._store.commit([ticket.operation for ticket in batch])

        try:
            answers = await self._persist(commit, batch)
        except _Unwanted:
            return
        except Exception as error:  # noqa: BLE001  # whatever it is, it must end one ticket only
            if len(batch) == 1:
                self._refuse(batch[0], error)
                return
            half = len(batch) // 2
            await self._write(batch[:half])
            await self._write(batch[half:])
            return
        if self._metrics is not None:
            self._metrics.ledger_batch(len(batch))
        for ticket, answer in zip(batch, answers, strict=True):
            ticket.answer(answer)
            if ticket.withdrawn:
                self._release(ticket)

    def _release(self, ticket: Ticket) -> None:
        # The hold that a repeat found is not its own.
        operation, outcome = ticket.operation, ticket.outcome
        if isinstance(operation, Reserve) and outcome is not None and not outcome.repeated:
            call_id, now = operation.call_id, self._clock.now()
            reason = "nobody waited for the hold"
            end: Release | Finish = Release(call_id=call_id, reason=reason, at=now)
            if operation.task is not None:
                end = Finish(call_id=call_id, at=now, state="failed", reason=reason, refused=True)
            own = Ticket(end, self._loop.create_future())
            own.future.add_done_callback(_heard)
            self._queue.append(own)
            self._wake.set()

    async def _do(self, job: _Job) -> None:
        async def work() -> object:
            if job.future.done():
                raise _Unwanted
            return await job.work(self._store)

        try:
            result = await self._persist(work)
        except _Unwanted:
            return
        except Exception as error:  # noqa: BLE001  # the writer goes on whatever a job does
            _log.error("work on the ledger failed: %s", describe(error))
            if not job.future.done():
                job.future.set_exception(LedgerUnavailable())
        else:
            if not job.future.done():
                job.future.set_result(result)

    async def _persist(self, work: Callable[[], Awaitable[T]], batch: Sequence[Ticket] = ()) -> T:
        """Do the work again for as long as it is lost to the database's condition."""
        clashes = 0
        pause = 0.0
        while True:
            try:
                result = await work()
            except Lost as lost:
                for ticket, answer in zip(batch, lost.planned or (), strict=False):
                    ticket.remember(answer)
                self._count_retry()
                pause = min(max(2 * pause, _FIRST_PAUSE), _LAST_PAUSE)
                await self._wait(pause, lost)
            except Clash:
                self._count_retry()
                clashes += 1
                if clashes == _CLASHES:
                    raise
            else:
                if self._away:
                    self._away = False
                    _log.info("the ledger's database is back")
                return result

    def _count_retry(self) -> None:
        if self._metrics is not None:
            self._metrics.ledger_retry()

    async def _wait(self, pause: float, lost: Lost) -> None:
        if not self._away and pause > 4 * _FIRST_PAUSE:
            self._away = True
            _log.warning("the ledger's database is away, trying again: %s", lost)
        if not all(each.wanted for each in self._queue):
            self._queue = deque(each for each in self._queue if each.wanted)
        # Spread, so that processes that lost together do not meet again.
        await self._clock.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311  # no secret

    def _refuse(self, ticket: Ticket, error: Exception) -> None:
        """End what cannot be written, or set it aside."""
        ticket.tries += 1
        if not ticket.stubborn:
            _log.error("an operation of the ledger failed: %s", describe(error))
            clashed = isinstance(error, Clash)
            ticket.answer(Conflict() if clashed else LedgerUnavailable())
        elif self._closed or self._again(ticket):
            ticket.answer(LedgerUnavailable())
        else:
            if ticket.tries == 1:
                _log.error(
                    "call %s cannot be written, trying again: %s", ticket.call_id, describe(error)
                )
            pause = min(2.0 ** min(ticket.tries, 10), _LAST_RETRY)
            task = asyncio.create_task(self._clock.sleep(pause))
            self._aside[task] = ticket
            task.add_done_callback(self._rejoin)

    def _again(self, ticket: Ticket) -> bool:
        """Tell whether the like of it waits already: a task is polled until it has ended."""
        kind = type(ticket.operation)
        return kind in (Advance, Finish) and any(
            type(each.operation) is kind and each.call_id == ticket.call_id
            for each in self._aside.values()
        )

    def _rejoin(self, waited: asyncio.Task[None]) -> None:
        self._queue.append(self._aside.pop(waited))
        self._wake.set()

    def _ended(self, runner: asyncio.Task[None]) -> None:
        """Refuse everything once nothing writes it."""
        if not runner.cancelled() and (error := runner.exception()) is not None:
            _log.critical("the ledger's writer has failed", exc_info=error)
            self._closed = True
            self._give_up()

    def _give_up(self) -> int:
        """Fail all that is left, and count the operations."""
        left = [*self._flight, *self._queue, *self._aside.values()]
        self._queue.clear()
        lost = 0
        for each in left:
            if isinstance(each, Ticket) and not each.answered:
                lost += not each.withdrawn
                each.answer(LedgerUnavailable())
            elif isinstance(each, _Job) and not each.future.done():
                each.future.set_exception(LedgerUnavailable())
        return lost


def _heard(future: asyncio.Future[Outcome]) -> None:
    """Keep asyncio from reporting an error that the ticket has logged."""
    if not future.cancelled():
        future.exception()
