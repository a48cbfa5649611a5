"""Databases that the core's tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack

import pytest

from plugway.storage.database import Database
from plugway.storage.url import Dialect
from plugway.testing.databases import DIALECTS, Databases, available

DatabasesOf = Callable[[Dialect], Databases]


@pytest.fixture(scope="session")
def databases() -> Iterator[DatabasesOf]:
    """Give a maker of databases by dialect; a server that is not there skips the test."""
    makers: dict[Dialect, Databases] = {}
    reasons: dict[Dialect, str | None] = {}
    with ExitStack() as stack:

        def of(dialect: Dialect) -> Databases:
            if dialect not in makers:
                reasons[dialect] = available(dialect)
                makers[dialect] = stack.enter_context(Databases(dialect))
            reason = reasons[dialect]
            if reason is not None:
                pytest.skip(reason)
            return makers[dialect]

        yield of


@pytest.fixture(params=DIALECTS)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    """Repeat the test on every database."""
    found: Dialect = request.param
    return found


@pytest.fixture
def database_url(databases: DatabasesOf, dialect: Dialect) -> Iterator[str]:
    """Give a migrated database of its own to a test that runs on every database."""
    with databases(dialect).fresh() as url:
        yield url


@pytest.fixture
def empty_database_url(databases: DatabasesOf, dialect: Dialect) -> Iterator[str]:
    """Give a database without tables to a test that runs on every database."""
    with databases(dialect).fresh(migrated=False) as url:
        yield url


@pytest.fixture
def sqlite_url(databases: DatabasesOf) -> Iterator[str]:
    """Give a migrated SQLite database of its own."""
    with databases("sqlite").fresh() as url:
        yield url


@pytest.fixture
async def database(database_url: str, anyio_backend: str) -> AsyncIterator[Database]:
    """Give an open, migrated database to a test that runs on every database."""
    async with Database(database_url) as database:
        yield database
