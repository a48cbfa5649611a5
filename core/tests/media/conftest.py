"""A gallery on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from gallery import Gallery

from plugway.storage.database import Database
from plugway.testing.clock import ManualClock


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Give a maker of stores, whose clock stands still."""
    return Gallery(tmp_path, ManualClock())


@pytest.fixture
async def sqlite(sqlite_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """Give an open SQLite database."""
    async with Database(sqlite_url) as database:
        yield database
