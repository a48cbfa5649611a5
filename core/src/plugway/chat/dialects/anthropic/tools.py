"""The functions of a request, in the form of all dialects."""

from __future__ import annotations

import re
from collections.abc import Sequence

from plugway.chat.body import shallow
from plugway.chat.dialects.anthropic.body import (
    AnyChoice,
    AutoChoice,
    CountBody,
    InputTool,
    NamedChoice,
    NoChoice,
)
from plugway.contract import Tool, ToolChoice
from plugway.errors import BadRequest

#: Official reference: what a custom tool may be called.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,128}")

_SEARCH = "web_search_"


def functions(given: Sequence[InputTool]) -> tuple[Tool, ...]:
    """Return the client's own functions.

    Args:
        given: All tools of a request.

    Raises:
        BadRequest: One is wrong, or is a tool of Anthropic's that there is not here.
    """
    names: set[str] = set()
    found: list[Tool] = []
    for at, tool in enumerate(given):
        place = f"tools.{at}"
        if not _NAME.fullmatch(tool.name):
            raise BadRequest(
                f"{place}.name: expected 1 to 128 letters, digits, _ or -", field=f"{place}.name"
            )
        if tool.name in names:
            raise BadRequest(f"{place}.name: another tool has it", field=f"{place}.name")
        names.add(tool.name)
        if tool.type in (None, "custom"):
            found.append(_function(tool, place))
        elif not str(tool.type).startswith(_SEARCH):
            field = f"{place}.type"
            raise BadRequest(f"{field}: {str(tool.type)[:64]} is not served here", field=field)
    return tuple(found)


def search_place(given: Sequence[InputTool]) -> str | None:
    """Return where a request asks for the web to be searched, such as `tools.1`; None: nowhere.

    Args:
        given: All tools of a request.
    """
    for at, tool in enumerate(given):
        if tool.type is not None and tool.type.startswith(_SEARCH):
            return f"tools.{at}"
    return None


def choice(body: CountBody) -> ToolChoice:
    """Return whether functions are to be asked for.

    Args:
        body: The request; its tools have been read.

    Raises:
        BadRequest: It names a tool that it does not have, or has none.
    """
    given = body.tool_choice
    tools = body.tools or ()
    if given is None:
        return ToolChoice()
    if isinstance(given, NoChoice):
        return ToolChoice(mode="none")
    if not tools:
        raise BadRequest("tool_choice: is only for requests with tools", field="tool_choice")
    parallel = not given.disable_parallel_tool_use
    own = [tool.name for tool in tools if tool.type in (None, "custom")]
    match given:
        case NamedChoice(name) if name in own:
            return ToolChoice(mode="required", names=(name,), parallel=parallel)
        case NamedChoice(name) if name not in [tool.name for tool in tools]:
            raise BadRequest(
                f"tool_choice.name: there is no tool {name[:128]!r}", field="tool_choice.name"
            )
        case AnyChoice() if own:
            return ToolChoice(mode="required", parallel=parallel)
        case AutoChoice() | AnyChoice() | NamedChoice():
            # Searching the web is not a function that the model could be made to ask for.
            return ToolChoice(parallel=parallel)


def _function(tool: InputTool, place: str) -> Tool:
    field = f"{place}.input_schema"
    if tool.input_schema is None:
        raise BadRequest(f"{field}: is required", field=field)
    if tool.input_schema.get("type") != "object":
        raise BadRequest(f"{field}.type: expected 'object'", field=f"{field}.type")
    shallow(tool.input_schema, field)
    return Tool(
        name=tool.name,
        description=tool.description or "",
        parameters=tool.input_schema,
        strict=bool(tool.strict),
    )
