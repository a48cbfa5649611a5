"""Google's form of a schema, turned into JSON schema."""

from __future__ import annotations

from typing import Any

#: Whole numbers that Google's clients write in quotes, as protobuf has them.
_COUNTS = frozenset(
    {"minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"}
)
_SPELLINGS = {
    "any_of": "anyOf",
    "property_ordering": "propertyOrdering",
    "additional_properties": "additionalProperties",
    "prefix_items": "prefixItems",
    "min_items": "minItems",
    "max_items": "maxItems",
    "min_length": "minLength",
    "max_length": "maxLength",
    "min_properties": "minProperties",
    "max_properties": "maxProperties",
}


def json_schema(schema: Any) -> Any:
    """Return a schema in the words of JSON schema.

    Args:
        schema: Such as `{"type": "STRING", "nullable": true}`; what is JSON schema already
            stays as it is.

    Example:
        >>> json_schema({"type": "ARRAY", "items": {"type": "STRING"}, "maxItems": "3"})
        {'type': 'array', 'items': {'type': 'string'}, 'maxItems': 3}
        >>> json_schema({"type": "STRING", "nullable": True})
        {'type': ['string', 'null']}
    """
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for given, value in schema.items():
        name = str(_SPELLINGS.get(given, given))
        if name == "type" and isinstance(value, str):
            if value != "TYPE_UNSPECIFIED":
                found[name] = value.lower()
        elif name in _COUNTS and isinstance(value, str) and value.isdecimal() and len(value) < 20:
            found[name] = int(value)
        elif name == "properties" and isinstance(value, dict):
            found[name] = {inner: json_schema(one) for inner, one in value.items()}
        elif name in ("anyOf", "prefixItems") and isinstance(value, list):
            found[name] = [json_schema(one) for one in value]
        elif name in ("items", "additionalProperties"):
            found[name] = json_schema(value)
        else:
            found[name] = value
    if found.get("nullable") is True and isinstance(found.get("type"), str):
        del found["nullable"]
        found["type"] = [found["type"], "null"]
    return found
