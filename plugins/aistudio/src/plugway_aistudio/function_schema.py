"""JSON schemas as AI Studio's dialog takes them: a small part of OpenAPI's."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from plugway import BadRequest
from plugway_aistudio.schema_merging import (
    NARROWER,
    Merged,
    Schema,
    chosen,
    is_null,
    is_number,
    joined,
    kind_of,
    listed,
    written,
)

#: Deepest nesting that is kept; what is deeper is free.
DEPTH = 24

#: Most schemas of one function, once its references are followed.
NODES = 2_000

#: Kept as they are, by the type that their value must have.
_COUNTS = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}

#: Formats that the dialog knows (official documentation, "Schema"); others become notes.
_FORMATS = {
    "string": ("enum", "date-time"),
    "number": ("float", "double"),
    "integer": ("int32", "int64"),
}

_INDEX = re.compile(r"[0-9]{1,6}")


class Translator:
    """Writes the schemas of one function again, without what the dialog rejects.

    It rejects title, default, additionalProperties, const, anyOf, oneOf, allOf, $ref, $defs,
    exclusive bounds, multipleOf, uniqueItems and strict (reference: "Front features", tools).
    What has another spelling is translated; what has none is said in the description, for the
    model to read; titles go.
    """

    def __init__(self, root: Mapping[str, Any], where: str) -> None:
        """Begin.

        Args:
            root: The whole schema; references point into it.
            where: Names the function, for errors.
        """
        self._root = root
        self._where = where
        self._nodes = 0

    def translated(self, schema: object, path: tuple[str, ...] = (), depth: int = 0) -> Schema:
        """Write one schema again.

        Args:
            schema: A mapping; anything else allows every value.
            path: References that led to it; inside of itself none is followed again.
            depth: How deep it stands.

        Raises:
            BadRequest: A reference leads nowhere, or there are too many schemas.
        """
        return self._written(self._merged(schema, path), depth)

    def _merged(self, schema: object, path: tuple[str, ...]) -> Merged:
        self._spend()
        plain = dict(schema) if isinstance(schema, Mapping) else {}
        notes: list[str] = []
        nullable = False
        followed: list[str] = []
        while "$ref" in plain or "allOf" in plain:
            if "$ref" in plain:
                inner = [self._resolved(plain.pop("$ref"), path, followed)]
            else:
                found = listed(plain.pop("allOf"))
                inner = [one for one in found if isinstance(one, Mapping)]
            for part in inner:
                self._spend()
                plain = joined(plain, part)
        path = (*path, *followed)
        for key in ("anyOf", "oneOf"):
            found = [one for one in listed(plain.pop(key, None)) if one is not False]
            branches = [self._merged(one, path) for one in found]
            if not branches:
                continue
            nullable = nullable or any(one.nullable or is_null(one.schema) for one in branches)
            if real := [one for one in branches if not is_null(one.schema)]:
                one = chosen(real)
                notes += one.notes
                path = one.path
                # What stands beside a choice holds for every branch of it.
                plain = joined(plain, one.schema)
        nullable = nullable or plain.pop("nullable", None) is True
        kind = plain.get("type")
        if isinstance(kind, list):
            names = [one for one in kind if isinstance(one, str)]
            nullable = nullable or "null" in names
            names = [one for one in names if one != "null"] or ["null"]
            if len(names) > 1:
                notes.append(f"Or of type {', '.join(names[1:])}.")
            plain["type"] = names[0]
        return Merged(plain, notes, nullable, path)

    def _written(self, merged: Merged, depth: int) -> Schema:
        plain, notes, nullable, path = merged
        null = is_null(plain)
        known = "string" if null else kind_of(plain)
        # What a function takes is an object, whether its schema says so or not.
        kind = known or ("string" if depth else "object")
        if null:
            notes.append("Always null.")
        elif known is None and depth:
            notes.append("Any JSON value.")
        values: Schema = {"type": kind}
        if nullable or null:
            values["nullable"] = True
        if not null:
            nullable = self._values(plain, kind, values, notes) or nullable
            if nullable:
                values["nullable"] = True
        if kind == "object":
            self._object(merged, values, depth)
        elif kind == "array":
            items = plain.get("items")
            tuples = listed(plain.get("prefixItems")) or listed(items)
            if tuples:
                items = {"anyOf": tuples}
                notes.append(f"Of {len(tuples)} items, in order: {written(tuples)}")
            values["items"] = self.translated(items if depth < DEPTH else None, path, depth + 1)
        said = plain.get("description")
        description = " ".join([*([said] if isinstance(said, str) and said else []), *notes])
        if description:
            values["description"] = description
        return values

    def _values(self, plain: Schema, kind: str, values: Schema, notes: list[str]) -> bool:
        """Write what limits the value; return whether it may be null by that."""
        limits = listed(plain["enum"]) if "enum" in plain else []
        if "const" in plain:
            limits = [plain["const"]]
        nullable = None in limits
        limits = [one for one in limits if one is not None]
        if kind == "string" and any(isinstance(one, str) and one for one in limits):
            names = [one for one in limits if isinstance(one, str) and one]
            values["enum"] = list(dict.fromkeys(names))
            if "" in limits:
                notes.append("May be empty.")
        elif limits:
            rule = "One of:" if len(limits) > 1 else "Always"
            notes.append(f"{rule} {written(limits if len(limits) > 1 else limits[0])}.")
        if isinstance(form := plain.get("format"), str):
            if form in _FORMATS.get(kind, ()):
                values["format"] = form
            else:
                notes.append(f"Format: {form[:50]}.")
        if kind in ("number", "integer"):
            _bounds(plain, kind, values, notes)
        for key in _COUNTS.get(kind, ()):
            if type(count := plain.get(key)) is int and count >= 0:
                values[key] = count
        if kind == "string" and isinstance(pattern := plain.get("pattern"), str):
            values["pattern"] = pattern
        if plain.get("uniqueItems") is True:
            notes.append("No item twice.")
        if plain.get("default") is not None:
            notes.append(f"Default: {written(plain['default'])}")
        return nullable

    def _object(self, merged: Merged, values: Schema, depth: int) -> None:
        plain, notes, _, path = merged
        properties = plain.get("properties")
        found: dict[str, Schema] = {}
        if isinstance(properties, Mapping):
            if depth >= DEPTH:
                notes.append(f"With {written(list(properties))}")
            else:
                found = {
                    str(name): self.translated(inner, path, depth + 1)
                    for name, inner in properties.items()
                    if inner is not False
                }
        free = plain.get("additionalProperties")
        if isinstance(free, Mapping) and free:
            notes.append(f"Other names are free, with values such as {written(free)}")
        if found:
            values["properties"] = found
            named = [one for one in listed(plain.get("required")) if isinstance(one, str)]
            if required := [one for one in dict.fromkeys(named) if one in found]:
                values["required"] = required

    def _resolved(
        self, reference: object, path: tuple[str, ...], followed: list[str]
    ) -> Mapping[str, Any]:
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise self._refused(f"$ref {str(reference)[:100]!r}: only #/… can be followed")
        if reference in followed:
            # It is in the schema already.
            return {}
        if reference in path:
            name = reference.rpartition("/")[2].strip("#") or "the whole"
            return {"type": "object", "description": f"Again as {name}."}
        followed.append(reference)
        found: Any = self._root
        for step in reference[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, Mapping) and key in found:
                found = found[key]
            elif isinstance(found, list) and _INDEX.fullmatch(key) and int(key) < len(found):
                found = found[int(key)]
            else:
                raise self._refused(f"there is no $ref {reference[:100]!r}")
        return found if isinstance(found, Mapping) else {}

    def _spend(self) -> None:
        self._nodes += 1
        if self._nodes > NODES:
            raise self._refused("its schema is too large")

    def _refused(self, why: str) -> BadRequest:
        return BadRequest(f"{self._where}: {why}", field="tools")


def _bounds(plain: Schema, kind: str, values: Schema, notes: list[str]) -> None:
    """Write the bounds of a number; of an integer those that exclude themselves too."""
    for key, past, step, word in (
        ("minimum", "exclusiveMinimum", 1, "Greater"),
        ("maximum", "exclusiveMaximum", -1, "Less"),
    ):
        bound, beyond = plain.get(key), plain.get(past)
        if beyond is True:
            # So it was written before draft 6.
            beyond, bound = bound, None
        if is_number(beyond):
            if kind == "integer":
                beyond = (math.floor(beyond) if step > 0 else math.ceil(beyond)) + step
            else:
                notes.append(f"{word} than {beyond}.")
            bound = NARROWER[key](bound, beyond) if is_number(bound) else beyond
        if is_number(bound):
            values[key] = bound
    if is_number(plain.get("multipleOf")):
        notes.append(f"A multiple of {plain['multipleOf']}.")
