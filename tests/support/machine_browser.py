"""The machine's browser in tests: where it is, and what it has left behind."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from plugway import Browser

#: What a test says that is left out.
NONE = (
    "no browser: install playwright and the system's package chromium, "
    "or name one in PLUGWAY_TEST_CHROMIUM"
)


def machine_browser() -> Browser:
    """Return the browser; without one, the test is left out."""
    browser = Browser(os.environ.get("PLUGWAY_TEST_CHROMIUM", ""))
    if not browser.available:
        pytest.skip(NONE)
    return browser


def descendants(process: int | None = None) -> set[int]:
    """Return the processes below this one that run, on Linux; elsewhere none.

    Args:
        process: Its id; None: this one.
    """
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # Behind the name, which may hold anything, are the state and the parent.
            state, parent = entry.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents[int(entry.parent.name)] = int(parent)
    found = {os.getpid() if process is None else process}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {os.getpid() if process is None else process}


async def gone(before: set[int]) -> bool:
    """Return whether every process that was not there before ends within some seconds.

    Args:
        before: What `descendants` returned.
    """
    # Seen twice: one whose parent ends while all are looked through belongs to nobody for once.
    looks = 0
    for _ in range(3_000):
        looks = 0 if descendants() - before else looks + 1
        if looks == 2:
            return True
        await asyncio.sleep(0.01)
    return False
