"""The client's functions as AI Studio's dialog takes them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import msgspec

from plugway import BadRequest, Tool
from plugway_aistudio.function_schema import Translator

#: Names that the upstream takes (official documentation, "FunctionDeclaration").
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")


def declarations(tools: Sequence[Tool]) -> str:
    """Return the JSON text of the array of declarations for the page's dialog.

    A function without arguments gets no schema: the dialog wants an object to have properties.
    That arguments must fit exactly (`strict`) cannot be told it.

    Args:
        tools: In the client's order; names unique.

    Raises:
        BadRequest: A name is not usable or there twice, or a schema cannot be said; the message
            names the function.

    Example:
        >>> schema = {"type": "object", "properties": {"n": {"const": "a", "title": "N"}}}
        >>> print(declarations([Tool(name="f", parameters=schema)]))
        [{"name":"f","parameters":{"type":"object","properties":{"n":{"type":"string","enum":["a"]}}}}]
    """
    names: set[str] = set()
    texts: list[bytes] = []
    for tool in tools:
        shown = tool.name[:128]
        if _NAME.fullmatch(tool.name) is None:
            raise BadRequest(
                f"tools: {shown!r} is no name of a function: it begins with a letter or _, goes on"
                " with letters, digits and _ . : -, and has 128 characters at most",
                field="tools",
            )
        if tool.name in names:
            raise BadRequest(f"tools: {shown} is there twice", field="tools")
        names.add(tool.name)
        try:
            texts.append(msgspec.json.encode(_declaration(tool)))
        except (RecursionError, ValueError, TypeError, OverflowError):
            raise BadRequest(f"tools: {shown}: its schema cannot be said", field="tools") from None
    return f"[{b','.join(texts).decode()}]"


def _declaration(tool: Tool) -> dict[str, Any]:
    said = [tool.description] if tool.description else []
    found: dict[str, Any] = {"name": tool.name}
    schema: dict[str, Any] = {}
    if tool.parameters:
        schema = Translator(tool.parameters, f"tools: {tool.name}").translated(tool.parameters)
        if schema["type"] != "object":
            raise BadRequest(
                f"tools: {tool.name}: its parameters must be an object, not {schema['type']}",
                field="tools",
            )
        schema.pop("nullable", None)
        if "properties" not in schema and "description" in schema:
            said.append(schema["description"])
    if said:
        found["description"] = " ".join(said)
    if "properties" in schema:
        found["parameters"] = schema
    return found
