"""Nodes with accounts at the bank."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from bank import Bank


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a home directory."""
    found = tmp_path / "home"
    found.mkdir(mode=0o700)
    return found


@pytest.fixture
async def bank(home: Path, sqlite_url: str, anyio_backend: str) -> AsyncIterator[Bank]:
    """Run a node on SQLite."""
    async with Bank(home, sqlite_url) as bank:
        yield bank


@pytest.fixture
async def bank_anywhere(home: Path, database_url: str, anyio_backend: str) -> AsyncIterator[Bank]:
    """Run a node on each database in turn."""
    async with Bank(home, database_url) as bank:
        yield bank
