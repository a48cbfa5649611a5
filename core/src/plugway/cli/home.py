"""A gateway's home directory, made once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from plugway.clock import SystemClock
from plugway.configuration import load, write_template
from plugway.configuration.source import settings_file
from plugway.credentials.vault import FILE, VARIABLE, Vault
from plugway.errors import ConfigurationError
from plugway.identity.bootstrap import administrator
from plugway.identity.keys import NewKey
from plugway.plugins import LoadedPlugins, load_plugins
from plugway.storage.database import Database
from plugway.storage.migrate import migrate, pending
from plugway.storage.models import User
from plugway.storage.url import DatabaseURL


def open_to_others(path: Path) -> bool:
    """Say whether other users of this machine may read a file or directory."""
    return bool(path.stat().st_mode & 0o077)


def database_of(home: Path, environ: Mapping[str, str]) -> tuple[Database, LoadedPlugins]:
    """Return the database that the settings name, not open yet, and the plugins.

    Args:
        home: The home directory.
        environ: Overrides of the settings.

    Raises:
        ConfigurationError: The settings are not usable.
    """
    settings = load(home, environ)
    loaded = load_plugins(settings.plugins)
    url = DatabaseURL.parse(settings.database.url, home=home)
    return Database(url, loaded.tables, settings.database.pool), loaded


async def set_up(home: Path, environ: Mapping[str, str], *, admin: str = "admin") -> NewKey | None:
    """Make what is missing of a home: directory, vault key, settings file, tables, administrator.

    One that was interrupted may be run again.

    Args:
        home: The home directory.
        environ: Overrides of the settings.
        admin: Name of the first administrator.

    Returns:
        The administrator's key; None: the database, which other nodes use, has one already.

    Raises:
        ConfigurationError: It is set up already, or cannot be; what there is stays.
    """
    _make_directory(home)
    has_settings = settings_file(home) is not None
    has_key = bool(environ.get(VARIABLE, "").strip()) or (home / FILE).exists()
    database, loaded = database_of(home, environ)
    async with database:
        used = not await pending(database) and await database.run(
            lambda: User.filter(role="admin").exists()
        )
        if used and has_settings and has_key:
            raise ConfigurationError(f"{home} is set up already; nothing was changed")
        if used and not has_key:
            raise ConfigurationError(
                f"database {database.url} is in use by another node: copy its {FILE} to "
                f"{home}, or set {VARIABLE}"
            )
        vault = Vault.load(home, environ) if has_key else Vault.create(home)
        if not has_settings:
            # An address from the environment is kept: a later command without it would
            # otherwise begin an empty SQLite database beside it.
            url = load(home, environ).database.url
            values = {"database.url": url} if url else None
            write_template(home, loaded.settings_types, values)
        if used:
            return None
        await migrate(database)
        return await administrator(database, vault, SystemClock(), name=admin)


def _make_directory(home: Path) -> None:
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        if open_to_others(home) and not any(home.iterdir()):
            os.chmod(home, 0o700)
    except OSError as error:
        raise ConfigurationError(f"{home} cannot be made: {error.strerror}") from None
