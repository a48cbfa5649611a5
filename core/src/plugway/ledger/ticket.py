"""An operation on its way through the writer."""

from __future__ import annotations

import asyncio
import logging

from plugway.errors import LedgerUnavailable, NotFound, PlugwayError
from plugway.ledger.operations import (
    Adjust,
    Advance,
    Finish,
    Operation,
    Outcome,
    Record,
    Release,
    Settle,
)
from plugway.ledger.plan import Answer

_log = logging.getLogger(__name__)

#: What is never given up: credits were spent, or a call has ended.
_STUBBORN = (Settle, Release, Record, Finish)


class Ticket:
    """Is an operation and the future of its answer; the two end apart.

    Whoever awaits the future may go: that ends the future and not the operation.
    """

    __slots__ = (
        "answered",
        "future",
        "operation",
        "outcome",
        "planned",
        "tries",
        "withdrawn",
    )

    def __init__(self, operation: Operation, future: asyncio.Future[Outcome]) -> None:
        """Put an operation on its way.

        Args:
            operation: What is asked.
            future: Completed with its outcome or error.
        """
        self.operation = operation
        self.future = future
        #: Whether its fate is known.
        self.answered = False
        self.outcome: Outcome | None = None
        #: Whether nobody waits for it any more.
        self.withdrawn = False
        #: How often it was tried by itself.
        self.tries = 0
        #: What it was going to be answered when the fate of its commit became unknown.
        self.planned: Outcome | None = None

    @classmethod
    def refused(cls, operation: Operation, refusal: PlugwayError) -> Ticket:
        """Make a ticket that has failed already."""
        ticket = cls(operation, asyncio.get_running_loop().create_future())
        ticket.future.set_exception(refusal)
        return ticket

    @property
    def wanted(self) -> bool:
        """Whether it must be written: somebody waits, or it may have been written already."""
        return not self.withdrawn or self.planned is not None

    @property
    def stubborn(self) -> bool:
        """Whether it is never given up while the process lives.

        Of the changes of a task that goes on, those are that tell of its submit: what a poll
        has told, the next one tells again.
        """
        operation = self.operation
        if isinstance(operation, Advance):
            return operation.state not in (None, "pending") and not operation.polled
        return isinstance(operation, _STUBBORN)

    @property
    def call_id(self) -> str:
        """The call it belongs to; empty: none."""
        if isinstance(self.operation, Record):
            return self.operation.usage.call_id
        return "" if isinstance(self.operation, Adjust) else self.operation.call_id

    def remember(self, planned: Answer) -> None:
        """Keep what it was going to be answered, its commit's fate being unknown."""
        if self.planned is None and isinstance(planned, Outcome) and not planned.repeated:
            self.planned = planned

    def answer(self, answer: Answer) -> None:
        """Complete the future.

        A refusal of what was meant to end a call is logged too: there are credits in it.
        """
        self.answered = True
        future = self.future
        if isinstance(answer, Outcome):
            if answer.repeated and self.planned is not None and _same(answer, self.planned):
                # What it repeats is our own try.
                answer = self.planned
            self.outcome = answer
            if not future.done():
                future.set_result(answer)
            return
        operation = self.operation
        if self.stubborn and not (isinstance(operation, Release) and isinstance(answer, NotFound)):
            name = type(operation).__name__.lower()
            _log.error("%s of call %s was refused: %s", name, self.call_id, answer)
        if not future.done():
            future.set_exception(answer)

    def time_out(self) -> None:
        """Stop waiting."""
        if not self.future.done():
            self.future.set_exception(LedgerUnavailable())


def _same(answer: Outcome, planned: Outcome) -> bool:
    """Tell whether a task stands where our own try left it, and not somebody else."""
    if answer.task is None:
        return True
    return (answer.task, answer.charged) == (planned.task, planned.charged)
