"""Functions through the page's own dialog, as clients of OpenAI's API see them."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import say

from plugway_aistudio.emulated.answer import answer
from plugway_aistudio.emulated.parts import call, text, thought

pytestmark = pytest.mark.anyio

WEATHER = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": 'Where, such as »Köln« or "北京".'},
        "days": {"type": "integer"},
        "hourly": {"type": "boolean"},
        "units": {"type": "string", "enum": ["metric", "imperial"]},
        "at": {"type": "array", "items": {"type": "number"}},
    },
    "required": ["city", "days"],
}

#: What an earlier dialog would have refused.
ODD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "Search",
    "type": "object",
    "additionalProperties": False,
    "$defs": {"when": {"type": "string", "format": "date-time", "title": "When"}},
    "properties": {
        "from": {"$ref": "#/$defs/when"},
        "limit": {"anyOf": [{"type": "integer"}, {"type": "null"}], "default": 10},
        "kind": {"const": "exact"},
        "weight": {"type": "number", "exclusiveMinimum": 0, "multipleOf": 0.5},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
    "required": ["from"],
}


def tool(name: str, parameters: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    function = {"name": name, "description": f"Does {name}.", **more}
    if parameters is not None:
        function["parameters"] = parameters
    return {"type": "function", "function": function}


async def test_functions_reach_the_upstream_and_calls_the_client(
    studio: AIStudioGateway, streams: bool
) -> None:
    tools = [tool("get_weather", WEATHER), tool("get-time"), tool("noop", {})]
    said = await say(studio, "Please call get_weather now", streams=streams, tools=tools)
    asked = studio.emulator.asked[-1]
    assert [one["name"] for one in asked.functions] == ["get_weather", "get-time", "noop"]
    assert asked.functions[0]["description"] == "Does get_weather."
    assert asked.functions[0]["parameters"] == WEATHER
    (called,) = said.calls
    assert called["type"] == "function"
    assert called["function"]["name"] == "get_weather"
    assert msgspec.json.decode(called["function"]["arguments"]) == {
        "city": "Paris",
        "days": 3,
        "hourly": True,
        "units": "Paris",
        "at": ["a", 1],
    }
    assert called["id"]
    assert (said.finish, said.text) == ("tool_calls", "")
    # And nothing is left over.
    await say(studio, "Please call get_weather now", streams=streams)
    assert studio.emulator.asked[-1].functions == ()


async def test_a_call_beside_text_and_thoughts(studio: AIStudioGateway, streams: bool) -> None:
    studio.emulator.script(answer(thought("Hm."), text("I look."), call("look", {"a": None})))
    said = await say(studio, streams=streams, tools=[tool("look")])
    assert (said.thoughts, said.text, said.finish) == ("Hm.", "I look.", "tool_calls")
    assert said.calls[0]["function"] == {"name": "look", "arguments": '{"a":null}'}


async def test_several_calls_that_are_the_same_are_several(
    studio: AIStudioGateway, streams: bool
) -> None:
    parts = [call("look", {"at": "it"}), call("look", {"at": "it"}), call("look", {"at": "it"})]
    studio.emulator.script(answer(*parts))
    said = await say(studio, streams=streams, tools=[tool("look")])
    assert [one["function"]["arguments"] for one in said.calls] == ['{"at":"it"}'] * 3
    assert len({one["id"] for one in said.calls}) == 3
    assert said.finish == "tool_calls"


async def test_one_call_is_enough_for_who_wants_one(studio: AIStudioGateway, streams: bool) -> None:
    before = await studio.charged()
    parts = [call("look", {"at": 1}), call("look", {"at": 2})]
    studio.emulator.script(answer(*parts))
    said = await say(studio, streams=streams, tools=[tool("look")], parallel_tool_calls=False)
    assert [one["function"]["arguments"] for one in said.calls] == ['{"at":1}']
    assert said.finish == "tool_calls"
    assert await studio.charged() > before
    # The page is as good as before.
    assert (await say(studio, "And now?", streams=streams)).text.startswith("You said: And now?")


async def test_what_a_function_returned_goes_with_the_next_question(
    studio: AIStudioGateway, streams: bool
) -> None:
    tools = [tool("look", WEATHER), tool("hear")]
    first = await say(studio, "call look and call hear", streams=streams, tools=tools)
    look, hear = first.calls
    said = [
        {"role": "user", "content": "call look and call hear"},
        {"role": "assistant", "content": None, "tool_calls": [look, hear]},
        {"role": "tool", "tool_call_id": look["id"], "content": '{"seen": "a\\n[b]"}'},
        {"role": "tool", "tool_call_id": hear["id"], "content": "nothing"},
    ]
    await say(studio, said, streams=streams, tools=tools)
    asked = studio.emulator.asked[-1]
    assert [one["name"] for one in asked.functions] == ["look", "hear"]
    for part in (
        "User: call look and call hear",
        f"[calls look({look['function']['arguments']}) as {look['id']}]",
        f'[look, called as {look["id"]}, returned: {{"seen": "a\\n[b]"}}]',
        f"[hear, called as {hear['id']}, returned: nothing]",
    ):
        assert part in asked.text
    assert asked.text.endswith("\n\nAssistant:")


async def test_a_schema_that_the_dialog_would_refuse_is_said_otherwise(
    studio: AIStudioGateway,
) -> None:
    said = await say(studio, "call find", streams=False, tools=[tool("find", ODD, strict=True)])
    assert said.calls[0]["function"]["name"] == "find"
    (asked,) = studio.emulator.asked[-1].functions
    parameters = asked["parameters"]
    assert list(parameters["properties"]) == ["from", "limit", "kind", "weight", "tags"]
    assert parameters["properties"]["from"]["type"] == "string"
    assert parameters["properties"]["kind"]["enum"] == ["exact"]
    assert parameters["required"] == ["from"]


async def test_a_hundred_functions(studio: AIStudioGateway) -> None:
    tools = [tool(f"function_{number}", ODD) for number in range(100)]
    said = await say(studio, "call function_99", streams=False, tools=tools)
    assert said.calls[0]["function"]["name"] == "function_99"
    assert len(studio.emulator.asked[-1].functions) == 100


async def test_functions_that_must_not_be_called_are_none(studio: AIStudioGateway) -> None:
    said = await say(studio, "call look", streams=False, tools=[tool("look")], tool_choice="none")
    assert (said.calls, said.finish) == ([], "stop")
    assert studio.emulator.asked[-1].functions == ()


@pytest.mark.parametrize(
    "choice",
    [
        "required",
        {"type": "function", "function": {"name": "look"}},
        {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "auto",
                "tools": [{"type": "function", "function": {"name": "look"}}],
            },
        },
    ],
    ids=["required", "named", "allowed"],
)
async def test_a_call_that_must_be_cannot_be_had(studio: AIStudioGateway, choice: object) -> None:
    before = len(studio.emulator.asked)
    refused = await studio.ask("Hi", tools=[tool("look"), tool("hear")], tool_choice=choice)
    assert (refused.status, refused.error["param"]) == (400, "tool_choice")
    assert len(studio.emulator.asked) == before


@pytest.mark.parametrize(
    ("model", "fields", "param"),
    [
        ("gemma-3-27b-it", {"tools": [tool("look")]}, "tools"),
        (
            "gemini-flash-latest",
            {"tools": [tool("look")], "web_search_options": {}},
            "web_search_options",
        ),
        ("gemini-flash-latest", {"tools": [tool("look", {"type": "string"})]}, "tools"),
        ("gemini-flash-latest", {"tools": [tool("1look")]}, "tools"),
    ],
    ids=["model", "search", "schema", "name"],
)
async def test_what_cannot_be_is_refused_by_name(
    studio: AIStudioGateway, model: str, fields: dict[str, Any], param: str
) -> None:
    before = len(studio.emulator.asked)
    for streams in (False, True):
        refused = await studio.ask("Hi", model, **fields, stream=streams)
        assert (refused.status, refused.error["param"]) == (400, param), refused.body
        assert refused.error["message"].startswith(param)
    assert len(studio.emulator.asked) == before
    assert (await studio.ask("Hi")).status == 200
