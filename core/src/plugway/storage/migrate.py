"""Migrations: bringing the tables to what the code expects."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tortoise.backends.base.client import BaseDBAsyncClient
from tortoise.fields import Field
from tortoise.migrations.autodetector import MigrationAutodetector
from tortoise.migrations.executor import MigrationExecutor
from tortoise.migrations.graph import MigrationKey
from tortoise.migrations.loader import MigrationLoader
from tortoise.migrations.operations import AddField, AddIndex, CreateModel, Operation
from tortoise.migrations.recorder import MigrationRecorder
from tortoise.migrations.schema_editor import BaseSchemaEditor, MySQLSchemaEditor
from tortoise.migrations.writer import format_migration_name
from tortoise.models import Model

from plugway.contract import Tables
from plugway.errors import ConfigurationError
from plugway.storage.configure import apps as configure_apps
from plugway.storage.context import Context
from plugway.storage.database import Database
from plugway.storage.locks import migration_lock

_TABLE_EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'tortoise_migrations'",
    "postgres": "SELECT 1 WHERE to_regclass('tortoise_migrations') IS NOT NULL",
    "mysql": (
        "SELECT 1 FROM information_schema.tables"
        " WHERE table_schema = DATABASE() AND table_name = 'tortoise_migrations'"
    ),
}


async def migrate(database: Database) -> list[str]:
    """Apply what is pending; processes that do so at once wait for each other.

    SQLite and PostgreSQL apply all or nothing. MySQL and MariaDB cannot undo a change of
    tables: what was done before a failure stays.

    Args:
        database: Open.

    Returns:
        The migrations applied, such as `core.0001_initial`.

    Raises:
        ConfigurationError: The database is of a later plugway, or stays locked.
        Unavailable: The database is away.
    """

    async def apply() -> list[str]:
        executor = _Executor(database)
        names = await executor.names()
        if names:
            await executor.migrate(direction="forward")
        return names

    async def locked() -> list[str]:
        async with migration_lock(database.url):
            if database.url.dialect == "mysql":
                return await apply()
            return await database.transact(apply, revise=False)

    return await database.run(locked)


async def pending(database: Database) -> list[str]:
    """List what `migrate` would apply.

    Args:
        database: Open.

    Returns:
        Migrations in order, such as `core.0001_initial`; empty: the tables are as the code
        expects them.

    Raises:
        ConfigurationError: The database is of a later plugway.
        Unavailable: The database is away, which is not the same as empty.
    """
    return await database.run(lambda: _Executor(database).names())


async def make(label: str, tables: Iterable[Tables] = (), name: str = "") -> Path | None:
    """Write the migration that brings the tables to the models.

    Args:
        label: `core`, or the label of one of the tables.
        tables: Plugins' own tables.
        name: What it does, in a word or two.

    Returns:
        The new file, in the label's migrations package; None: there is nothing to do.

    Raises:
        ConfigurationError: No such label, or a change that is not safe on every database.
    """
    connection = "plugway_sqlite"
    apps = configure_apps(tables, connection)
    if label not in apps:
        raise ConfigurationError(f"tables {label!r}: there are {', '.join(sorted(apps))}")
    context = Context()
    # The models' metadata needs a connection to be named; nothing connects to it.
    engine = {"engine": "plugway.storage.sqlite", "credentials": {"file_path": ":memory:"}}
    await context.load({"connections": {connection: engine}, "apps": apps})
    with context.active():
        assert context.apps is not None  # noqa: S101  # load has set it; this tells mypy
        for model in context.apps.get_models_iterable():
            _uncomment(model)
        for writer in await MigrationAutodetector(context.apps, apps).changes():
            if writer.app_label != label:
                continue
            for operation in writer.operations:
                _check(label, operation)
            if name and not writer.initial:
                writer.name = format_migration_name(int(writer.name[:4]), name)
            return writer.write()
    return None


def _uncomment(model: type[Model]) -> None:
    """Leave docstrings out of the tables, so that to reword one is no migration."""
    meta = model._meta  # noqa: SLF001  # Tortoise's name for what is meant to be read
    meta.table_description = ""
    for field in meta.fields_map.values():
        field.description = None


def _check(label: str, operation: Operation) -> None:
    """Refuse what SQLite does by copying tables, losing rows or indexes on the way."""
    reason = ""
    if isinstance(operation, AddField):
        field = operation.field
        if isinstance(field, Field) and not field.null and not field.has_db_default():
            reason = "give the field null=True or a db_default, for the rows that exist"
    elif not isinstance(operation, CreateModel | AddIndex):
        reason = "write it by hand, for example with RunSQL"
    if reason:
        raise ConfigurationError(f"migration of {label!r}: {operation.describe()}: {reason}")


class _Recorder(MigrationRecorder):
    """Reads which migrations were applied; a failure to read is a failure."""

    async def is_new(self) -> bool:
        query = _TABLE_EXISTS[self.connection.capabilities.dialect]
        return not (await self.connection.execute_query(query))[1]

    async def ensure_schema(self, schema_editor: BaseSchemaEditor) -> None:
        # IF NOT EXISTS makes MySQL warn on stderr.
        if await self.is_new():
            await super().ensure_schema(schema_editor)

    async def applied_migrations(self) -> list[MigrationKey]:
        if await self.is_new():
            return []
        query = f"SELECT app, name FROM {self.table_name}"  # noqa: S608  # a constant
        _, rows = await self.connection.execute_query(query)
        return [MigrationKey(app_label=row["app"], name=row["name"]) for row in rows]


class _MySQL(MySQLSchemaEditor):
    """Makes tables whose texts compare byte by byte, as on the other databases."""

    def _table_generate_extra(self, table: str) -> str:
        return " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"


class _Executor(MigrationExecutor):
    def __init__(self, database: Database) -> None:
        client: BaseDBAsyncClient = database.client
        apps: dict[str, dict[str, Any]] = database.apps
        super().__init__(client, apps)
        self.recorder = _Recorder(client)
        self.loader = MigrationLoader(apps, self.recorder, load=False)

    def _schema_editor(self, atomic: bool = True, collect_sql: bool = False) -> BaseSchemaEditor:
        if self.connection.capabilities.dialect == "mysql":
            return _MySQL(self.connection, atomic=atomic, collect_sql=collect_sql)
        return super()._schema_editor(atomic, collect_sql)

    async def names(self) -> list[str]:
        """List what is pending; refuse a database that is ahead of the code."""
        steps = await self.plan()
        ahead = {
            f"{key.app_label}.{key.name}"
            for key in self.loader.applied_migrations
            if key.app_label in self.loader.migrated_apps and key not in self.loader.graph.nodes
        }
        if ahead:
            raise ConfigurationError(
                f"the database is of a later version: it has {', '.join(sorted(ahead))}"
            )
        return [f"{step.migration.app_label}.{step.migration.name}" for step in steps]
