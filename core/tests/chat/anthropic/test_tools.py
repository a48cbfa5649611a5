"""Functions that a model asks for, and its reasoning, with the official package."""

from __future__ import annotations

from typing import Any

import anthropic
import pytest
from anthropic_gateway import ASKED, AnthropicGateway
from poet import Line

from plugway import Finish, Message, Text, TextDelta, Thought, ThoughtDelta, ToolCall, ToolResult

pytestmark = pytest.mark.anyio


async def test_tools_and_their_results(house: AnthropicGateway) -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    house.says(
        TextDelta("Let me see."),
        ToolCall(id="toolu_1", name="weather", arguments='{"city": "Köln"}'),
        Finish("tool_calls"),
    )
    message = await house.ask(
        tools=[
            {"name": "weather", "description": "Tells it.", "input_schema": schema, "strict": True},
            {"type": "web_search_20250305", "name": "web_search", "max_uses": 2},
        ],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
    )
    asked = house.poet.asked[0]
    assert [(tool.name, tool.description, tool.strict) for tool in asked.tools] == [
        ("weather", "Tells it.", True)
    ]
    assert asked.tools[0].parameters == schema
    assert (asked.tool_choice.mode, asked.tool_choice.parallel) == ("required", False)
    assert (asked.search, asked.spelt("search")) == (True, "tools.1")
    assert message.stop_reason == "tool_use"
    called = message.content[1]
    assert called.type == "tool_use"
    assert (called.id, called.name, called.input) == ("toolu_1", "weather", {"city": "Köln"})

    await house.ask(
        messages=[
            *ASKED["messages"],
            {"role": "assistant", "content": message.content},
            {
                "role": "user",
                "content": [
                    {
                        "type": "tool_result",
                        "tool_use_id": "toolu_1",
                        "is_error": True,
                        "content": [{"type": "text", "text": "Rain"}],
                    },
                    {"type": "text", "text": "And now?"},
                ],
            },
        ],
    )
    assert house.poet.asked[1].messages[1:] == (
        Message(
            "assistant",
            (
                Text("Let me see."),
                ToolCall(id="toolu_1", name="weather", arguments='{"city":"Köln"}'),
            ),
        ),
        Message(
            "user",
            (
                ToolResult(id="toolu_1", name="weather", parts=(Text("Rain"),), failed=True),
                Text("And now?"),
            ),
        ),
    )


async def test_arguments_that_are_no_json_fail(house: AnthropicGateway) -> None:
    for wrong in ("[1]", "{", '{"a": NaN}', '"\ud800"'):
        house.says(ToolCall(id="t", name="f", arguments=wrong))
        with pytest.raises(anthropic.InternalServerError, match="no JSON object"):
            await house.ask()


async def test_thinking(house: AnthropicGateway) -> None:
    thinking: list[Line] = [ThoughtDelta("Hm. "), ThoughtDelta("Yes.", "sig=="), TextDelta("Yes.")]
    house.says(*thinking)
    message = await house.ask(max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024})
    block = message.content[0]
    assert block.type == "thinking"
    assert (block.thinking, block.signature) == ("Hm. Yes.", "sig==")
    reasoning = house.poet.asked[0].reasoning
    assert reasoning is not None
    assert (reasoning.budget, reasoning.shown) == (1024, True)
    # What came is handed back as it was.
    house.says(ThoughtDelta("Again."), TextDelta("Yes!"))
    message = await house.ask(
        thinking={"type": "adaptive"},
        messages=[
            *ASKED["messages"],
            {
                "role": "assistant",
                "content": [{"type": "redacted_thinking", "data": "x"}, *message.content],
            },
            {"role": "user", "content": "Sure?"},
        ],
    )
    assert house.poet.asked[1].messages[1].parts == (Thought("Hm. Yes.", "sig=="), Text("Yes."))
    unsigned = message.content[0]
    assert unsigned.type == "thinking"
    assert (unsigned.thinking, unsigned.signature) == ("Again.", "")


async def test_a_conversation_that_began_at_anthropics_goes_on_here(
    house: AnthropicGateway,
) -> None:
    found = {"type": "web_search_result", "url": "https://a.example", "title": "A"}
    content: list[Any] = [
        {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "a"}},
        {"type": "web_search_tool_result", "tool_use_id": "s1", "content": [found]},
        {"type": "text", "text": "A it is."},
    ]
    messages = [*ASKED["messages"], {"role": "assistant", "content": content}]
    await house.ask(messages=[*messages, {"role": "user", "content": "Sure?"}])
    assert house.poet.asked[0].messages[1].parts == (Text("A it is."),)


async def test_the_older_place_of_a_format(house: AnthropicGateway) -> None:
    schema = {"type": "object", "properties": {}}
    format_ = {"type": "json_schema", "schema": schema}
    await house.ask(extra_body={"output_format": format_})
    asked = house.poet.asked[0]
    assert asked.json_schema == schema
    assert asked.spelt("json_schema") == "output_format"


async def test_thinking_that_is_not_to_be_shown(house: AnthropicGateway) -> None:
    thinking: list[Line] = [ThoughtDelta("Hm."), ThoughtDelta("", "sig=="), TextDelta("Yes.")]
    house.says(*thinking)
    message = await house.ask(thinking={"type": "adaptive", "display": "omitted"})
    block = message.content[0]
    assert block.type == "thinking"
    assert (block.thinking, block.signature) == ("", "sig==")
    for off in (None, {"type": "disabled"}):
        house.says(*thinking)
        message = await house.ask(thinking=off)
        assert [block.type for block in message.content] == ["text"]
    assert house.poet.asked[1].reasoning is None
    assert house.poet.asked[2].reasoning is not None
    assert house.poet.asked[2].reasoning.effort == "none"


async def test_a_call_ends_as_one_though_the_upstream_says_stop(house: AnthropicGateway) -> None:
    house.says(ToolCall(id="t", name="f"), Finish("stop"))
    message = await house.ask()
    assert message.stop_reason == "tool_use"


async def test_text_stays_before_what_follows_it(house: AnthropicGateway) -> None:
    """What may begin a stop text waits for more text, and for nothing else."""
    call = ToolCall(id="t", name="f")
    house.says(TextDelta("One EN"), call, TextDelta("D two"), ThoughtDelta("…"), TextDelta("."))
    message = await house.ask(stop_sequences=["END OF IT"])
    assert [block.type for block in message.content] == ["text", "tool_use", "text", "text"]
    texts = [block.text for block in message.content if block.type == "text"]
    assert texts == ["One EN", "D two", "."]
