"""What is wrong with requests that become nothing."""

from __future__ import annotations

from typing import Any

import pytest
from gemini_bodies import GIF, config, hello, nested, said

from plugway import BadRequest
from plugway.chat.dialects.gemini.asking import read_count, read_request
from plugway.chat.dialects.gemini.fields import MAX_DEPTH

FUNCTION = {"functionDeclarations": [{"name": "f"}]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "contents"),
        ({"contents": []}, "contents"),
        ({"contents": "Hi"}, "contents"),
        ({"contents": ["Hi"]}, "contents[0]"),
        ({"contents": [{}]}, "contents[0].parts"),
        ({"contents": [{"role": "model", "parts": {"text": ""}}]}, "contents"),
        ({"contents": [{"parts": "Hi"}]}, "contents[0].parts"),
        ({"contents": [{"parts": [1]}]}, "contents[0].parts[0]"),
        ({"contents": [{"role": "system", "parts": [{"text": "a"}]}]}, "contents[0].role"),
        ({"contents": [{"role": 1, "parts": [{"text": "a"}]}]}, "contents[0].role"),
        (said({}), "contents[0].parts[0]"),
        (said({"text": 1}), "contents[0].parts[0].text"),
        (said({"text": "a", "thought": "yes"}), "contents[0].parts[0].thought"),
        (said({"text": "a", "thoughtSignature": 1}), "contents[0].parts[0].thoughtSignature"),
        (said({"text": "a", "inlineData": {}}), "contents[0].parts[0]"),
        (said({"toolCall": {}}), "contents[0].parts[0].toolCall"),
        (said({"inlineData": 1}), "contents[0].parts[0].inlineData"),
        (said({"inlineData": {"mimeType": "a/b"}}), "contents[0].parts[0].inlineData.data"),
        (said({"inline_data": {"data": GIF}}), "contents[0].parts[0].inline_data.mimeType"),
        (
            said({"inlineData": {"mimeType": "a/b", "data": "!"}}),
            "contents[0].parts[0].inlineData.data",
        ),
        (
            said({"inlineData": {"mimeType": "a/b", "data": "="}}),
            "contents[0].parts[0].inlineData.data",
        ),
        (said({"fileData": {}}), "contents[0].parts[0].fileData.fileUri"),
        (said({"fileData": {"fileUri": "gs://a/b"}}), "contents[0].parts[0].fileData.fileUri"),
        (said({"file_data": {"file_uri": "data:,a"}}), "contents[0].parts[0].file_data.file_uri"),
        (said({"functionCall": {}}), "contents[0].parts[0].functionCall.name"),
        (
            said({"functionCall": {"name": "f", "args": []}}),
            "contents[0].parts[0].functionCall.args",
        ),
        (
            said({"functionCall": {"name": "f", "args": nested(MAX_DEPTH + 1)}}),
            "contents[0].parts[0].functionCall.args",
        ),
        (said({"functionCall": {"name": "f", "id": 1}}), "contents[0].parts[0].functionCall.id"),
        (said({"functionResponse": {}}), "contents[0].parts[0].functionResponse.name"),
        (
            said({"functionResponse": {"name": "f", "response": "x"}}),
            "contents[0].parts[0].functionResponse.response",
        ),
        (
            said({"functionResponse": {"name": "f", "parts": [{"text": "x"}]}}),
            "contents[0].parts[0].functionResponse.parts[0]",
        ),
        (said({"executableCode": {}}), "contents[0].parts[0].executableCode.code"),
        (hello(systemInstruction="Rhyme"), "systemInstruction"),
        (hello(system_instruction={"parts": [{"inlineData": {}}]}), "system_instruction.parts[0]"),
        (hello(cachedContent="cachedContents/1"), "cachedContent"),
        (hello(continuationToken="dA=="), "continuationToken"),
        (hello(tools=1), "tools"),
        (hello(tools=[{"codeExecution": {}}]), "tools[0].codeExecution"),
        (hello(tools=[{"url_context": {}}]), "tools[0].url_context"),
        (hello(tools=[{"googleSearch": 1}]), "tools[0].googleSearch"),
        (hello(tools=[{"functionDeclarations": 1}]), "tools[0].functionDeclarations"),
        (hello(tools=[{"functionDeclarations": [{}]}]), "tools[0].functionDeclarations[0].name"),
        (
            hello(tools=[{"functionDeclarations": [{"name": "1st"}]}]),
            "tools[0].functionDeclarations[0].name",
        ),
        (
            hello(tools=[{"functionDeclarations": [{"name": "f" * 129}]}]),
            "tools[0].functionDeclarations[0].name",
        ),
        (hello(tools=[FUNCTION, FUNCTION]), "tools[1].functionDeclarations[0].name"),
        (
            hello(tools=[{"functionDeclarations": [{"name": "f", "parameters": []}]}]),
            "tools[0].functionDeclarations[0].parameters",
        ),
        (
            hello(
                tools=[
                    {
                        "functionDeclarations": [
                            {"name": "f", "parameters": {}, "parametersJsonSchema": {}}
                        ]
                    }
                ]
            ),
            "tools[0].functionDeclarations[0].parametersJsonSchema",
        ),
        (hello(toolConfig=1), "toolConfig"),
        (
            hello(toolConfig={"functionCallingConfig": {"mode": "SOME"}}),
            "toolConfig.functionCallingConfig.mode",
        ),
        (
            hello(toolConfig={"functionCallingConfig": {"mode": "ANY"}}),
            "toolConfig.functionCallingConfig.mode",
        ),
        (
            hello(
                tools=[FUNCTION],
                toolConfig={"functionCallingConfig": {"allowedFunctionNames": ["f"]}},
            ),
            "toolConfig.functionCallingConfig.allowedFunctionNames",
        ),
        (
            hello(
                tools=[FUNCTION],
                toolConfig={
                    "functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}
                },
            ),
            "toolConfig.functionCallingConfig.allowedFunctionNames[1]",
        ),
        (hello(generationConfig=[]), "generationConfig"),
    ],
)
def test_bodies_that_are_refused(body: Any, field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_request(body, "m")
    assert caught.value.field == field
    assert caught.value.message.startswith(f"{field}: ")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", 2.1),
        ("temperature", -1),
        ("temperature", "hot"),
        ("temperature", True),
        ("temperature", "nan"),
        ("temperature", [1]),
        ("topP", 1.01),
        ("topP", 10**400),
        ("topK", 0),
        ("topK", 1.5),
        ("topK", "1" * 5000),
        ("maxOutputTokens", 0),
        ("maxOutputTokens", -5),
        ("maxOutputTokens", 2**31),
        ("maxOutputTokens", False),
        ("seed", 2**31),
        ("seed", "1e3"),
        ("candidateCount", 2),
        ("candidateCount", 0),
        ("stopSequences", "x"),
        ("stopSequences", list("abcdef")),
        ("responseMimeType", "text/x.enum"),
        ("responseMimeType", 1),
        ("responseFormat", [{"text": {}}]),
        ("responseLogprobs", True),
        ("responseSchema", {"type": "STRING"}),
        ("responseJsonSchema", {}),
        ("responseSchema", "x"),
        ("thinkingConfig", "much"),
    ],
)
def test_parameters_that_are_refused(name: str, value: Any) -> None:
    with pytest.raises(BadRequest) as caught:
        config(**{name: value})
    assert caught.value.field == f"generationConfig.{name}"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"stopSequences": ["a", 1]}, "stopSequences[1]"),
        ({"stop_sequences": ["a", ""]}, "stop_sequences[1]"),
        ({"responseModalities": ["TEXT", "AUDIO"]}, "responseModalities[1]"),
        ({"thinkingConfig": {"thinkingBudget": -2}}, "thinkingConfig.thinkingBudget"),
        ({"thinkingConfig": {"thinkingLevel": "ALL"}}, "thinkingConfig.thinkingLevel"),
        ({"thinkingConfig": {"includeThoughts": 1}}, "thinkingConfig.includeThoughts"),
        (
            {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}},
            "thinkingConfig.thinkingBudget",
        ),
        (
            {
                "responseMimeType": "application/json",
                "responseSchema": {},
                "responseJsonSchema": {},
            },
            "responseJsonSchema",
        ),
    ],
)
def test_parameters_that_are_refused_in_places(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(BadRequest) as caught:
        config(**fields)
    assert caught.value.field == f"generationConfig.{field}"


def test_both_ways_to_count_at_once() -> None:
    with pytest.raises(BadRequest) as caught:
        read_count(hello(generateContentRequest=hello()), "m")
    assert caught.value.field == "contents"
