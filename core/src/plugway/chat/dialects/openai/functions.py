"""Functions that a model may ask for, and whether it must."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from plugway.contract import Tool, ToolChoice
from plugway.errors import BadRequest

#: As the official API has it.
_Name = Annotated[str, msgspec.Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]

#: Levels of a JSON schema; the official API allows ten of an answer's.
DEEPEST = 64


class FunctionBody(msgspec.Struct, frozen=True):
    """Describes a function."""

    name: _Name
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class ToolBody(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """Offers a function; tools of other types cannot be used here."""

    function: FunctionBody


class Named(msgspec.Struct, frozen=True):
    """Names a function."""

    name: str


class NamedTool(msgspec.Struct, frozen=True, tag_field="type", tag="function"):
    """Wants this function to be asked for."""

    function: Named


class AllowedTools(msgspec.Struct, frozen=True):
    """Names the functions that may be asked for."""

    mode: Literal["auto", "required"]
    tools: list[NamedTool]


class AllowedChoice(msgspec.Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    """Wants no other functions to be asked for."""

    allowed_tools: AllowedTools


ChoiceBody = Literal["none", "auto", "required"] | NamedTool | AllowedChoice


def tools_of(tools: list[ToolBody] | None) -> tuple[Tool, ...]:
    """Return the functions that a model may ask for.

    Args:
        tools: As the client wrote them.

    Raises:
        BadRequest: A name comes twice, or a schema is nested too deeply.
    """
    found: dict[str, Tool] = {}
    for number, tool in enumerate(tools or ()):
        body, field = tool.function, f"tools[{number}].function"
        if body.name in found:
            raise BadRequest(f"{field}.name: {body.name} is there twice", field=f"{field}.name")
        found[body.name] = Tool(
            name=body.name,
            description=body.description or "",
            parameters=shallow(body.parameters or {}, f"{field}.parameters"),
            strict=bool(body.strict),
        )
    return tuple(found.values())


def choice_of(
    choice: ChoiceBody | None, parallel: bool | None, tools: tuple[Tool, ...]
) -> ToolChoice:
    """Return whether functions are to be asked for.

    Args:
        choice: As the client wrote it.
        parallel: Several at once are welcome; None: they are.
        tools: The functions.

    Raises:
        BadRequest: It wants a function that there is not.
    """
    together = parallel is not False
    match choice:
        case None:
            return ToolChoice(parallel=together)
        case NamedTool():
            field = "tool_choice.function.name"
            name = _known(choice.function.name, tools, field)
            return ToolChoice(mode="required", names=(name,), parallel=together)
        case AllowedChoice():
            allowed = choice.allowed_tools
            field = "tool_choice.allowed_tools.tools"
            names = tuple(
                [
                    _known(tool.function.name, tools, f"{field}[{number}].function.name")
                    for number, tool in enumerate(allowed.tools)
                ]
            )
            if not names:
                raise BadRequest(f"{field}: names no function", field=field)
            return ToolChoice(mode=allowed.mode, names=names, parallel=together)
        case _:
            if choice == "required" and not tools:
                raise BadRequest("tool_choice: there are no tools", field="tool_choice")
            return ToolChoice(mode=choice, parallel=together)


def shallow(schema: dict[str, Any], field: str) -> dict[str, Any]:
    """Return a JSON schema that whoever walks through it can walk through.

    Args:
        schema: As the client wrote it.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is nested too deeply.
    """
    level: list[Any] = [schema]
    for _ in range(DEEPEST):
        below: list[Any] = []
        for one in level:
            if isinstance(one, dict):
                below += one.values()
            elif isinstance(one, list):
                below += one
        if not below:
            return schema
        level = below
    raise BadRequest(f"{field}: is nested too deeply", field=field)


def _known(name: str, tools: tuple[Tool, ...], field: str) -> str:
    if all(tool.name != name for tool in tools):
        raise BadRequest(f"{field}: there is no function {name[:64]!r} in tools", field=field)
    return name
