"""Turns what was read into structs; what is wrong is said by name, with what is right."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, NoReturn, TypeVar

import msgspec
from msgspec import inspect

from plugway.configuration.fields import core_type, expected, struct_of, variable
from plugway.errors import BadRequest, ConfigurationError
from plugway.settings import marked

T = TypeVar("T", bound=msgspec.Struct)

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LISTS = (
    inspect.ListType,
    inspect.VarTupleType,
    inspect.TupleType,
    inspect.SetType,
    inspect.FrozenSetType,
)


class Text(str):
    """Is a value from the environment: text that still needs its type.

    Attributes:
        variable: Where it came from.
    """

    __slots__ = ("variable",)

    variable: str

    def __new__(cls, value: str, variable: str) -> Text:
        text = super().__new__(cls, value)
        text.variable = variable
        return text


def convert(table: type[T], data: Any, *, source: str, path: tuple[str, ...] = ()) -> T:
    """Check one table and build its struct.

    Args:
        table: The struct.
        data: Names and values as read; those from the environment are `Text`.
        source: File name, for messages.
        path: Where the table stands.

    Returns:
        The struct.

    Raises:
        ConfigurationError: A name that is not known, a value of another type or out of its
            range, or one that is missing; the message shows no secret.
    """
    if not isinstance(data, Mapping):
        refuse(source, path, data, f"expected a table, got {_shown(data)}")
    known = {field.encode_name: field for field in msgspec.structs.fields(table)}
    for name, value in data.items():
        if name not in known:
            unknown(source, (*path, name), value, known)
    values: dict[str, Any] = {}
    for name, field in known.items():
        here = (*path, name)
        if name in data:
            inner = struct_of(field.type)
            if inner is not None:
                values[field.name] = convert(inner, data[name], source=source, path=here)
            else:
                values[field.name] = _leaf(field.type, data[name], source, here)
        elif field.required:
            refuse(source, here, None, f"is missing: {expected(field.type)}")
    try:
        return table(**values)
    except (ConfigurationError, BadRequest) as error:
        at = tuple(error.field.split(".")) if error.field else ()
        refuse(source, (*path, *at), _find(data, at), error.message)
    except (ValueError, TypeError) as error:
        refuse(source, path, None, str(error))


def unknown(
    source: str, path: tuple[str, ...], value: Any, known: Mapping[str, Any] | set[str]
) -> NoReturn:
    """Refuse a name that is not known, and suggest the nearest that is.

    Raises:
        ConfigurationError: Always.
    """
    near = get_close_matches(path[-1], known, n=1)
    if near:
        right = (*path[:-1], near[0])
        hint = variable(right) if _origin(value) else dotted(right)
        refuse(source, path, value, f"no such setting; did you mean {hint}?")
    names = ", ".join(sorted(known)) or "none"
    refuse(source, path, value, f"no such setting; there are: {names}")


def refuse(source: str, path: tuple[str, ...], value: Any, message: str) -> NoReturn:
    """Name a wrong setting by its variable, or by its file and place.

    Raises:
        ConfigurationError: Always.
    """
    origin = _origin(value)
    if origin is not None:
        raise ConfigurationError(f"{origin}: {message}")
    where = f"{source}: {dotted(path)}" if path else source
    raise ConfigurationError(f"{where}: {message}")


def dotted(path: tuple[str, ...]) -> str:
    """Write a path as TOML does."""
    return ".".join(name if _BARE.fullmatch(name) else json.dumps(name) for name in path)


def _leaf(annotation: Any, value: Any, source: str, path: tuple[str, ...]) -> Any:
    try:
        if isinstance(value, Text):
            return _from_text(annotation, value)
        return msgspec.convert(value, annotation)
    except ValueError:
        # msgspec's own text names Python's types, and may repeat the value.
        got = "" if marked(annotation, "secret") else f", got {_shown(value)}"
        refuse(source, path, value, f"expected {expected(annotation)}{got}")


def _from_text(annotation: Any, text: Text) -> Any:
    kind = core_type(inspect.type_info(annotation))
    plain: Any = str(text).strip()
    if isinstance(kind, _LISTS) and not plain.startswith("["):
        plain = [item.strip() for item in plain.split(",") if item.strip()]
    elif isinstance(kind, (*_LISTS, inspect.DictType)):
        plain = json.loads(plain)
    elif isinstance(kind, inspect.StrType):
        plain = str(text)
    return msgspec.convert(plain, annotation, strict=False)


def _origin(value: Any) -> str | None:
    """Return the variable of a value that came from the environment alone."""
    if isinstance(value, Text):
        return value.variable
    if isinstance(value, Mapping) and value:
        origins = [_origin(inner) for inner in value.values()]
        return origins[0] if None not in origins else None
    return None


def _find(data: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if path else None


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return repr(str(value) if len(value) <= 60 else value[:60] + "…")
    if isinstance(value, int | float):
        return f"{value!r:.60}"
    if isinstance(value, Mapping):
        return "a table"
    return "a list" if isinstance(value, list) else f"a {type(value).__name__}"
