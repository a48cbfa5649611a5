"""Requests: what they become, and what is wrong with those that become nothing."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from gemini_bodies import GIF, config, hello, nested, part_of, said

from plugway import (
    BadRequest,
    ChatRequest,
    Media,
    Message,
    Reasoning,
    Text,
    Thought,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from plugway.chat.dialects.gemini.asking import read_count, read_request
from plugway.chat.dialects.gemini.fields import MAX_DEPTH

# What is understood.


def test_two_spellings_mean_the_same() -> None:
    camel = {
        "systemInstruction": {"parts": [{"text": "Rhyme"}]},
        "contents": [
            {
                "role": "user",
                "parts": [{"inlineData": {"mimeType": "image/gif", "data": GIF}}, {"text": "?"}],
            },
            {
                "role": "model",
                "parts": [{"functionCall": {"name": "f", "args": {"a_b": 1, "aB": 2}}}],
            },
            {
                "role": "function",
                "parts": [{"functionResponse": {"name": "f", "response": {"a_b": [1]}}}],
            },
        ],
        "tools": [
            {"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"x_y": 1}}]},
            {"googleSearchRetrieval": {}},
        ],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "topP": 0.5,
            "topK": 3,
            "maxOutputTokens": 7,
            "stopSequences": ["x"],
            "thinkingConfig": {"thinkingBudget": 5, "includeThoughts": True},
            "responseMimeType": "application/json",
        },
    }
    # Only names of the protocol have two spellings.
    snake = json.dumps(camel)
    for one, other in (
        ("systemInstruction", "system_instruction"),
        ("inlineData", "inline_data"),
        ("mimeType", "mime_type"),
        ("functionCall", "function_call"),
        ("functionResponse", "function_response"),
        ("functionDeclarations", "function_declarations"),
        ("parametersJsonSchema", "parameters_json_schema"),
        ("googleSearchRetrieval", "google_search_retrieval"),
        ("toolConfig", "tool_config"),
        ("functionCallingConfig", "function_calling_config"),
        ("allowedFunctionNames", "allowed_function_names"),
        ("generationConfig", "generation_config"),
        ("topP", "top_p"),
        ("topK", "top_k"),
        ("maxOutputTokens", "max_output_tokens"),
        ("stopSequences", "stop_sequences"),
        ("thinkingConfig", "thinking_config"),
        ("thinkingBudget", "thinking_budget"),
        ("includeThoughts", "include_thoughts"),
        ("responseMimeType", "response_mime_type"),
    ):
        snake = snake.replace(f'"{one}"', f'"{other}"')
    first, second = read_request(camel, "m"), read_request(json.loads(snake), "m")
    assert first.messages == second.messages
    assert first.messages == (
        Message("system", (Text("Rhyme"),)),
        Message("user", (Media(mime_type="image/gif", data=b"GIF89a"), Text("?"))),
        Message("assistant", (ToolCall(id="call_1", name="f", arguments='{"a_b":1,"aB":2}'),)),
        Message("user", (ToolResult(id="call_1", name="f", parts=(Text('{"a_b":[1]}'),)),)),
    )
    for name in ChatRequest.__struct_fields__:
        if name != "given":
            assert getattr(first, name) == getattr(second, name), name
    assert first.given == {
        "tools": "tools[0].functionDeclarations",
        "search": "tools[1].googleSearchRetrieval",
        "tool_choice": "toolConfig.functionCallingConfig",
        "top_p": "generationConfig.topP",
        "top_k": "generationConfig.topK",
        "max_tokens": "generationConfig.maxOutputTokens",
        "stop": "generationConfig.stopSequences",
        "reasoning": "generationConfig.thinkingConfig",
        "json_schema": "generationConfig.responseMimeType",
    }
    assert second.given == {
        "tools": "tools[0].function_declarations",
        "search": "tools[1].google_search_retrieval",
        "tool_choice": "tool_config.function_calling_config",
        "top_p": "generation_config.top_p",
        "top_k": "generation_config.top_k",
        "max_tokens": "generation_config.max_output_tokens",
        "stop": "generation_config.stop_sequences",
        "reasoning": "generation_config.thinking_config",
        "json_schema": "generation_config.response_mime_type",
    }


def test_lists_of_one_need_no_list() -> None:
    body = {
        "systemInstruction": {"parts": {"text": "Rhyme"}},
        "contents": {"parts": {"text": "Hi"}},
        "tools": {"functionDeclarations": {"name": "f"}},
    }
    asked = read_request(body, "m")
    assert [message.text for message in asked.messages] == ["Rhyme", "Hi"]
    assert asked.tools == (Tool(name="f"),)


def test_null_is_absent() -> None:
    body = {
        **said({"text": "Hi", "inlineData": None, "thought": None}),
        "generationConfig": {"topP": None, "thinkingConfig": None},
        "tools": None,
        "toolConfig": None,
        "systemInstruction": None,
        "cachedContent": None,
    }
    asked = read_request(body, "m")
    assert asked.messages == (Message("user", (Text("Hi"),)),)
    assert not asked.given


def test_numbers_may_be_in_quotes() -> None:
    asked = config(topK="40", temperature="0.5", maxOutputTokens=7.0, seed="-3")
    assert (asked.top_k, asked.temperature, asked.max_tokens, asked.seed) == (40, 0.5, 7, -3)


def test_what_says_nothing_here_is_passed_over() -> None:
    asked = read_request(
        hello(
            safetySettings=[{"category": "x"}],
            labels={"a": "b"},
            store=True,
            serviceTier="flex",
            generationConfig={
                "responseModalities": ["TEXT", "IMAGE"],
                "imageConfig": {},
                "speechConfig": {},
                "mediaResolution": "LOW",
                "presencePenalty": 1,
                "candidateCount": 1,
                "responseMimeType": "text/plain",
                "responseLogprobs": False,
            },
        ),
        "m",
    )
    assert asked == ChatRequest(model="m", messages=(Message("user", (Text("Hi"),)),))


def test_how_images_are_to_be() -> None:
    asked = config(imageConfig={"aspectRatio": "9:16", "image_size": "2K"})
    assert (asked.aspect, asked.resolution) == ("9:16", "2k")
    assert asked.spelt("aspect") == "generationConfig.imageConfig.aspectRatio"
    assert asked.spelt("resolution") == "generationConfig.imageConfig.image_size"
    with pytest.raises(BadRequest) as caught:
        config(imageConfig={"aspectRatio": "wide"})
    assert caught.value.field == "generationConfig.imageConfig.aspectRatio"


@pytest.mark.parametrize(
    ("thinking", "reasoning"),
    [
        ({}, Reasoning(effort="medium", shown=False)),
        ({"includeThoughts": True}, Reasoning(effort="medium", shown=True)),
        ({"thinkingBudget": 0}, Reasoning(effort="none", budget=0, shown=False)),
        ({"thinkingBudget": -1}, Reasoning(effort="medium", shown=False)),
        ({"thinkingBudget": 9}, Reasoning(effort="medium", budget=9, shown=False)),
        ({"thinkingLevel": "MINIMAL"}, Reasoning(effort="low", shown=False)),
        ({"thinkingLevel": "low"}, Reasoning(effort="low", shown=False)),
        ({"thinkingLevel": "HIGH"}, Reasoning(effort="high", shown=False)),
        ({"thinkingLevel": "XHIGH"}, Reasoning(effort="high", shown=False)),
    ],
)
def test_thinking(thinking: dict[str, Any], reasoning: Reasoning) -> None:
    assert config(thinkingConfig=thinking).reasoning == reasoning


@pytest.mark.parametrize(
    ("mode", "choice"),
    [
        ({}, ToolChoice()),
        ({"mode": "AUTO"}, ToolChoice()),
        ({"mode": "NONE"}, ToolChoice(mode="none")),
        ({"mode": "ANY"}, ToolChoice(mode="required")),
        (
            {"mode": "VALIDATED", "allowedFunctionNames": ["f"]},
            ToolChoice(mode="auto", names=("f",)),
        ),
        ({"mode": "any", "allowedFunctionNames": ["f"]}, ToolChoice(mode="required", names=("f",))),
    ],
)
def test_choices(mode: dict[str, Any], choice: ToolChoice) -> None:
    body = hello(
        tools=[{"functionDeclarations": [{"name": "f"}, {"name": "g"}]}],
        toolConfig={"functionCallingConfig": mode},
    )
    assert read_request(body, "m").tool_choice == choice


def test_a_schema_of_googles_becomes_one_of_json() -> None:
    own = {
        "type": "OBJECT",
        "properties": {
            "type": {"type": "STRING", "enum": ["STRING"], "nullable": True},
            "list": {"type": "ARRAY", "min_items": "2", "items": {"type": "INTEGER"}},
            "either": {"anyOf": [{"type": "NUMBER"}, {"type": "BOOLEAN"}]},
            "any": {"type": "TYPE_UNSPECIFIED"},
        },
        "required": ["type"],
    }
    plain = {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["STRING"]},
            "list": {"type": "array", "minItems": 2, "items": {"type": "integer"}},
            "either": {"anyOf": [{"type": "number"}, {"type": "boolean"}]},
            "any": {},
        },
        "required": ["type"],
    }
    (tool,) = read_request(
        hello(tools=[{"functionDeclarations": [{"name": "f", "parameters": own}]}]), "m"
    ).tools
    assert tool.parameters == plain
    json_mode = {"responseMimeType": "application/json"}
    assert config(**json_mode, responseSchema=own).json_schema == plain
    assert config(**json_mode, responseJsonSchema=own).json_schema == own
    assert config(**json_mode).json_schema == {}


def test_parts_of_all_kinds() -> None:
    assert part_of({"text": ""}) == (Text(""),)
    assert part_of({"text": "a", "videoMetadata": {"fps": 1}}) == (Text("a"),)
    assert part_of({"executableCode": {"language": "PYTHON", "code": "1"}}, role="model") == (
        Text("```python\n1\n```"),
    )
    assert part_of({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}) == (
        Text("1"),
    )
    assert part_of({"fileData": {"fileUri": "HTTPS://h/a", "mimeType": "image/PNG"}}) == (
        Media(mime_type="image/png", url="HTTPS://h/a"),
    )
    named = {"mimeType": "text/plain", "data": "aGk", "displayName": "a.txt"}
    assert part_of({"inlineData": named}) == (
        Media(mime_type="text/plain", data=b"hi", name="a.txt"),
    )


def test_signatures() -> None:
    foreign = base64.b64encode(b"\xff\xfe").decode()
    own = base64.urlsafe_b64encode("\u00ff\u00fe>?".encode()).decode()
    assert part_of(
        {"text": "hm", "thought": True, "thoughtSignature": own},
        {"thoughtSignature": foreign},
        {"text": "a", "thought_signature": own},
        {"functionCall": {"id": "x", "name": "f"}, "thoughtSignature": "!"},
        role="model",
    ) == (
        Thought("hm", "\u00ff\u00fe>?"),
        Thought("", foreign),
        Thought("", "\u00ff\u00fe>?"),
        Text("a"),
        ToolCall(id="x", name="f", signature="!"),
    )


def test_functions_without_ids_answer_in_order() -> None:
    def call(name: str, **more: str) -> dict[str, Any]:
        return {"functionCall": {"name": name, **more}}

    def result(name: str, response: Any, **more: Any) -> dict[str, Any]:
        return {"functionResponse": {"name": name, "response": response, **more}}

    body = {
        "contents": [
            {"role": "model", "parts": [call("f"), call("f"), call("g"), call("f", id="call_2")]},
            {
                "parts": [
                    result("g", {"output": "g!"}),
                    result("f", {"error": {"why": 1}}),
                    result("f", {}, id="call_2"),
                    result("f", {"output": 1, "more": 2}),
                    result("h", {}, parts=[{"inlineData": {"mimeType": "a/b", "data": GIF}}]),
                ]
            },
        ]
    }
    asked, answered = read_request(body, "m").messages
    assert [part.id for part in asked.parts if isinstance(part, ToolCall)] == [
        "call_1",
        "call_3",
        "call_4",
        "call_2",
    ]
    assert answered.parts == (
        ToolResult(id="call_4", name="g", parts=(Text("g!"),)),
        ToolResult(id="call_1", name="f", parts=(Text('{"why":1}'),), failed=True),
        ToolResult(id="call_2", name="f", parts=(Text("{}"),)),
        ToolResult(id="call_3", name="f", parts=(Text('{"output":1,"more":2}'),)),
        ToolResult(
            id="call_5",
            name="h",
            parts=(Text("{}"), Media(mime_type="image/gif", data=b"GIF89a")),
        ),
    )


def test_pieces_of_an_answer_are_one_message() -> None:
    def model(text: str) -> dict[str, Any]:
        return {"role": "model", "parts": [{"text": text}]}

    body = {
        "contents": [
            model(""),
            {"parts": [{"text": "a"}]},
            {"parts": [{"text": "b"}]},
            model("c"),
            model(""),
            model("d"),
        ]
    }
    messages = read_request(body, "m").messages
    assert [(one.role, one.text) for one in messages] == [
        ("user", "a"),
        ("user", "b"),
        ("assistant", "cd"),
    ]


def test_a_whole_request_is_counted() -> None:
    asked = read_count({"generate_content_request": hello(generationConfig={"topK": 1})}, "m")
    assert asked.given == {"top_k": "generate_content_request.generationConfig.topK"}


def test_what_may_be_nested_has_a_bound() -> None:
    call = {"functionCall": {"name": "f", "args": nested(MAX_DEPTH)}}
    assert len(part_of(call, role="model")[0].arguments) > MAX_DEPTH
