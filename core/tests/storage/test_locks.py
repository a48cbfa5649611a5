from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from plugway.errors import ConfigurationError
from plugway.storage.locks import migration_lock
from plugway.storage.url import DatabaseURL
from plugway.testing.databases import cut

pytestmark = pytest.mark.anyio


def modes(folder: Path) -> dict[str, int]:
    return {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()}


async def test_the_second_waits_for_the_first(empty_database_url: str) -> None:
    url = DatabaseURL.parse(empty_database_url)
    order: list[str] = []

    async def second() -> None:
        async with migration_lock(url):
            order.append("second")

    async with migration_lock(url):
        waiting = asyncio.create_task(second())
        with pytest.raises(ConfigurationError, match=r"another process .* for 0\.1 s"):
            async with migration_lock(url, wait=0.1):
                order.append("never")
        order.append("first")
    async with asyncio.timeout(20):
        await waiting

    assert order == ["first", "second"]


async def test_it_is_free_after_a_failure(empty_database_url: str) -> None:
    url = DatabaseURL.parse(empty_database_url)

    for _ in range(2):
        with pytest.raises(LookupError):
            async with migration_lock(url, wait=1):
                raise LookupError


async def test_other_databases_have_their_own(empty_database_url: str, database_url: str) -> None:
    one, two = DatabaseURL.parse(empty_database_url), DatabaseURL.parse(database_url)

    async with migration_lock(one, wait=1), migration_lock(two, wait=1):
        assert one != two


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
async def test_it_goes_with_the_holders_connection(empty_database_url: str) -> None:
    url = DatabaseURL.parse(empty_database_url)
    first = migration_lock(url)
    await first.__aenter__()
    assert cut(empty_database_url) == 1

    async with migration_lock(url, wait=5):
        pass
    await first.__aexit__(None, None, None)


async def test_the_lock_file_is_its_owners_alone(tmp_path: Path) -> None:
    url = DatabaseURL.parse(f"sqlite://{tmp_path}/x.db")

    async with migration_lock(url):
        pass

    assert modes(tmp_path) == {"x.db.lock": 0o600}
