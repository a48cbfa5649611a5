"""Reads the settings file and the environment, without judging them."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plugway.configuration.conversion import Text
from plugway.configuration.fields import PREFIX
from plugway.errors import ConfigurationError

FILES = ("plugway.toml", "plugway.json")

#: What the deployments that plugway replaces set, and what it sets here.
LEGACY: Mapping[str, tuple[str, ...]] = {
    "PORT": ("server", "port"),
    "SQL_DSN": ("database", "url"),
    "REDIS_CONN_STRING": ("redis", "url"),
    "SESSION_SECRET": ("server", "session_secret"),
    "SERVER_ADDRESS": ("server", "public_url"),
}

#: The same for an address with its port; `PORT` comes before it.
LISTEN = "LISTEN_ADDR"

#: What tells whether the files are still those that were read.
Signature = tuple[tuple[str, int, int, int], ...]


def settings_file(home: Path) -> Path | None:
    """Return the settings file, if there is one.

    Raises:
        ConfigurationError: There are two.
    """
    found = [home / name for name in FILES if (home / name).exists()]
    if len(found) > 1:
        raise ConfigurationError(f"{' and '.join(FILES)} are both there: keep one of them")
    return found[0] if found else None


def signature(home: Path) -> Signature:
    """Return what changes when a settings file does; empty: there is none."""
    found = []
    for name in FILES:
        try:
            state = os.stat(home / name)
        except OSError:
            continue
        found.append((name, state.st_mtime_ns, state.st_size, state.st_ino))
    return tuple(found)


def read_file(file: Path | None) -> dict[str, Any]:
    """Read the names and values of a settings file.

    Raises:
        ConfigurationError: It cannot be read or is not well formed.
    """
    if file is None:
        return {}
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigurationError(f"{file.name}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{file.name}: byte {error.start} is not UTF-8") from None
    try:
        if file.suffix == ".toml":
            return tomllib.loads(text)
        data = json.loads(text, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file.name}: {error}") from None
    if not isinstance(data, dict):
        raise ConfigurationError(f"{file.name}: expected an object of tables")
    return data


def overlay(data: Mapping[str, Any], environ: Mapping[str, str]) -> dict[str, Any]:
    """Lay the environment over what the file says; empty variables count as not set.

    Args:
        data: What the file says; it is not changed.
        environ: The environment.

    Returns:
        A copy in which values from the environment are `Text`.
    """
    merged = _copy(data)
    listen = environ.get(LISTEN, "").strip()
    if listen:
        # Such as `:8000`, which is every address of the machine.
        host, colon, port = listen.rpartition(":")
        _put(merged, ("server", "host"), Text(host.strip("[]") or "0.0.0.0", LISTEN))  # noqa: S104  # asked for
        _put(merged, ("server", "port"), Text(port if colon else listen, LISTEN))
    for name, path in LEGACY.items():
        value = environ.get(name, "").strip()
        # The old names were forgiving about a slash at the end.
        value = value.rstrip("/") if name == "SERVER_ADDRESS" else value
        if value:
            _put(merged, path, Text(value, name))
    for name in sorted(environ):
        if name.startswith(PREFIX) and environ[name]:
            path = tuple(name[len(PREFIX) :].lower().split("__"))
            _put(merged, path, Text(environ[name], name))
    return merged


def _put(data: dict[str, Any], path: tuple[str, ...], value: Text) -> None:
    for name in path[:-1]:
        inner = data.get(name)
        if not isinstance(inner, dict):
            inner = data[name] = {}
        data = inner
    data[path[-1]] = value


def _copy(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _copy(value) if isinstance(value, Mapping) else value for name, value in data.items()
    }


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    data: dict[str, Any] = {}
    for name, value in pairs:
        if name in data:
            raise ValueError(f"{name} is there twice")
        data[name] = value
    return data
