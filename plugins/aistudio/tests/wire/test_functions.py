"""Functions of clients become declarations that the dialog takes, with their meaning."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugway import BadRequest, Tool
from plugway_aistudio.functions import declarations

#: What the dialog rejects (reference: "Front features", tools).
_REJECTED = {
    *("title", "default", "additionalProperties", "const", "anyOf", "oneOf", "allOf"),
    *("$ref", "$defs", "definitions", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("uniqueItems", "strict", "$schema", "examples", "not", "patternProperties"),
}


def declared(parameters: dict[str, Any], name: str = "f", description: str = "") -> Any:
    tool = Tool(name=name, description=description, parameters=parameters, strict=True)
    (found,) = json.loads(declarations([tool]))
    check(found.get("parameters"))
    return found


def check(schema: Any) -> None:
    """See that the dialog would take a schema."""
    if schema is None:
        return
    assert schema["type"] in ("string", "number", "integer", "boolean", "array", "object")
    assert not set(schema) & _REJECTED
    assert ("items" in schema) == (schema["type"] == "array")
    assert "properties" not in schema or schema["properties"]
    assert set(schema.get("required", [])) <= set(schema.get("properties", {}))
    assert all(isinstance(one, str) and one for one in schema.get("enum", []))
    for inner in [*schema.get("properties", {}).values(), schema.get("items")]:
        check(inner)


def one(schema: Any, **beside: Any) -> Any:
    """Return the translation of the schema of one argument."""
    found = declared({"type": "object", "properties": {"a": schema}, **beside})
    return found["parameters"]["properties"]["a"]


def test_a_function_is_declared() -> None:
    parameters = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Weather",
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where.", "title": "City"},
            "days": {"type": "integer", "minimum": 1, "maximum": 9},
            "units": {"type": "string", "enum": ["metric", "imperial"]},
            "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        },
        "required": ["city", "unknown", 5],
        "additionalProperties": False,
    }
    found = declared(parameters, "get_weather", "Tells the weather.")
    assert found == {
        "name": "get_weather",
        "description": "Tells the weather.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string", "description": "Where."},
                "days": {"type": "integer", "minimum": 1, "maximum": 9},
                "units": {"type": "string", "enum": ["metric", "imperial"]},
                "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
            },
            "required": ["city"],
        },
    }


@pytest.mark.parametrize(
    "parameters",
    [{}, {"type": "object"}, {"type": "object", "properties": {}}, {"additionalProperties": False}],
)
def test_a_function_without_arguments_has_no_schema(parameters: dict[str, Any]) -> None:
    assert declared(parameters, description="Now.") == {"name": "f", "description": "Now."}


def test_several_are_declared_in_their_order() -> None:
    text = declarations([Tool(name="b"), Tool(name="a", description="日本")])
    assert text == '[{"name":"b"},{"name":"a","description":"日本"}]'
    assert declarations([]) == "[]"


@pytest.mark.parametrize(
    ("schema", "translated"),
    [
        ({"const": "x"}, {"type": "string", "enum": ["x"]}),
        ({"const": 5}, {"type": "integer", "description": "Always 5."}),
        (
            {"const": True, "description": "On."},
            {"type": "boolean", "description": "On. Always true."},
        ),
        (
            {"enum": [1, 2, None]},
            {"type": "integer", "nullable": True, "description": "One of: [1,2]."},
        ),
        (
            {"enum": ["a", "", "a"]},
            {"type": "string", "enum": ["a"], "description": "May be empty."},
        ),
        ({"type": ["string", "null"]}, {"type": "string", "nullable": True}),
        ({"type": ["null"]}, {"type": "string", "nullable": True, "description": "Always null."}),
        ({"type": ["integer", "string"]}, {"type": "integer", "description": "Or of type string."}),
        ({"type": "STRING"}, {"type": "string"}),
        ({"type": "string", "nullable": True}, {"type": "string", "nullable": True}),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, {"type": "integer", "nullable": True}),
        (
            {"oneOf": [{"const": "a"}, {"enum": ["b", "c"]}]},
            {"type": "string", "enum": ["a", "b", "c"]},
        ),
        (
            {"anyOf": [{"type": "string"}, {"type": "integer"}], "description": "Id."},
            {"type": "string", "description": 'Id. Or: [{"type":"integer"}]'},
        ),
        (
            {"allOf": [{"type": "integer", "minimum": 1}, {"minimum": 3, "maximum": 9}]},
            {"type": "integer", "minimum": 3, "maximum": 9},
        ),
        ({"type": "integer", "exclusiveMinimum": 0}, {"type": "integer", "minimum": 1}),
        ({"type": "integer", "exclusiveMaximum": 9.5}, {"type": "integer", "maximum": 9}),
        (
            {"type": "number", "minimum": 2, "exclusiveMinimum": True},
            {"type": "number", "minimum": 2, "description": "Greater than 2."},
        ),
        (
            {"type": "integer", "multipleOf": 5},
            {"type": "integer", "description": "A multiple of 5."},
        ),
        ({"type": "integer", "default": 0}, {"type": "integer", "description": "Default: 0"}),
        ({"type": "string", "default": None}, {"type": "string"}),
        ({"type": "string", "format": "date-time"}, {"type": "string", "format": "date-time"}),
        ({"type": "string", "format": "uri"}, {"type": "string", "description": "Format: uri."}),
        (
            {"type": "string", "minLength": 1, "pattern": "^a"},
            {"type": "string", "minLength": 1, "pattern": "^a"},
        ),
        (
            {"type": "array"},
            {"type": "array", "items": {"type": "string", "description": "Any JSON value."}},
        ),
        (
            {"items": {"type": "number"}, "uniqueItems": True},
            {"type": "array", "items": {"type": "number"}, "description": "No item twice."},
        ),
        (
            {"type": "array", "prefixItems": [{"type": "string"}]},
            {
                "type": "array",
                "items": {"type": "string"},
                "description": 'Of 1 items, in order: [{"type":"string"}]',
            },
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer"}},
            {
                "type": "object",
                "description": 'Other names are free, with values such as {"type":"integer"}',
            },
        ),
        ({}, {"type": "string", "description": "Any JSON value."}),
        (True, {"type": "string", "description": "Any JSON value."}),
        ({"type": "nonsense"}, {"type": "string", "description": "Any JSON value."}),
        ({"minimum": 5}, {"type": "number", "minimum": 5}),
    ],
)
def test_what_the_dialog_rejects_is_said_otherwise(schema: Any, translated: Any) -> None:
    assert one(schema) == translated


def test_objects_of_which_one_holds_become_one_object() -> None:
    cat = {"type": "object", "properties": {"kind": {"const": "cat"}, "lives": {"type": "integer"}}}
    dog = {"type": "object", "properties": {"kind": {"const": "dog"}, "name": {"type": "string"}}}
    cat["required"], dog["required"] = ["kind", "lives"], ["kind", "name"]
    assert one({"oneOf": [cat, dog]}) == {
        "type": "object",
        "description": 'One of these forms: [["kind","lives"],["kind","name"]]',
        "properties": {
            "kind": {"type": "string", "enum": ["cat", "dog"]},
            "name": {"type": "string"},
            "lives": {"type": "integer"},
        },
        "required": ["kind"],
    }


def test_references_are_followed() -> None:
    defs = {
        "Name": {"type": "string", "title": "Name"},
        "a/b~c": {"$ref": "#/$defs/Name", "description": "A name."},
    }
    schema = {"$ref": "#/$defs/a~1b~0c", "minLength": 2}
    assert one(schema, **{"$defs": defs}) == {
        "type": "string",
        "minLength": 2,
        "description": "A name.",
    }
    shared = {"allOf": [{"$ref": "#/definitions/X"}, {"$ref": "#/definitions/Y"}]}
    both = {"X": {"type": "integer", "minimum": 1}, "Y": {"maximum": 5}}
    assert one(shared, definitions=both) == {"type": "integer", "minimum": 1, "maximum": 5}


def test_what_is_used_twice_does_not_hold_itself() -> None:
    image = {"type": "object", "properties": {"url": {"type": "string"}}}
    defs = {"$defs": {"Image": image}}
    reference = {"$ref": "#/$defs/Image"}
    twice = one({"allOf": [reference, reference]}, **defs)
    assert twice == image
    either = one({"anyOf": [{"type": "array", "items": reference}, reference]}, **defs)
    assert either["items"] == image
    listed = declared({"properties": {"a": reference, "b": reference}, **defs})
    assert listed["parameters"]["properties"] == {"a": image, "b": image}


def test_a_schema_that_holds_itself_ends() -> None:
    node = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "children": {"type": "array", "items": {"$ref": "#/$defs/Node"}},
            "parent": {"anyOf": [{"$ref": "#/$defs/Node"}, {"type": "null"}]},
        },
    }
    found = one({"$ref": "#/$defs/Node"}, **{"$defs": {"Node": node}})
    again = {"type": "object", "description": "Again as Node."}
    assert found["properties"]["children"]["items"] == again
    assert found["properties"]["parent"] == {**again, "nullable": True}
    assert one({"$ref": "#"})["properties"]["a"] == {
        "type": "object",
        "description": "Again as the whole.",
    }


@pytest.mark.parametrize(
    ("parameters", "why"),
    [
        ({"type": "array"}, "must be an object, not array"),
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/No"}}}, "there is no"),
        ({"type": "object", "properties": {"a": {"$ref": "https://x"}}}, "only #/"),
        ({"type": "object", "properties": {"a": {"$ref": 5}}}, "only #/"),
        ({"type": "object", "properties": {"a": {"description": "\ud800"}}}, "cannot be said"),
    ],
)
def test_what_cannot_be_said_is_refused_by_name(parameters: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRequest, match=f"^tools: get_it: .*{why}") as caught:
        declared(parameters, "get_it")
    assert caught.value.field == "tools"


def test_what_grows_without_end_is_refused() -> None:
    defs = {
        f"d{n}": {"type": "object", "properties": {k: {"$ref": f"#/$defs/d{n + 1}"} for k in "abc"}}
        for n in range(20)
    }
    defs["d20"] = {"type": "object", "properties": {}}
    with pytest.raises(BadRequest, match="too large"):
        one({"$ref": "#/$defs/d0"}, **{"$defs": defs})
    wide = {f"e{n}": {"anyOf": [{"$ref": f"#/$defs/e{n + 1}"}] * 3} for n in range(20)}
    with pytest.raises(BadRequest, match="too large"):
        one({"$ref": "#/$defs/e0"}, **{"$defs": {**wide, "e20": {}}})


def test_what_is_nested_deeply_ends() -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema}}
    assert declared(schema)["name"] == "f"
    for key in ("anyOf", "allOf"):
        choice: dict[str, Any] = {"type": "string"}
        for _ in range(200):
            choice = {key: [choice]}
        assert one(choice) == {"type": "string"}


@pytest.mark.parametrize("name", ["", "1st", "a b", "naïve", "-x", "x" * 129, "a\n"])
def test_names_that_cannot_be_called_are_refused(name: str) -> None:
    with pytest.raises(BadRequest, match="no name of a function"):
        declarations([Tool(name=name)])


def test_a_name_that_is_there_twice_is_refused() -> None:
    with pytest.raises(BadRequest, match="again is there twice"):
        declarations([Tool(name="again"), Tool(name="again")])


_KEYS = st.sampled_from(
    [
        *("type", "properties", "items", "enum", "const", "anyOf", "oneOf", "allOf", "$ref"),
        *("required", "$defs", "minimum", "maximum", "exclusiveMinimum", "multipleOf", "format"),
        *("description", "nullable", "prefixItems", "additionalProperties", "default", "a"),
    ]
)
_ATOMS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(["string", "object", "array", "null", "#", "#/$defs/a", "#/properties/a", ""])
)
_ODD = st.recursive(
    _ATOMS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=5),
    max_leaves=25,
)


@settings(deadline=None)
@given(schema=st.dictionaries(_KEYS, _ODD, max_size=6))
def test_whatever_the_schema_it_is_declared_or_refused(schema: dict[str, Any]) -> None:
    error: BadRequest | None = None
    try:
        declared(schema)
    except BadRequest as caught:
        error = caught
    assert error is None or error.message.startswith("tools: f: ")
