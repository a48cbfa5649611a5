"""The settings file that `plugway init` leaves, made of the structs and their docstrings."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from plugway.configuration.conversion import dotted
from plugway.configuration.fields import Field, fields, struct_of, summary
from plugway.configuration.source import FILES, settings_file
from plugway.errors import ConfigurationError
from plugway.settings import Settings

_HEAD = """\
# Settings of this gateway. Each line shows a default: remove its # to change it.
# The environment wins over this file: PLUGWAY__SERVER__PORT=8080 sets server.port.
# A running gateway takes over what changes here within a second, except where it says
# "At restart". A file with an error changes nothing; the log says what is wrong.
"""


def template(
    types: Mapping[str, type[msgspec.Struct]] | None = None,
    values: Mapping[str, Any] | None = None,
) -> str:
    """Write a settings file in which every line is commented out.

    Args:
        types: The struct of each plugin that has settings, by plugin name.
        values: Settings that do count, such as `{"server.port": 8080}`.

    Returns:
        TOML.
    """
    rest = dict(values or {})
    parts = [_HEAD]
    for path, table in tables(types or {}):
        parts.append(_wrapped(summary(table)) + f"[{dotted(path)}]\n")
        parts.extend(_entry(field, rest) for field in own(table, path))
    if rest:
        raise ConfigurationError(f"no such setting: {', '.join(rest)}")
    return "\n".join(parts)


def write_template(
    home: Path,
    types: Mapping[str, type[msgspec.Struct]] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Path:
    """Write `plugway.toml` into the home directory, for its owner only.

    Args:
        home: The home directory; it exists.
        types: As `template`.
        values: As `template`.

    Returns:
        The file.

    Raises:
        ConfigurationError: There is a settings file already, or none can be written.
    """
    there = settings_file(home)
    if there is not None:
        raise ConfigurationError(f"{there} is there already; nothing was changed")
    text = template(types, values)
    file = home / FILES[0]
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from None
    return file


def tables(
    types: Mapping[str, type[msgspec.Struct]],
) -> Iterator[tuple[tuple[str, ...], type[msgspec.Struct]]]:
    """Yield every table that a file may hold, with its path."""
    for field in msgspec.structs.fields(Settings):
        table = struct_of(field.type)
        if table is not None:
            yield (field.name,), table
    for name, type_ in sorted(types.items()):
        yield ("plugins", name), type_


def own(table: type[msgspec.Struct], path: tuple[str, ...]) -> Iterator[Field]:
    """Yield the settings that stand in a table itself."""
    # The plugins' tables stand on their own, as [plugins.<name>].
    return (field for field in fields(table, path) if field.path != ("plugins", "tables"))


def _entry(field: Field, values: dict[str, Any]) -> str:
    name = field.path[-1]
    restart = " At restart." if field.restart else ""
    takes = field.expected[0].upper() + field.expected[1:]
    text = _wrapped(f"{field.help} {takes}.{restart}")
    if dotted(field.path) in values:
        return text + f"{name} = {literal(values.pop(dotted(field.path)))}\n"
    if field.default is msgspec.NODEFAULT:
        return text + f"{name} =\n"
    if field.default is None:
        return text + f"#{name} =\n"
    return text + f"#{name} = {literal(field.default)}\n"


def literal(value: Any) -> str:
    """Write a value as TOML does."""
    if isinstance(value, Mapping):
        inner = ", ".join(f"{dotted((name,))} = {literal(one)}" for name, one in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list | tuple | set | frozenset):
        return f"[{', '.join(literal(one) for one in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _wrapped(text: str) -> str:
    lines = textwrap.wrap(text, 90, break_on_hyphens=False)
    return "".join(f"# {line}\n" for line in lines)
