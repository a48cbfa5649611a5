"""Opening and closing a database, and what SQLite's files and locks need."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from plugway.errors import ConfigurationError, Unavailable
from plugway.storage.database import Database
from plugway.storage.models import Group
from plugway.storage.url import Dialect
from plugway.testing.databases import Databases

pytestmark = pytest.mark.anyio

DatabasesOf = Callable[[Dialect], Databases]


async def names(database: Database) -> list[str]:
    rows = await database.run(lambda: Group.all().order_by("name"))
    return [row.name for row in rows]


def adding(name: str) -> Callable[[], Awaitable[None]]:
    async def add() -> None:
        await Group.create(name=name, created_at=1)

    return add


CRASH = """
import asyncio, sys
from plugway.storage.database import Database

async def main():
    database = Database(sys.argv[1])
    await database.open()
    keep.append(database)
    raise SystemExit(3)

keep = []
asyncio.run(main())
"""


def test_a_process_that_dies_without_closing_is_gone(database_url: str) -> None:
    done = subprocess.run(  # noqa: S603  # our own code
        [sys.executable, "-c", CRASH, database_url], timeout=30, check=False
    )

    assert done.returncode == 3


@pytest.mark.parametrize("dialect", ["mysql"])
async def test_every_connection_keeps_utc(database: Database) -> None:
    together = asyncio.Barrier(3)

    async def zone() -> str:
        _, rows = await database.client.execute_query("SELECT @@session.time_zone AS zone")
        await together.wait()
        return str(rows[0]["zone"])

    async with asyncio.timeout(10):
        zones = await asyncio.gather(*(database.transact(zone, revise=False) for _ in range(3)))
    assert zones == ["+00:00"] * 3


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
async def test_a_missing_driver_is_said(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plugway.storage.configure.find_spec", lambda name: None)

    with pytest.raises(ConfigurationError, match=rf"pip install 'plugway\[{dialect}\]'"):
        await Database(f"{dialect}://gate@db/d").open()


async def test_sqlite_waits_for_the_write_lock_before_it_reads(sqlite_url: str) -> None:
    async with Database(sqlite_url) as database:
        other = sqlite3.connect(database.url.path, timeout=0, isolation_level=None)

        async def read_then_write() -> None:
            await Group.all()
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                other.execute("UPDATE plugway_revision SET number = 9")
            await adding("written")()

        await database.transact(read_then_write)
        other.close()
        assert await names(database) == ["written"]


async def test_sqlite_survives_a_file_that_stays_locked(sqlite_url: str) -> None:
    async with Database(f"{sqlite_url}?busy_timeout=20") as database:
        other = sqlite3.connect(database.url.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        for _ in range(3):
            with pytest.raises(Unavailable) as away:
                await database.transact(adding("x"))
            assert away.value.__notes__ == ["SQLITE_BUSY"]
        other.rollback()
        other.close()

        await database.transact(adding("x"))
        assert await names(database) == ["x"]


async def test_sqlite_files_are_their_owners_alone(tmp_path: Path) -> None:
    def modes() -> dict[str, int]:
        return {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}

    async with Database(f"sqlite://{tmp_path}/new.db") as database:
        await database.run(lambda: database.client.execute_script("CREATE TABLE t (n INTEGER)"))

        assert modes() == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600}


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgres://gate:hunter2@127.0.0.1:1/d", "the connection was refused"),
        ("mysql://gate:hunter2@127.0.0.1:1/d", "the connection was refused"),
        ("postgres://gate:hunter2@nowhere.invalid/d", "the host is unknown"),
        ("sqlite:///nowhere/at/all.db", "its folder does not exist"),
    ],
)
async def test_a_database_that_is_not_there_is_one_clear_line(url: str, reason: str) -> None:
    database = Database(url)

    with pytest.raises(ConfigurationError, match=reason) as refused:
        await database.open()

    assert "hunter2" not in str(refused.value)
    assert "\n" not in refused.value.message
    assert refused.value.__cause__ is refused.value.__context__ is None


async def test_a_missing_database_and_a_wrong_login_are_told_apart(databases: DatabasesOf) -> None:
    with databases("mysql").fresh() as url:
        missing = Database(f"{url}_missing")
        stranger = Database(url.replace("root@", "nobody:hunter2@"))
        with pytest.raises(ConfigurationError, match="there is no such database"):
            await missing.open()
        with pytest.raises(ConfigurationError, match="the login was refused"):
            await stranger.open()
    with databases("postgres").fresh() as url:
        missing = Database(f"{url}_missing")
        stranger = Database(url.replace("postgres@", "nobody:hunter2@"))
        with pytest.raises(ConfigurationError, match="there is no such database"):
            await missing.open()
        with pytest.raises(ConfigurationError, match="the login was refused"):
            await stranger.open()


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is no database, but a text of some length\n" * 20)

    with pytest.raises(ConfigurationError, match="SQLITE_NOTADB"):
        await Database(f"sqlite://{tmp_path}/text.db").open()
