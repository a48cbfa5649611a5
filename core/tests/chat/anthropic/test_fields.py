"""Every field with a wrong value: the refusal names it as Anthropic does."""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import pytest
from anthropic_gateway import ASKED, AnthropicGateway

pytestmark = pytest.mark.anyio

TOOL = {"name": "f", "input_schema": {"type": "object"}}
SEARCH = {"name": "web_search", "type": "web_search_20250305"}
CALL = {"role": "assistant", "content": [{"type": "tool_use", "id": "t", "name": "f", "input": {}}]}
FIRST = "messages.0.content.0"

#: A place, a value for it, and the field that is named.
WRONG: list[tuple[str, Any, str]] = [
    *[(name, {"x": 1}, name) for name in ("model", "max_tokens", "system", "stream")],
    *[(name, "x", name) for name in ("messages", "tools", "stop_sequences", "temperature")],
    *[(name, "x", name) for name in ("top_p", "top_k", "metadata", "thinking", "tool_choice")],
    ("output_config", 3, "output_config"),
    ("model", "", "model"),
    ("model", None, "model"),
    ("max_tokens", None, "max_tokens"),
    ("max_tokens", 0, "max_tokens"),
    ("max_tokens", 1.5, "max_tokens"),
    ("max_tokens", True, "max_tokens"),
    ("temperature", 1.1, "temperature"),
    ("temperature", -0.1, "temperature"),
    ("top_p", 2, "top_p"),
    ("top_k", -1, "top_k"),
    ("stop_sequences", [1], "stop_sequences.0"),
    ("stop_sequences", ["a", ""], "stop_sequences.1"),
    ("stop_sequences", [" \n"], "stop_sequences.0"),
    ("metadata", {"user_id": 3}, "metadata.user_id"),
    ("thinking", {"type": "between_tools"}, "thinking.type"),
    ("thinking", {"type": "enabled"}, "thinking.budget_tokens"),
    ("thinking", {"type": "enabled", "budget_tokens": 1023}, "thinking.budget_tokens"),
    ("thinking", {"type": "enabled", "budget_tokens": 9999}, "thinking.budget_tokens"),
    ("thinking", {"type": "adaptive", "display": "loud"}, "thinking.display"),
    ("output_config", {"effort": "heroic"}, "output_config.effort"),
    ("output_config", {"format": {"type": "xml"}}, "output_config.format.type"),
    ("output_config", {"format": {"type": "json_schema"}}, "output_config.format.schema"),
    ("output_format", {"type": "json_schema"}, "output_format.schema"),
    ("system", [{"type": "text", "text": ""}], "system.0.text"),
    ("system", [{"type": "image"}], "system.0.type"),
    ("tools", [{"name": "f"}], "tools.0.input_schema"),
    ("tools", [{"name": "f", "input_schema": {}}], "tools.0.input_schema.type"),
    ("tools", [{"name": "f", "input_schema": "x"}], "tools.0.input_schema"),
    ("tools", [{"name": "a b", "input_schema": {"type": "object"}}], "tools.0.name"),
    ("tools", [{"input_schema": {"type": "object"}}], "tools.0.name"),
    ("tools", [TOOL, TOOL], "tools.1.name"),
    (
        "tools",
        [TOOL, {"name": "code_execution", "type": "code_execution_20260521"}],
        "tools.1.type",
    ),
    ("tools", [{"name": "bash", "type": "bash_20250124"}], "tools.0.type"),
    ("tools", [{**TOOL, "description": 3}], "tools.0.description"),
    ("tools", [{**TOOL, "strict": "yes"}], "tools.0.strict"),
    ("tool_choice", {"type": "auto"}, "tool_choice"),
    ("tool_choice", {"type": "some"}, "tool_choice.type"),
    ("tool_choice", {"type": "tool"}, "tool_choice.name"),
    ("messages", [], "messages"),
    ("messages", [3], "messages.0"),
    ("messages", [{"content": "x"}], "messages.0.role"),
    ("messages", [{"role": "tool", "content": "x"}], "messages.0.role"),
    ("messages", [{"role": "user"}], "messages.0.content"),
    ("messages", [{"role": "user", "content": ""}], "messages.0.content"),
    ("messages", [{"role": "user", "content": []}], "messages.0.content"),
    ("messages", [{"role": "user", "content": 3}], "messages.0.content"),
    ("messages", [{"role": "assistant", "content": ""}], "messages"),
    ("messages", [{"role": "system", "content": "x"}], "messages"),
    ("messages", [{"role": "assistant", "content": ""}, CALL], "messages.0.content"),
    ("messages", [CALL, CALL], "messages.1.content.0.id"),
]

#: A block of a user's message, and what is named below it.
BLOCKS: list[tuple[Any, str]] = [
    (3, ""),
    ({}, ".type"),
    ({"type": "hologram"}, ".type"),
    ({"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, ".type"),
    ({"type": "container_upload", "file_id": "f"}, ".type"),
    ({"type": "text"}, ".text"),
    ({"type": "text", "text": 3}, ".text"),
    ({"type": "text", "text": ""}, ".text"),
    ({"type": "thinking", "thinking": "x", "signature": "y"}, ".type"),
    ({"type": "redacted_thinking", "data": "x"}, ".type"),
    ({"type": "tool_use", "id": "t", "name": "f", "input": {}}, ".type"),
    ({"type": "tool_result"}, ".tool_use_id"),
    ({"type": "tool_result", "tool_use_id": "nobody"}, ".tool_use_id"),
    ({"type": "tool_result", "tool_use_id": "t", "is_error": "no"}, ".is_error"),
    ({"type": "tool_result", "tool_use_id": "t", "content": 3}, ".content"),
    (
        {
            "type": "tool_result",
            "tool_use_id": "t",
            "content": [{"type": "tool_reference", "tool_name": "f"}],
        },
        ".content.0.type",
    ),
    ({"type": "image"}, ".source"),
    ({"type": "image", "source": {"type": "file", "file_id": "f"}}, ".source.type"),
    ({"type": "image", "source": {"type": "url"}}, ".source.url"),
    ({"type": "image", "source": {"type": "url", "url": "ftp://x/a.png"}}, ".source.url"),
    ({"type": "image", "source": {"type": "url", "url": "file:///etc/passwd"}}, ".source.url"),
    ({"type": "image", "source": {"type": "url", "url": "data:image/png"}}, ".source.url"),
    ({"type": "image", "source": {"type": "base64", "data": "aGk="}}, ".source.media_type"),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "text/x", "data": "aGk="}},
        ".source.media_type",
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "?"}},
        ".source.data",
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}},
        ".source.data",
    ),
    (
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "é"}},
        ".source.data",
    ),
    ({"type": "document", "source": {"type": "text"}}, ".source.data"),
    ({"type": "document", "source": {"type": "text", "data": ""}}, ".source.data"),
    ({"type": "document", "source": {"type": "content", "content": []}}, ".source.content"),
    (
        {"type": "document", "source": {"type": "base64", "media_type": "pdf", "data": "aGk="}},
        ".source.media_type",
    ),
    ({"type": "document", "source": {"type": "text", "data": "x"}, "title": 3}, ".title"),
    ({"type": "search_result", "source": "s", "title": "t"}, ".content"),
    (
        {"type": "search_result", "source": "s", "title": "t", "content": [{"type": "image"}]},
        ".content.0.type",
    ),
]


async def test_every_wrong_value_is_refused_by_name(house: AnthropicGateway) -> None:
    table = [({**ASKED, place: value}, field) for place, value, field in WRONG]
    table += [
        ({**ASKED, "messages": [CALL, {"role": "user", "content": [block]}]}, f"{FIRST}{below}")
        for block, below in BLOCKS
    ]
    wrong: list[Any] = []
    for body, field in table:
        status, answer = await house.post(body)
        named = (
            field.replace("messages.0", "messages.1") if body["messages"][:1] == [CALL] else field
        )
        message: str = answer["error"]["message"]
        kind = answer["error"]["type"]
        if (status, kind) != (400, "invalid_request_error") or not message.startswith(f"{named}: "):
            wrong.append((body, named, status, message))
    assert wrong == []
    assert house.poet.asked == []
    assert await house.server.usage() == []
    assert await house.charged() == 0


async def test_missing_fields_are_named(house: AnthropicGateway) -> None:
    for name in ("model", "messages", "max_tokens"):
        body = {key: value for key, value in ASKED.items() if key != name}
        status, answer = await house.post(body)
        assert (status, answer["error"]["message"]) == (400, f"{name}: is required")
        if name != "max_tokens":
            status, answer = await house.post(body, "/v1/messages/count_tokens")
            assert (status, answer["error"]["message"]) == (400, f"{name}: is required")


async def test_the_tool_that_is_wanted_must_be_there(house: AnthropicGateway) -> None:
    choice = {"type": "tool", "name": "g"}
    status, answer = await house.post({**ASKED, "tools": [TOOL], "tool_choice": choice})
    assert (status, answer["error"]["message"]) == (
        400,
        "tool_choice.name: there is no tool 'g'",
    )


@pytest.mark.parametrize(
    ("choice", "mode", "names"),
    [
        (None, "auto", ()),
        ({"type": "auto"}, "auto", ()),
        ({"type": "any"}, "required", ()),
        ({"type": "none"}, "none", ()),
        ({"type": "tool", "name": "f"}, "required", ("f",)),
        ({"type": "tool", "name": "web_search"}, "auto", ()),
    ],
)
async def test_choices(
    house: AnthropicGateway, choice: Any, mode: str, names: tuple[str, ...]
) -> None:
    await house.ask(tools=[TOOL, SEARCH], tool_choice=choice)
    asked = house.poet.asked[0]
    assert (asked.tool_choice.mode, asked.tool_choice.names) == (mode, names)
    assert asked.tool_choice.parallel


async def test_unknown_fields_and_null_are_passed_over(house: AnthropicGateway) -> None:
    empty = dict.fromkeys(
        ("system", "tools", "tool_choice", "thinking", "output_config", "metadata", "stream")
    )
    more = dict.fromkeys(("temperature", "top_p", "top_k", "stop_sequences", "cache_control"))
    status, _ = await house.post(
        {
            **ASKED,
            **empty,
            **more,
            "service_tier": "auto",
            "container": {"id": "c"},
            "mcp_servers": [{"type": "url"}],
            "dreams": {"deep": [1]},
            "messages": [
                {
                    "role": "user",
                    "name": "Bob",
                    "content": [
                        {
                            "type": "text",
                            "text": "Hello",
                            "cache_control": {"type": "ephemeral", "ttl": "1h"},
                            "citations": None,
                        }
                    ],
                }
            ],
        }
    )
    assert status == 200
    assert house.poet.asked[0].given == {"max_tokens": "max_tokens"}


async def test_schemas_that_are_nested_deeply(house: AnthropicGateway) -> None:
    """Between what is read and what is too deep to be read there is nothing that fails."""
    async with aiohttp.ClientSession(headers={"x-api-key": house.key}) as session:
        for depth in (10, 90, 200, 500, *range(880, 1000, 2), 2000):
            deep = '{"p":' * depth + "{}" + "}" * depth
            call = '{"type":"tool_use","id":"t","name":"f","input":' + deep + "}"
            for part in (
                '"tools":[{"name":"f","input_schema":{"type":"object","p":' + deep + "}}]",
                '"output_config":{"format":{"type":"json_schema","schema":' + deep + "}}",
                '"messages":[{"role":"assistant","content":[' + call + "]}]",
            ):
                # Of two fields of one name the last one counts.
                body = json.dumps(ASKED)[:-1] + "," + part + "}"
                async with session.post(house.server.url + "/v1/messages", data=body) as response:
                    answer = await response.json()
                assert response.status == (200 if depth < 100 else 400), (depth, answer)
                if depth > 100:
                    assert answer["error"]["message"].endswith("nested too deeply")
