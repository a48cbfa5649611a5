"""Identifiers of calls, holds and requests: sortable by time, never the same twice."""

from __future__ import annotations

import random
import time


def new_id() -> str:
    """Make 32 hex digits: 48 bits of milliseconds, then 80 random bits.

    Sorting by time keeps B-tree inserts at the right edge. An identifier is no secret: two of
    them are made for every call, and asking the system for entropy would cost more than the
    rest of it. The generator is seeded by the system, in each process anew.

    Example:
        >>> len(new_id())
        32
    """
    return f"{time.time_ns() // 1_000_000:012x}{random.getrandbits(80):020x}"
