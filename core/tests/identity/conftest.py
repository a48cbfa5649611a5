"""What tests of identity share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from front_door import Door

from plugway.credentials.vault import Vault
from plugway.storage.database import Database
from plugway.testing.clock import ManualClock


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """Give an open database; the test runs once on each kind."""
    async with Database(database_url) as database:
        yield database


@pytest.fixture
async def sqlite(sqlite_url: str) -> AsyncIterator[Database]:
    """Give an open SQLite database, where the kind does not matter."""
    async with Database(sqlite_url) as database:
        yield database


@pytest.fixture
def clock() -> ManualClock:
    """Give a clock that stands still."""
    return ManualClock()


@pytest.fixture
def vault() -> Vault:
    """Give a vault with a key of its own."""
    return Vault([b"v" * 32])


@pytest.fixture
async def door(sqlite: Database, clock: ManualClock, vault: Vault) -> Door:
    """Give a process that follows its database."""
    door = Door(sqlite, clock, vault)
    await door.snapshots.load_all()
    return door
