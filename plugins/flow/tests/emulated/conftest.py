"""The emulated service, one for all tests of a module."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from flow_emulated import Visitor

from plugway.testing import ManualClock


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    """Return the time of the service."""
    return ManualClock()


@pytest.fixture(scope="module")
async def running(anyio_backend: str, clock: ManualClock) -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    now = lambda: clock.now() / 1_000_000  # noqa: E731
    async with Visitor("demo", "other", now=now) as visitor:
        yield visitor


@pytest.fixture
def visitor(running: Visitor) -> Visitor:
    """Return it as it was in the beginning, but for what it remembers."""
    running.reset()
    return running
