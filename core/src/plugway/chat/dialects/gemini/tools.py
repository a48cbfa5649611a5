"""What a model may ask for: `tools` and `toolConfig`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

from plugway.chat.dialects.gemini.fields import Fields, wrong
from plugway.chat.dialects.gemini.schema import json_schema
from plugway.contract import Tool, ToolChoice

#: Google: a letter or an underscore first, 128 characters at the most.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]{0,127}")

_SEARCHES = ("googleSearch", "googleSearchRetrieval")

_MODES: dict[str, Literal["auto", "none", "required"]] = {
    "MODE_UNSPECIFIED": "auto",
    "AUTO": "auto",
    "VALIDATED": "auto",
    "ANY": "required",
    "NONE": "none",
}


def read_tools(asked: Fields, given: dict[str, str]) -> tuple[tuple[Tool, ...], bool | None]:
    """Return the functions of a request, and whether the web is to be searched.

    Args:
        asked: The body.
        given: Gets where they stand.

    Raises:
        BadRequest: One is described badly, or there is no such tool here.
    """
    tools: list[Tool] = []
    search = None
    for group in asked.each("tools"):
        for name, place in group.named():
            if name == "functionDeclarations":
                given.setdefault("tools", place)
                tools += _functions(group, {tool.name for tool in tools})
            elif name in _SEARCHES:
                group.inner(name)
                given.setdefault("search", place)
                search = True
            else:
                raise wrong(place, "is not a tool that there is here")
    return tuple(tools), search


def _functions(group: Fields, taken: set[str]) -> Iterator[Tool]:
    for function in group.each("functionDeclarations"):
        name = function.needed("name")
        if not _NAME.fullmatch(name):
            raise wrong(
                function.spelt("name"),
                "must begin with a letter or _, and have at most 128 of a-z A-Z 0-9 _ . : -",
            )
        if name in taken:
            raise wrong(function.spelt("name"), f"{name} is there twice")
        taken.add(name)
        own, plain = function.anything("parameters"), function.anything("parametersJsonSchema")
        if own is not None and plain is not None:
            raise wrong(function.spelt("parametersJsonSchema"), "cannot go with parameters")
        yield Tool(
            name=name,
            description=function.text("description") or "",
            parameters=(plain if own is None else json_schema(own)) or {},
        )


def read_choice(asked: Fields, tools: tuple[Tool, ...], given: dict[str, str]) -> ToolChoice:
    """Return whether functions are to be asked for.

    Args:
        asked: The body.
        tools: The functions.
        given: Gets where it stands.

    Raises:
        BadRequest: It names what there is not.
    """
    whole = asked.inner("toolConfig")
    config = None if whole is None else whole.inner("functionCallingConfig")
    if config is None:
        return ToolChoice()
    given["tool_choice"] = config.place
    mode = config.word("mode", *_MODES) or "AUTO"
    names = config.texts("allowedFunctionNames")
    if mode == "ANY" and not tools:
        raise wrong(config.spelt("mode"), "ANY needs functionDeclarations")
    if names and mode not in ("ANY", "VALIDATED"):
        raise wrong(config.spelt("allowedFunctionNames"), "goes with the modes ANY and VALIDATED")
    known = {tool.name for tool in tools}
    for at, name in enumerate(names):
        if name not in known:
            place = f"{config.spelt('allowedFunctionNames')}[{at}]"
            raise wrong(place, "is not among the functionDeclarations")
    return ToolChoice(mode=_MODES[mode], names=names)
