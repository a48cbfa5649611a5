"""Makes settings of a file and the environment."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import msgspec

from plugway.configuration.conversion import convert, unknown
from plugway.configuration.source import FILES, overlay, read_file, settings_file
from plugway.settings import PluginSettings, Settings


def load(home: Path, environ: Mapping[str, str]) -> Settings:
    """Read the settings of a gateway.

    Args:
        home: The home directory, with `plugway.toml`, `plugway.json` or neither.
        environ: The environment; it wins over the file.

    Returns:
        The settings; a plugin's own table is not checked yet: see `plugin_tables`.

    Raises:
        ConfigurationError: What is wrong, where, and what is right.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as home:
        ...     load(Path(home), {"PLUGWAY__SERVER__PORT": "8080"}).server.port
        8080
    """
    file = settings_file(home)
    return settings_from(read_file(file), environ, source=file.name if file else FILES[0])


def settings_from(data: Mapping[str, Any], environ: Mapping[str, str], *, source: str) -> Settings:
    """Make settings of what a file says and the environment.

    Raises:
        ConfigurationError: As `load`.
    """
    merged = overlay(data, environ)
    plugins = merged.get("plugins")
    if isinstance(plugins, Mapping):
        merged["plugins"] = _plugins(plugins, source)
    return convert(Settings, merged, source=source)


def plugin_tables(
    settings: Settings,
    types: Mapping[str, type[msgspec.Struct]],
    *,
    known: Collection[str] | None = None,
    source: str = FILES[0],
) -> dict[str, msgspec.Struct]:
    """Check the plugins' own tables.

    Args:
        settings: What `load` returned.
        types: The struct of each plugin that has settings, by plugin name.
        known: Names of all plugins that are installed, those left out included, so that
            a table of any other is refused; None: such tables are passed over.
        source: File name, for messages.

    Returns:
        For each of `types` its struct, made of defaults where there is no table.

    Raises:
        ConfigurationError: As `load`.

    Example:
        >>> class Echo(msgspec.Struct, frozen=True):
        ...     greeting: str = "hello"
        >>> plugin_tables(Settings(), {"echo": Echo})
        {'echo': Echo(greeting='hello')}
    """
    tables = settings.plugins.tables
    if known is not None:
        for name, table in tables.items():
            if name not in known and name not in types:
                unknown(source, ("plugins", name), table, {*known, *types})
    return {
        name: convert(type_, tables.get(name, {}), source=source, path=("plugins", name))
        for name, type_ in types.items()
    }


def _plugins(data: Mapping[str, Any], source: str) -> dict[str, Any]:
    own = {field.name for field in msgspec.structs.fields(PluginSettings)} - {"tables"}
    split: dict[str, Any] = {"tables": {}}
    for name, value in data.items():
        if name in own:
            split[name] = value
        elif name != "tables" and isinstance(value, Mapping):
            split["tables"][name] = value
        else:
            unknown(source, ("plugins", name), value, own)
    return split
