"""Tortoise's configuration, made from a database URL and the plugins' tables."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from plugway.contract import Tables
from plugway.errors import ConfigurationError
from plugway.storage.url import DatabaseURL

_ENGINES = {
    "sqlite": "plugway.storage.sqlite",
    "postgres": "tortoise.backends.asyncpg",
    "mysql": "tortoise.backends.mysql",
}
_DRIVERS = {"postgres": "asyncpg", "mysql": "asyncmy"}

#: asyncmy's client flag that makes an UPDATE count the rows it found, as others do,
#: and not only those whose values changed.
_FOUND_ROWS = 2


def apps(tables: Iterable[Tables], connection: str) -> dict[str, dict[str, Any]]:
    """List whose models and migrations there are: the core's first, which others depend on.

    Args:
        tables: Plugins' own tables.
        connection: Name of Tortoise's connection.

    Returns:
        Tortoise's `apps`.

    Raises:
        ConfigurationError: Two plugins with one label.
    """
    core = {"models": ["plugway.storage.models"], "migrations": "plugway.storage.migrations"}
    found: dict[str, dict[str, Any]] = {"core": {**core, "default_connection": connection}}
    for each in tables:
        if each.label in found:
            raise ConfigurationError(f"tables {each.label!r}: two plugins use this label")
        found[each.label] = {
            "models": [each.models],
            "migrations": each.migrations,
            "default_connection": connection,
        }
    return found


def configuration(
    url: DatabaseURL, connection: str, apps: Mapping[str, dict[str, Any]], pool: int
) -> dict[str, Any]:
    """Make Tortoise's configuration.

    Args:
        url: The database.
        connection: Name of Tortoise's connection.
        apps: What `apps` returned.
        pool: Connections at the most.

    Returns:
        A dictionary for `TortoiseContext.init`; it holds the password.
    """
    if url.dialect == "sqlite":
        credentials: dict[str, Any] = {"file_path": url.path, **url.pragmas()}
    else:
        credentials = {**url.arguments(), "minsize": 1, "maxsize": pool}
    if url.dialect == "mysql":
        credentials |= {
            "client_flag": _FOUND_ROWS,
            # Tortoise sets the time zone on one connection of the pool only.
            "init_command": "SET time_zone = '+00:00'",
            "sql_mode": "'STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION'",
        }
    return {
        "connections": {connection: {"engine": _ENGINES[url.dialect], "credentials": credentials}},
        "apps": dict(apps),
        "use_tz": True,
        "timezone": "UTC",
    }


def prepare(url: DatabaseURL) -> None:
    """See to what a connection needs: the driver, or a file that only its owner can read.

    Args:
        url: The database.

    Raises:
        ConfigurationError: It cannot be had.
    """
    driver = _DRIVERS.get(url.dialect)
    if driver is not None:
        if find_spec(driver) is None:
            raise ConfigurationError(
                f"database {url} needs a driver: pip install 'plugway[{url.dialect}]'"
            )
        return
    if not Path(url.path).parent.is_dir():
        raise ConfigurationError(f"database {url} cannot be opened: its folder does not exist")
    try:
        # SQLite gives its journal files the permissions of this one. Only ever a new file: to
        # close a descriptor of one that is open drops the locks of all this process's
        # connections to it, and another process would then take their journal away.
        os.close(os.open(url.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        reason = _unusable(url.path)
        if reason is not None:
            raise ConfigurationError(f"database {url} cannot be opened: {reason}") from None
    except OSError as error:
        raise ConfigurationError(f"database {url} cannot be opened: {error.strerror}") from None


def _unusable(path: str) -> str | None:
    """Return why a path that exists cannot be a database, found out without opening it."""
    if os.path.isdir(path):
        return os.strerror(errno.EISDIR)
    return None if os.access(path, os.R_OK | os.W_OK) else os.strerror(errno.EACCES)
