"""Tests of what a connection needs before it is made."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from plugway.errors import ConfigurationError
from plugway.storage.configure import prepare
from plugway.storage.database import Database
from plugway.storage.models import Group
from plugway.storage.url import DatabaseURL

pytestmark = pytest.mark.anyio

#: What another process does with the file: it reads, and is gone.
_VISIT = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT count(*) FROM plugway_group").fetchone()[0])
connection.close()
"""


def visit(path: str) -> int:
    command = [sys.executable, "-c", _VISIT, path]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # our own
    return int(done.stdout)


async def test_what_is_open_keeps_its_locks(sqlite_url: str) -> None:
    # Closing any descriptor of a file drops the process's locks on it, those of SQLite's own
    # connections too: the next process to leave takes the journal away under our feet.
    url = DatabaseURL.parse(sqlite_url)
    async with Database(url) as database:
        assert visit(url.path) == 0
        prepare(url)
        assert visit(url.path) == 0
        await database.transact(lambda: Group.create(name="after", created_at=1))
        assert visit(url.path) == 1


def test_a_new_file_is_its_owner_s_alone(tmp_path: Path) -> None:
    url = DatabaseURL.parse(f"sqlite://{tmp_path}/new.db")
    prepare(url)
    assert os.stat(url.path).st_mode & 0o777 == 0o600
    prepare(url)


def test_a_folder_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Is a directory"):
        prepare(DatabaseURL.parse(f"sqlite://{tmp_path}"))
