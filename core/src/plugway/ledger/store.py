"""What the writer asks of a database, and in which ways that fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

from plugway.ledger.operations import Operation
from plugway.ledger.plan import Answer

#: Rows that are kept for a time only.
Pruned = Literal["usage", "receipt", "callback"]


class Lost(Exception):
    """The transaction was lost to the database's condition: the same one may succeed later.

    Attributes:
        planned: The answers, when the transaction had got as far as its commit, so that it
            is unknown whether it took place.
    """

    def __init__(self, reason: str, planned: list[Answer] | None = None) -> None:
        """Say why.

        Args:
            reason: In a few words: no address, no name, no password.
            planned: As above.
        """
        super().__init__(reason)
        self.planned = planned


class Clash(Exception):
    """Another process wrote the same row meanwhile: what was read must be read again."""


class OpenHolds(msgspec.Struct, frozen=True, kw_only=True):
    """Counts what is held now, by all nodes together.

    Attributes:
        count: Holds.
        credits: Their sum.
    """

    count: int = 0
    credits: int = 0


class Store(Protocol):
    """Writes batches to one database over a connection of its own.

    The calls come one at a time. Any other exception than `Lost` and `Clash` means that
    something in the batch is at fault.
    """

    async def open(self) -> None:
        """Connect.

        Raises:
            ConfigurationError: It cannot be reached, or has no tables.
        """

    async def commit(self, operations: Sequence[Operation]) -> list[Answer]:
        """Read, decide and write a batch in one transaction.

        Raises:
            Lost: Try again, later.
            Clash: Try again, at once.
        """

    async def expired(self, now_us: int, limit: int) -> list[str]:
        """List calls whose open holds are over and belong to no task, the oldest first."""

    async def open_holds(self) -> OpenHolds:
        """Count the open holds."""

    async def prune(self, what: Pruned, before_us: int, limit: int) -> int:
        """Delete the oldest rows made before that time and return how many.

        A message that is still to be delivered stays.
        """

    async def close(self) -> None:
        """Disconnect, whatever state the connection is in."""


def pruned(what: Pruned, before: str) -> str:
    """Write the table whose rows `Store.prune` deletes, and which of them.

    Args:
        what: Of which kind.
        before: Stands for the time.

    Example:
        >>> pruned("receipt", "?")
        'plugway_receipt WHERE created_at < ?'
    """
    # The sign keeps databases from listing all that was ever delivered by its index.
    still = " AND +next_try_at IS NULL" if what == "callback" else ""
    return f"plugway_{what} WHERE created_at < {before}{still}"
