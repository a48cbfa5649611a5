"""What cannot be asked, and what the operator wants passed over."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aistudio_gateway import AIStudioGateway
from aistudio_said import say

from plugway_aistudio.emulator import AIStudioEmulator

pytestmark = pytest.mark.anyio

GEMINI = "/v1beta/models/gemini-flash-latest:generateContent"


@pytest.fixture(scope="module")
async def ignoring(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[AIStudioGateway]:
    """Run a gateway whose operator wants parameters passed over, and a model left out."""
    home: Path = tmp_path_factory.mktemp("ignoring") / "home"
    async with AIStudioGateway.running(
        home,
        AIStudioEmulator(),
        ignore='["seed","top_k"]',
        excluded_models='["gemini-2.5-pro"]',
    ) as studio:
        yield studio


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"seed": 1}, "seed"),
        ({"response_format": {"type": "json_object"}}, "response_format"),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "a", "schema": {}},
                }
            },
            "response_format",
        ),
        ({"n": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"functions": [{"name": "look"}]}, "functions"),
        ({"temperature": 2.1}, "temperature"),
        ({"top_p": -0.1}, "top_p"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"reasoning_effort": "enormous"}, "reasoning_effort"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "robot", "content": "Hi"}]}, "messages[0].role"),
        ({"messages": [{"role": "system", "content": "Hi"}]}, "messages"),
    ],
)
async def test_what_cannot_be_done_is_refused_by_name(
    studio: AIStudioGateway, fields: dict[str, Any], param: str
) -> None:
    for streams in (False, True):
        refused = await studio.ask("Hi", **{"stream": streams, **fields})
        assert refused.status == 400, refused.body
        assert refused.error["type"] == "invalid_request_error"
        assert refused.error["param"] == param
        assert refused.error["message"].startswith(param)
    assert not studio.emulator.asked
    assert await studio.charged() == 0


async def test_top_k_is_refused_by_the_name_of_who_asks(studio: AIStudioGateway) -> None:
    body = {"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"topK": 3}}
    async with studio.client.post(GEMINI, json=body) as response:
        error = (await response.json())["error"]
    assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
    assert "topK" in error["message"]
    assert not studio.emulator.asked


async def test_formats_that_ask_for_nothing_else_are_taken(studio: AIStudioGateway) -> None:
    said = await say(
        studio,
        streams=True,
        response_format={"type": "text"},
        n=1,
        logprobs=False,
        user="somebody",
        metadata={},
        store=False,
    )
    assert said.finish == "stop"
    assert "x-plugway-ignored" not in {name.lower() for name in said.headers}


@pytest.mark.parametrize("model", ["gemini-99", "veo-3.0-generate", "gemini-3-ultra", "a/b"])
async def test_a_model_that_there_is_not_is_not_found(studio: AIStudioGateway, model: str) -> None:
    # The page's list is known.
    await studio.ask("Hi")
    asked = len(studio.emulator.asked)
    for streams in (False, True):
        refused = await studio.ask("Hi", model, stream=streams)
        assert refused.status == 404
        assert (refused.error["param"], refused.error["code"]) == ("model", "model_not_found")
        assert model in refused.error["message"]
    assert len(studio.emulator.asked) == asked


async def test_what_the_operator_wants_passed_over_is_named(
    ignoring: AIStudioGateway, streams: bool
) -> None:
    said = await say(ignoring, streams=streams, seed=7, temperature=0.5)
    assert {name.lower(): value for name, value in said.headers.items()}[
        "x-plugway-ignored"
    ] == "seed"
    assert ignoring.emulator.asked[-1].temperature == 0.5
    body = {"contents": [{"parts": [{"text": "Hi"}]}], "generationConfig": {"topK": 3, "seed": 1}}
    async with ignoring.client.post(GEMINI, json=body) as response:
        assert response.status == 200
        assert (
            response.headers["x-plugway-ignored"] == "generationConfig.seed, generationConfig.topK"
        )


async def test_others_are_refused_all_the_same(ignoring: AIStudioGateway) -> None:
    assert (await ignoring.ask(response_format={"type": "json_object"})).status == 400


async def test_models_that_are_left_out_are_not_there(ignoring: AIStudioGateway) -> None:
    await ignoring.ask("Hi")
    async with ignoring.client.get("/v1/models") as response:
        ids = [one["id"] for one in (await response.json())["data"]]
    assert "gemini-2.5-flash" in ids
    assert "gemini-2.5-pro" not in ids
    assert (await ignoring.ask("Hi", "gemini-2.5-pro")).status == 404
    async with ignoring.client.get("/v1/models/gemini-2.5-pro") as response:
        assert response.status == 404


async def test_the_list_is_the_page_s_own(studio: AIStudioGateway) -> None:
    await studio.ask("Hi")
    async with studio.client.get("/v1/models") as response:
        listed = {one["id"]: one for one in (await response.json())["data"]}
    served = [
        one for one in studio.emulator.chats if "generateContent" in one.methods and not one.paid
    ]
    assert set(listed) == {one.id for one in served}
    for model in served:
        shown = listed[model.id]
        assert {**shown, "created": 0} == {
            "id": model.id,
            "object": "model",
            "created": 0,
            "owned_by": "ai_studio",
            "display_name": model.title,
            "description": model.description,
            "raw_model_path": f"models/{model.id}",
            "default_temperature": model.temperature,
            "default_max_output_tokens": model.output_limit,
            "supported_max_output_tokens": model.output_limit,
            "default_top_p": model.top_p,
        }
        async with studio.client.get(f"/v1/models/{model.id}") as response:
            assert await response.json() == shown
    async with studio.client.get("/v1/models/gemini-99") as response:
        assert response.status == 404
        assert (await response.json())["error"]["code"] == "model_not_found"
