from __future__ import annotations

import importlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from plugway.contract import Tables
from plugway.errors import ConfigurationError, Unavailable
from plugway.storage.database import Database
from plugway.storage.migrate import make, migrate, pending
from plugway.storage.models import Group, Revision
from plugway.storage.url import Dialect
from plugway.testing.databases import Databases, cut, execute, server

pytestmark = pytest.mark.anyio

DatabasesOf = Callable[[Dialect], Databases]

NOTES = Tables(
    label="notes",
    models="plugway_test_notes.models",
    migrations="plugway_test_notes.migrations",
)

MIGRATE = """
import asyncio, sys
from plugway.storage.database import Database
from plugway.storage.migrate import migrate, pending

async def main():
    async with Database(sys.argv[1]) as database:
        print("ready", flush=True)
        sys.stdin.readline()
        print(await migrate(database), await pending(database))

asyncio.run(main())
"""


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the plugin package of this folder importable."""
    monkeypatch.syspath_prepend(Path(__file__).parent / "packages")


@pytest.fixture
def empty(empty_database_url: str) -> Database:
    return Database(empty_database_url)


async def test_from_nothing_to_head(empty: Database) -> None:
    async with empty as database:
        assert await pending(database) == ["core.0001_initial"]
        assert await migrate(database) == ["core.0001_initial"]
        assert await pending(database) == []
        assert await migrate(database) == []

        assert await database.run(lambda: Revision.all().values()) == [{"id": 1, "number": 0}]


async def test_processes_that_migrate_at_once_wait_for_each_other(empty_database_url: str) -> None:
    command = [sys.executable, "-W", "error", "-c", MIGRATE, empty_database_url]
    processes = [
        subprocess.Popen(  # noqa: ASYNC220, S603  # our own code; the test waits for it anyway
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    ends = [process.communicate(timeout=60) for process in processes]

    assert sorted(out for out, _ in ends) == ["['core.0001_initial'] []\n", "[] []\n"]
    # Nothing on stderr: no warning of a driver, no traceback.
    assert [err for _, err in ends] == ["", ""]


@pytest.mark.usefixtures("plugins")
async def test_a_plugins_tables_come_after_the_cores(empty_database_url: str) -> None:
    note: Any = importlib.import_module("plugway_test_notes.models").Note

    async with Database(empty_database_url, [NOTES]) as database:
        assert await migrate(database) == [
            "core.0001_initial",
            "notes.0001_initial",
            "notes.0002_pages",
        ]
        await database.transact(lambda: note.create(user_id=2, text="new", pages=1))

        rows = await database.run(lambda: note.all().order_by("id").values("text", "pages"))
        assert rows == [{"text": "old", "pages": 7}, {"text": "new", "pages": 1}]


@pytest.mark.usefixtures("plugins")
async def test_a_plugin_can_come_and_go(database_url: str) -> None:
    async with Database(database_url, [NOTES]) as database:
        assert await pending(database) == ["notes.0001_initial", "notes.0002_pages"]
        await migrate(database)
    async with Database(database_url) as database:
        assert await pending(database) == []


@pytest.mark.usefixtures("plugins")
async def test_two_plugins_may_not_share_a_label() -> None:
    with pytest.raises(ConfigurationError, match="two plugins"):
        Database("sqlite://x.db", [NOTES, NOTES])


async def test_a_plugin_without_its_module_is_named(sqlite_url: str) -> None:
    tables = Tables(label="lost", models="plugway_test_lost.models", migrations="plugway_test_lost")

    with pytest.raises(ConfigurationError, match="plugway_test_lost"):
        await Database(sqlite_url, [tables]).open()


@pytest.mark.parametrize("dialect", ["postgres", "mysql"])
async def test_a_database_that_is_away_is_not_an_empty_one(
    databases: DatabasesOf, dialect: Dialect
) -> None:
    with databases(dialect).fresh() as url:
        async with Database(url) as database:
            assert await pending(database) == []
            force = " WITH (FORCE)" if dialect == "postgres" else ""
            execute(server(dialect), f"DROP DATABASE {database.url.database}{force}")
            cut(url)
            with pytest.raises(Unavailable):
                await pending(database)
            with pytest.raises(Unavailable):
                await migrate(database)


async def test_a_plugin_whose_models_break_is_told_why(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = package(
        tmp_path, monkeypatch, "plugway_test_odd", "odd", "    size = fields.Nothing()"
    )

    with pytest.raises(ConfigurationError, match=r"tables cannot be loaded: .* 'Nothing'"):
        await Database(sqlite_url, [tables]).open()


async def test_a_database_of_a_later_version_is_refused(database: Database) -> None:
    statement = (
        "INSERT INTO tortoise_migrations (app, name, applied_at)"
        " VALUES ('core', '0999_later', '2030-01-01')"
    )
    await database.run(lambda: database.client.execute_script(statement))

    for ask in (pending, migrate):
        with pytest.raises(ConfigurationError, match=r"later version: it has core\.0999_later"):
            await ask(database)


# MySQL cannot undo a change of tables.
@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
async def test_a_migration_that_fails_leaves_nothing_behind(
    databases: DatabasesOf, dialect: Dialect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = package(tmp_path, monkeypatch, f"plugway_test_broken_{dialect}", "broken")
    await make("broken", [tables])
    (tmp_path / tables.migrations.replace(".", "/") / "0002_bad.py").write_text(
        "from tortoise import migrations\n"
        "from tortoise.migrations import operations as ops\n"
        "class Migration(migrations.Migration):\n"
        "    dependencies = [('broken', '0001_initial')]\n"
        "    operations = [ops.RunSQL('INSERT INTO nowhere VALUES (1)')]\n"
    )
    with databases(dialect).fresh() as url:
        async with Database(url, [tables]) as database:
            before = await pending(database)
            with pytest.raises(Exception, match="nowhere"):
                await migrate(database)

            assert await pending(database) == before == ["broken.0001_initial", "broken.0002_bad"]
            assert await database.run(lambda: Group.all().count()) == 0


MODEL = """
from tortoise import fields
from tortoise.models import Model

class Thing(Model):
    '''Wording does not matter.'''
    id = fields.BigIntField(primary_key=True)
    name = fields.CharField(max_length=20)
{more}
    class Meta:
        table = "{name}_thing"
"""


def package(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, label: str, more: str = ""
) -> Tables:
    """Write a plugin package; importing one twice would give its first models again."""
    monkeypatch.syspath_prepend(folder)
    migrations = folder / name / "migrations"
    migrations.mkdir(parents=True)
    (folder / name / "__init__.py").touch()
    (migrations / "__init__.py").touch()
    (folder / name / "models.py").write_text(MODEL.format(name=name, more=more))
    return Tables(label=label, models=f"{name}.models", migrations=f"{name}.migrations")


async def test_the_core_needs_no_migration() -> None:
    assert await make("core") is None


async def test_make_writes_what_then_works(
    empty_database_url: str, dialect: Dialect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = package(tmp_path, monkeypatch, f"plugway_test_made_{dialect}", f"made_{dialect}")

    made = await make(tables.label, [tables])

    assert made == tmp_path / tables.migrations.replace(".", "/") / "0001_initial.py"
    assert await make(tables.label, [tables]) is None
    async with Database(empty_database_url, [tables]) as database:
        assert await migrate(database) == ["core.0001_initial", f"{tables.label}.0001_initial"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("    size = fields.IntField(null=True)\n", "0002_size.py"),
        ("    size = fields.IntField(db_default=3)\n", "0002_size.py"),
        ("    size = fields.IntField(default=3)\n", None),
        ("    name = fields.CharField(max_length=40)\n", None),
    ],
)
async def test_make_refuses_what_is_not_safe_everywhere(
    more: str, expected: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = abs(hash(more))
    old = package(tmp_path, monkeypatch, f"plugway_test_old_{number}", f"old_{number}")
    first = await make(old.label, [old])
    assert first is not None
    new = package(tmp_path, monkeypatch, f"plugway_test_new_{number}", old.label, more)
    text = first.read_text().replace(old.migrations, new.migrations)
    folder = tmp_path / new.migrations.replace(".", "/")
    (folder / first.name).write_text(
        text.replace(f"plugway_test_old_{number}", f"plugway_test_new_{number}")
    )

    if expected is None:
        with pytest.raises(ConfigurationError, match=f"migration of '{old.label}'"):
            await make(new.label, [new], "size")
        assert not list(folder.glob("0002*"))
    else:
        assert await make(new.label, [new], "size") == folder / expected


async def test_make_names_the_labels_there_are() -> None:
    with pytest.raises(ConfigurationError, match="there are core"):
        await make("nothing")
