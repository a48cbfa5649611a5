"""What the API behind an applet is asked."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

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
from plugway_aistudio.relay.refusal import refusal
from plugway_aistudio.relay.wanted import wanted
from plugway_aistudio.wire.listing import Listed

MODEL = Listed(id="m", thinking=True, budget=True, output_limit=100)


def asked(*messages: Message, **fields: Any) -> dict[str, Any]:
    said = messages or (Message("user", (Text("Hi"),)),)
    return wanted(ChatRequest(model="m", messages=said, **fields), MODEL)


def test_a_conversation_keeps_its_turns() -> None:
    call = ToolCall(id="1", name="look", arguments='{"at":"it"}', signature="s")
    result = ToolResult(id="1", name="look", parts=(Text("seen"),))
    body = asked(
        Message("system", (Text("Be brief."),)),
        Message("user", (Text("Look"), Media(mime_type="image/png", data=b"png"))),
        Message("assistant", (Thought("Hm", "t"), Thought("lost"), Text("I do"), call)),
        Message("user", (result,)),
    )
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    inline = {"mimeType": "image/png", "data": b64encode(b"png").decode()}
    assert body["contents"] == [
        {"role": "user", "parts": [{"text": "Look"}, {"inlineData": inline}]},
        {
            "role": "model",
            "parts": [
                {"text": "Hm", "thought": True, "thoughtSignature": "t"},
                {"text": "I do"},
                {
                    "functionCall": {"id": "1", "name": "look", "args": {"at": "it"}},
                    "thoughtSignature": "s",
                },
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "1", "name": "look", "response": {"output": "seen"}}}
            ],
        },
    ]


def test_settings_are_the_api_s_own() -> None:
    body = asked(
        temperature=0.5,
        top_p=0.9,
        top_k=7,
        seed=3,
        max_tokens=1_000,
        json_schema={"type": "object"},
        reasoning=Reasoning(effort="none"),
    )
    assert body["generationConfig"] == {
        "temperature": 0.5,
        "topP": 0.9,
        "topK": 7,
        "seed": 3,
        "maxOutputTokens": 100,
        "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"},
        "thinkingConfig": {"thinkingBudget": 0, "includeThoughts": False},
    }


def test_functions_and_search() -> None:
    tool = Tool(name="look", description="Looks.", parameters={"type": "object"})
    body = asked(tools=(tool,), tool_choice=ToolChoice(names=("look",)), search=True)
    assert body["tools"] == [
        {
            "functionDeclarations": [
                {
                    "name": "look",
                    "description": "Looks.",
                    "parametersJsonSchema": {"type": "object"},
                }
            ]
        },
        {"googleSearch": {}},
    ]
    calling = {"mode": "ANY", "allowedFunctionNames": ["look"]}
    assert body["toolConfig"] == {"functionCallingConfig": calling}


def test_arguments_that_are_no_object_are_refused() -> None:
    call = ToolCall(id="1", name="look", arguments="[1]")
    with pytest.raises(BadRequest, match="arguments of look"):
        asked(Message("assistant", (call,)))


RESTRICTED = ("credential_restricted", None)
DAILY = """{"error": {"code": 429, "message": "You exceeded your current quota.", "details": [
    {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [
        {"quotaMetric": "generativelanguage.googleapis.com/generate_content_free_tier_requests",
         "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
         "quotaDimensions": {"location": "global", "model": "m"}}]},
    {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "37s"}]}}"""


@pytest.mark.parametrize(
    ("status", "after", "body", "code", "wait"),
    [
        (429, "", '{"error":{"details":[{"retryDelay":"12.5s"}]}}', "quota_exhausted", 12.5),
        (429, "7", "[]", "quota_exhausted", 7.0),
        (429, "soon", "<html>", "quota_exhausted", None),
        # The API says to come again in seconds though the day's quota is used up.
        (429, "", DAILY, "quota_exhausted", 38_400.0),
        (401, "", "", "credential_expired", None),
        (403, "", '[{"error":{"message":"No."}}]', "credential_restricted", None),
        (404, "", "", "not_found", None),
        (400, "", '{"error":{"message":"Bad."}}', "bad_request", None),
        (400, "", '{"error":{"message":"User location is not supported."}}', *RESTRICTED),
        (400, "", '{"error":{"details":[{"reason":"API_KEY_INVALID"}]}}', *RESTRICTED),
        (500, "", "", "upstream_error", None),
    ],
)
def test_what_its_errors_mean(
    status: int, after: str, body: str, code: str, wait: float | None
) -> None:
    found = refusal(status, after, body, model="m", now=1_794_000_000.0)
    assert (found.code, found.retry_after) == (code, wait)


@pytest.mark.parametrize(
    ("reasoning", "config"),
    [
        (Reasoning(effort="medium"), {"thinkingLevel": "high", "includeThoughts": True}),
        (Reasoning(effort="none"), {"thinkingLevel": "low", "includeThoughts": False}),
        (Reasoning(budget=500), {"thinkingLevel": "low", "includeThoughts": True}),
    ],
)
def test_a_model_with_levels_gets_the_nearest(reasoning: Reasoning, config: object) -> None:
    model = Listed(id="m", thinking=True, level=True, levels=("low", "high"))
    request = ChatRequest(
        model="m", messages=(Message("user", (Text("Hi"),)),), reasoning=reasoning
    )
    assert wanted(request, model)["generationConfig"]["thinkingConfig"] == config


def test_files_in_instructions_of_the_system_are_not_dropped_in_silence() -> None:
    image = Media(mime_type="image/png", data=b"png")
    with pytest.raises(BadRequest, match="nothing but text"):
        asked(Message("system", (Text("See this."), image)))
