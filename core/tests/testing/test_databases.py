from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from plugway.storage.url import DatabaseURL, Dialect
from plugway.testing.databases import Databases, available, execute, fresh_database, server

DatabasesOf = Callable[[Dialect], Databases]


def tables(url: str) -> set[str]:
    parsed = DatabaseURL.parse(url)
    if parsed.dialect == "sqlite":
        with sqlite3.connect(parsed.path) as connection:
            rows = connection.execute("SELECT name FROM sqlite_master").fetchall()
        connection.close()
    elif parsed.dialect == "postgres":
        rows = execute(parsed, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    else:
        rows = execute(parsed, "SHOW TABLES")
    return {str(name) for (name,) in rows}


def exists(url: str) -> bool:
    parsed = DatabaseURL.parse(url)
    if parsed.dialect == "sqlite":
        return Path(parsed.path).exists()
    query = {
        "postgres": "SELECT datname FROM pg_database",
        "mysql": "SHOW DATABASES",
    }[parsed.dialect]
    return (parsed.database,) in execute(server(parsed.dialect), query)


def test_each_is_new_and_removed_at_the_end(databases: DatabasesOf, dialect: Dialect) -> None:
    with databases(dialect).fresh() as one, databases(dialect).fresh() as two:
        assert one != two
        assert {"plugway_key", "tortoise_migrations"} < tables(one)
        assert tables(one) == tables(two)
    assert not exists(one)
    assert not exists(two)


def test_one_without_tables(databases: DatabasesOf, dialect: Dialect) -> None:
    with databases(dialect).fresh(migrated=False) as url:
        assert tables(url) == set() if dialect != "sqlite" else not exists(url)


def test_a_single_one_is_removed_with_its_template() -> None:
    with fresh_database() as url:
        assert exists(url)
    assert not exists(url)


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
def test_a_missing_server_is_named(dialect: Dialect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"PLUGWAY_TEST_{dialect.upper()}", f"{dialect}://u:hunter2@127.0.0.1:1/d")

    reason = available(dialect)

    assert reason == (
        f"no {dialect} at {dialect}://u:***@127.0.0.1:1/d: the connection was refused"
    )
