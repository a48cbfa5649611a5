"""Parts of a JSON schema made one, where only one can be said."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeGuard

import msgspec

Schema = dict[str, Any]

#: Types by the names that are met.
_TYPES = {
    "string": "string",
    "str": "string",
    "number": "number",
    "float": "number",
    "integer": "integer",
    "int": "integer",
    "boolean": "boolean",
    "bool": "boolean",
    "array": "array",
    "list": "array",
    "object": "object",
    "dict": "object",
}

#: Words that tell the type where `type` does not.
_WORDS = {
    "properties": "object",
    "additionalProperties": "object",
    "items": "array",
    "prefixItems": "array",
    "pattern": "string",
    "minLength": "string",
    "maxLength": "string",
    "minimum": "number",
    "maximum": "number",
    "exclusiveMinimum": "number",
    "exclusiveMaximum": "number",
    "multipleOf": "number",
}

#: Which of two limits holds where both do.
NARROWER: dict[str, Callable[[float, float], float]] = {
    "minimum": max,
    "exclusiveMinimum": max,
    "minLength": max,
    "minItems": max,
    "maximum": min,
    "exclusiveMaximum": min,
    "maxLength": min,
    "maxItems": min,
}

#: Longest note on one thing that has no word of its own.
_NOTE = 300


class Merged(NamedTuple):
    """Is a schema without references and choices.

    Attributes:
        schema: The rest.
        notes: What it does not say itself, for people and models.
        nullable: It may be null too.
        path: References that led to it.
    """

    schema: Schema
    notes: list[str]
    nullable: bool
    path: tuple[str, ...]


def joined(first: Schema, other: Mapping[str, Any]) -> Schema:
    """Return what both ask for; where that cannot be said, what the first does.

    Args:
        first: A schema.
        other: Another one.

    Example:
        >>> joined({"minimum": 1, "required": ["a"]}, {"minimum": 3, "required": ["b"]})
        {'minimum': 3, 'required': ['a', 'b']}
    """
    found = dict(first)
    for key, value in other.items():
        mine = found.get(key)
        if key not in found:
            found[key] = value
        elif key == "properties" and isinstance(mine, Mapping) and isinstance(value, Mapping):
            both = {name: {"allOf": [mine[name], value[name]]} for name in mine if name in value}
            found[key] = {**mine, **value, **both}
        elif key in ("required", "allOf"):
            found[key] = [*listed(mine), *listed(value)]
        elif key == "$ref":
            found["allOf"] = [*listed(found.get("allOf")), {"$ref": value}]
        elif key == "enum":
            found[key] = [one for one in listed(mine) if one in listed(value)] or mine
        elif is_number(mine) and is_number(value) and key in NARROWER:
            found[key] = NARROWER[key](mine, value)
    return found


def chosen(branches: Sequence[Merged]) -> Merged:
    """Return one schema for several of which one holds.

    Texts that are allowed become one list; objects become one that has the properties of all;
    of anything else the first is taken, and a note tells the others.

    Args:
        branches: One or more, none of them null.
    """
    first = branches[0]
    if len(branches) == 1:
        return first
    schemas = [branch.schema for branch in branches]
    kinds = {kind_of(schema) for schema in schemas}
    names = [_names(schema) for schema in schemas]
    if kinds == {"string"} and all(names):
        texts = [one for some in names for one in some]
        return Merged({"type": "string", "enum": texts}, [], False, first.path)
    if kinds == {"object"}:
        required = [listed(schema.get("required")) for schema in schemas]
        properties: dict[str, list[Any]] = {}
        for schema in schemas:
            if isinstance(found := schema.get("properties"), Mapping):
                for name, inner in found.items():
                    properties.setdefault(name, []).append(inner)
        whole: Schema = {
            "type": "object",
            "properties": {
                name: some[0] if len(some) == 1 else {"anyOf": some}
                for name, some in properties.items()
            },
            "required": [one for one in required[0] if all(one in some for some in required)],
        }
        path = tuple(dict.fromkeys([step for branch in branches for step in branch.path]))
        return Merged(whole, [f"One of these forms: {written(required)}"], False, path)
    notes = [*first.notes, f"Or: {written(schemas[1:])}"]
    return Merged(first.schema, notes, False, first.path)


def _names(schema: Schema) -> list[str]:
    """Return the texts that it allows, if it allows only some."""
    found = [schema["const"]] if "const" in schema else listed(schema.get("enum"))
    return found if all(isinstance(one, str) for one in found) else []


def kind_of(schema: Schema) -> str | None:
    """Return the type, also where only other words tell it; None: any.

    Args:
        schema: Without references and choices.
    """
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), None)
    if isinstance(kind, str) and kind.lower() in _TYPES:
        return _TYPES[kind.lower()]
    for word, type_ in _WORDS.items():
        if word in schema:
            return type_
    samples = [schema["const"]] if "const" in schema else listed(schema.get("enum"))
    known = {_TYPES.get(type(one).__name__) for one in samples if one is not None}
    return known.pop() if len(known) == 1 else None


def is_null(schema: Schema) -> bool:
    """Tell whether only null is allowed.

    Args:
        schema: Without references and choices.
    """
    return (
        schema.get("type") in ("null", ["null"])
        or ("const" in schema and schema["const"] is None)
        or schema.get("enum") == [None]
    )


def is_number(value: object) -> TypeGuard[int | float]:
    """Tell whether it is a number that JSON has.

    Args:
        value: Anything.
    """
    return type(value) is int or (type(value) is float and math.isfinite(value))


def listed(value: object) -> list[Any]:
    """Return a list; empty: it is none.

    Args:
        value: Anything.
    """
    return list(value) if isinstance(value, list | tuple) else []


def written(value: object) -> str:
    """Return its JSON, as far as a note is long.

    Args:
        value: As JSON has it.
    """
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _NOTE else text[:_NOTE] + "…"
