"""The envelope of the widget methods, and what is in it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from gemini_business_emulated import WIDGETS, Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    """Run an emulator with two accounts."""
    async with Visitor("demo", "other") as visitor:
        yield visitor


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"configId": None}, "config_id is required."),
        ({"configId": 7}, "Invalid value at 'config_id' (TYPE_STRING), 7"),
        ({"additionalParams": None}, "additional_params is required."),
        ({"additionalParams": {}}, "additional_params.token is required."),
        ({"additionalParams": {"token": "x"}}, "Invalid token 'x'."),
        (
            {"listSessionsRequest": {}},
            'Invalid JSON payload received. Unknown name "listSessionsRequest": Cannot find field.',
        ),
        ({"createSessionRequest": None}, "create_session_request is required."),
        ({"createSessionRequest": {}}, "create_session_request.session is required."),
        (
            {"createSessionRequest": {"session": {"title": "x"}}},
            'Invalid JSON payload received. Unknown name "title" at '
            "'create_session_request.session': Cannot find field.",
        ),
        (
            {"createSessionRequest": {"session": []}},
            "Invalid value at 'create_session_request.session' (TYPE_MESSAGE), []",
        ),
    ],
)
async def test_the_envelope_is_checked(
    visitor: Visitor, changes: dict[str, Any], told: str
) -> None:
    body = visitor.body("widgetCreateSession", {"session": {"name": "", "displayName": ""}})
    status, content, _ = await visitor.raw("widgetCreateSession", {**body, **changes})
    error = json.loads(content)["error"]
    assert (status, error["code"], error["status"]) == (400, 400, "INVALID_ARGUMENT")
    assert error["message"] == told
    assert error["details"][0]["fieldViolations"][0]["description"] == told
    assert list(visitor.emulator.sessions) == []


async def test_what_is_no_json_is_refused(visitor: Visitor) -> None:
    for content in (b"", b"{", b"[]", b"\xff", b"[" * 100_000):
        headers = {**await visitor.headers(), "Content-Type": "application/json"}
        url = f"{WIDGETS}/widgetCreateSession"
        async with visitor.client.post(url, data=content, headers=headers) as answer:
            assert answer.status == 400
    headers["Content-Type"] = "text/plain"
    async with visitor.client.post(url, data=b"{}", headers=headers) as answer:
        assert "content type" in (await answer.json())["error"]["message"]


async def test_another_team_is_refused(visitor: Visitor) -> None:
    body = visitor.body("widgetCreateSession", {"session": {}}, "other")
    status, content, _ = await visitor.raw("widgetCreateSession", body)
    assert (status, json.loads(content)["error"]["status"]) == (403, "PERMISSION_DENIED")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"query": {"parts": [{"text": "  "}]}}, "Query cannot be empty."),
        ({"query": {"parts": "x"}}, 'parts\' (repeated field), "x"'),
        ({"query": {"parts": [{"txt": "x"}]}}, "at 'stream_assist_request.query.parts[0]'"),
        ({"answerGenerationMode": "FAST"}, 'answer_generation_mode\' (TYPE_ENUM), "FAST"'),
        ({"assistSkippingMode": 1}, "assist_skipping_mode' (TYPE_ENUM), 1"),
        ({"languageCode": "deutsch bitte"}, "Invalid language_code 'deutsch bitte'."),
        ({"userMetadata": {"timeZone": "Europe Berlin"}}, "Invalid time_zone 'Europe Berlin'."),
        ({"toolsSpec": {"imageGeneration": {}}}, 'Unknown name "imageGeneration"'),
        ({"toolsSpec": {"imageGenerationSpec": True}}, "(TYPE_MESSAGE), true"),
        (
            {"assistGenerationConfig": {"modelId": "gemini-9"}},
            "Model 'gemini-9' is not supported.",
        ),
        ({"temperature": 1}, 'Unknown name "temperature"'),
        ({"session": None}, "stream_assist_request.session is required."),
    ],
)
async def test_questions_are_checked(visitor: Visitor, changes: dict[str, Any], told: str) -> None:
    asked = visitor.question(await visitor.session(), "Hello")
    status, body = await visitor.call("widgetStreamAssist", {**asked, **changes})
    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert told in body["error"]["message"]
    assert visitor.emulator.truth.asked == []


async def test_streaming_refuses_in_an_array_if_told_to(visitor: Visitor) -> None:
    visitor.emulator.behaviour.listed_errors = True
    asked = visitor.question("collections/none", "Hello")
    status, body = await visitor.call("widgetStreamAssist", asked)
    assert (status, body[0]["error"]["code"]) == (404, 404)
    assert (await visitor.call("widgetGetSession", {"name": "x"}))[1]["error"]["code"] == 404


async def test_another_model_answers_if_told_to(visitor: Visitor) -> None:
    visitor.emulator.behaviour.unknown_models = "default"
    await visitor.ask("Hello", assistGenerationConfig={"modelId": "gemini-9"})
    assert visitor.emulator.truth.asked[0].model == "gemini-2.5-flash"
