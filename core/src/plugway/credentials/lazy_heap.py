"""A heap from which anything can be taken out at once, wherever it stands."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, Generic, TypeVar

#: Entries beyond twice those that were there last, until what has gone is thrown out.
SPARE = 64

E = TypeVar("E", bound=tuple[Any, ...])


class LazyHeap(Generic[E]):
    """Gives the least entry that is still there; one that is not is dropped when it comes up.

    Nothing is searched for, so that each step takes as long as a heap is deep.

    Example:
        >>> gone = {(1,)}
        >>> heap = LazyHeap[tuple[int]](lambda entry: entry not in gone)
        >>> for entry in [(2,), (1,), (3,)]:
        ...     heap.push(entry)
        >>> heap.least()
        (2,)
    """

    def __init__(self, there: Callable[[E], bool]) -> None:
        """Begin with nothing.

        Args:
            there: Says whether an entry still counts; what does not, never will again.
        """
        self._there = there
        self._entries: list[E] = []
        self._limit = SPARE

    def __len__(self) -> int:
        """Return how many entries are kept, those that have gone among them."""
        return len(self._entries)

    def push(self, entry: E) -> None:
        """Add an entry.

        Args:
            entry: No two are equal.
        """
        heapq.heappush(self._entries, entry)
        if len(self._entries) > self._limit:
            self._entries = [entry for entry in self._entries if self._there(entry)]
            heapq.heapify(self._entries)
            self._limit = 2 * len(self._entries) + SPARE

    def least(self) -> E | None:
        """Return the first entry; None: there is none."""
        while self._entries and not self._there(self._entries[0]):
            heapq.heappop(self._entries)
        return self._entries[0] if self._entries else None

    def pop(self) -> E | None:
        """Take the first entry out; None: there is none."""
        return None if self.least() is None else heapq.heappop(self._entries)
