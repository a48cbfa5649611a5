"""Identifiers of calls, holds and requests: sortable by time, hard to guess."""

from __future__ import annotations

import os
import time


def new_id() -> str:
    """Make 32 hex digits: 48 bits of milliseconds, then 80 random bits.

    Sorting by time keeps B-tree inserts at the right edge.

    Example:
        >>> len(new_id())
        32
    """
    return f"{time.time_ns() // 1_000_000:012x}{os.urandom(10).hex()}"
