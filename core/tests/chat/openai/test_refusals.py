"""Errors: the official package raises its own classes, and nothing is charged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import openai
import pytest
from openai_desk import OpenAIDesk, user_says

from plugway import (
    BadRequest,
    ChatModel,
    CredentialRestricted,
    EmptyAnswer,
    NotPermitted,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    UpstreamError,
    UpstreamTimeout,
)
from plugway.openapi import document

pytestmark = pytest.mark.anyio


async def refused(
    client: openai.AsyncOpenAI, model: str = "poet", **options: Any
) -> openai.APIStatusError:
    with pytest.raises(openai.APIStatusError) as caught:
        await client.chat.completions.create(model=model, messages=user_says("Hi"), **options)
    return caught.value


async def test_a_wrong_value(desk: OpenAIDesk) -> None:
    error = await refused(desk.client, temperature=3)
    assert type(error) is openai.BadRequestError
    assert (error.type, error.param, error.code) == ("invalid_request_error", "temperature", None)
    assert error.body == {
        "message": "temperature: expected float <= 2.0",
        "type": "invalid_request_error",
        "param": "temperature",
        "code": None,
    }
    assert error.request_id
    assert await desk.server.usage() == []
    assert await desk.spent() == 0


async def test_more_than_one_answer(desk: OpenAIDesk) -> None:
    error = await refused(desk.client, n=2)
    assert type(error) is openai.BadRequestError
    assert (error.param, "only one answer" in error.message) == ("n", True)
    assert not desk.poet.asked


async def test_no_key_and_a_wrong_one(desk: OpenAIDesk) -> None:
    async with desk.with_key("sk-0123456789abcdef") as client:
        error = await refused(client)
    assert type(error) is openai.AuthenticationError
    assert (error.type, error.code) == ("invalid_request_error", "invalid_api_key")
    async with desk.raw.get(f"{desk.server.url}/v1/models") as answer:
        assert answer.status == 401
        assert answer.headers["www-authenticate"] == "Bearer"
        assert (await answer.json())["error"] == {
            "message": "No valid key was presented.",
            "type": "invalid_request_error",
            "param": None,
            "code": None,
        }


async def test_a_model_that_does_not_exist_and_one_that_the_key_may_not_use(
    desk: OpenAIDesk,
) -> None:
    limited = await desk.server.key(desk.user, "limited", models=("parrot",))
    async with desk.with_key(limited) as client:
        hidden = await refused(client, "poet")
    absent = await refused(desk.client, "nobody")
    for error, name in ((hidden, "poet"), (absent, "nobody")):
        assert type(error) is openai.NotFoundError
        assert (error.code, error.param) == ("model_not_found", "model")
        assert name in error.message
    assert not desk.poet.asked


async def test_a_key_that_may_not_be_used_from_here(desk: OpenAIDesk) -> None:
    far = await desk.server.key(desk.user, "far", networks=("192.0.2.0/24",))
    async with desk.with_key(far) as client:
        error = await refused(client)
    assert type(error) is openai.PermissionDeniedError
    assert (error.type, error.code) == ("permission_error", "permission_denied")
    assert await desk.spent() == 0


async def test_too_many_requests(desk: OpenAIDesk) -> None:
    slow = await desk.server.key(desk.user, "slow", rate="1/minute")
    async with desk.with_key(slow) as client:
        await client.chat.completions.create(model="poet", messages=user_says("Hi"))
        error = await refused(client)
    assert type(error) is openai.RateLimitError
    assert (error.type, error.code) == ("rate_limit_error", "rate_limit_exceeded")
    assert int(error.response.headers["retry-after"]) >= 1


async def test_a_balance_that_does_not_cover_the_call(desk: OpenAIDesk) -> None:
    poor = await desk.server.user("bob", credits_=3)
    async with desk.with_key(await desk.server.key(poor)) as client:
        error = await refused(client)
    assert type(error) is openai.RateLimitError
    assert (error.type, error.code) == ("insufficient_quota", "insufficient_quota")
    assert await desk.server.balance(poor) == (3, 0)
    assert not desk.poet.asked


async def test_the_official_package_does_not_ask_again_where_paying_is_what_helps(
    desk: OpenAIDesk,
) -> None:
    poor = await desk.server.user("bob", credits_=0)
    key = await desk.server.key(poor)
    async with asyncio.timeout(10), desk.with_key(key).with_options(max_retries=5) as client:
        error = await refused(client)
    assert error.request.headers["x-stainless-retry-count"] == "0"


async def test_a_model_without_a_price(desk: OpenAIDesk) -> None:
    desk.poet.models.append(ChatModel(id="dear", base="poet", tariff="nowhere"))
    error = await refused(desk.client, "dear")
    assert type(error) is openai.BadRequestError
    assert error.code == "no_price"
    assert not desk.poet.asked
    assert await desk.spent() == 0


async def test_what_the_model_cannot_do(desk: OpenAIDesk) -> None:
    tools: Any = [{"type": "function", "function": {"name": "f"}}]
    error = await refused(desk.client, "parrot", tools=tools)
    assert type(error) is openai.BadRequestError
    assert error.param == "tools"
    error = await refused(desk.client, "parrot", response_format={"type": "json_object"})
    assert (error.status_code, error.param) == (400, "response_format")
    assert not desk.poet.asked
    assert await desk.server.usage() == []


async def test_no_channel(desk: OpenAIDesk) -> None:
    desk.poet.models.append(ChatModel(id="elsewhere"))
    error = await refused(desk.client, "elsewhere")
    assert type(error) is openai.InternalServerError
    assert (error.status_code, error.type) == (503, "server_error")
    assert error.code == "no_available_channel"
    assert await desk.spent() == 0


@pytest.mark.parametrize(
    ("failure", "kind", "status", "code"),
    [
        (BadRequest("no such thing"), openai.BadRequestError, 400, None),
        (
            SafetyBlocked("not this"),
            openai.BadRequestError,
            400,
            "content_policy_violation",
        ),
        (NotPermitted("no"), openai.PermissionDeniedError, 403, "permission_denied"),
        (
            QuotaExhausted("used up", retry_after=9),
            openai.RateLimitError,
            429,
            "rate_limit_exceeded",
        ),
        (CredentialRestricted("no"), openai.InternalServerError, 502, "credential_restricted"),
        (EmptyAnswer("nothing"), openai.InternalServerError, 502, "empty_answer"),
        (UpstreamError("broke"), openai.InternalServerError, 502, "upstream_error"),
        (UpstreamTimeout("late"), openai.InternalServerError, 504, "upstream_timeout"),
        (ValueError("canary"), openai.InternalServerError, 500, "internal_error"),
    ],
)
async def test_what_the_upstream_does(
    desk: OpenAIDesk,
    failure: Exception,
    kind: type[openai.APIStatusError],
    status: int,
    code: str | None,
) -> None:
    for stream in (False, True):
        desk.poet.script.clear()
        for _ in range(5):
            desk.says(failure)
        error = await refused(desk.client, stream=stream)
        assert type(error) is kind
        assert (error.status_code, error.code) == (status, code)
        assert "canary" not in error.message
        if isinstance(failure, PlugwayError):
            assert failure.message in error.message
            if failure.retry_after:
                assert error.response.headers["retry-after"] == "9"
    assert await desk.spent() == 0


async def test_bodies_that_are_no_requests(desk: OpenAIDesk) -> None:
    for body, what in (
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"model": "poet", "messages": [{"role": "user", "content": "\xff"}]}', "not JSON"),
        (b"[]", "expected object"),
        (b'{"other": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested too deeply"),
    ):
        status, answer = await desk.post(body)
        assert status == 400
        assert what in answer["error"]["message"]
        assert answer["error"]["type"] == "invalid_request_error"
    assert await desk.spent() == 0


async def test_paths_and_methods_that_there_are_not(desk: OpenAIDesk) -> None:
    url, headers = desk.server.url, {"authorization": f"Bearer {desk.key}"}
    async with desk.raw.get(f"{url}/v1/chat/nothing", headers=headers) as answer:
        assert answer.status == 404
        assert (await answer.json())["error"]["code"] == "unknown_url"
    async with desk.raw.get(f"{url}/v1/chat/completions", headers=headers) as answer:
        assert answer.status == 405
        assert answer.headers["allow"] == "POST"
        assert (await answer.json())["error"]["code"] == "method_not_supported"


async def test_a_body_that_is_too_large(tmp_path: Path) -> None:
    environ = {"PLUGWAY__SERVER__MAX_BODY_BYTES": "5000"}
    async with OpenAIDesk(tmp_path / "home", environ=environ) as desk:
        with pytest.raises(openai.APIStatusError) as caught:
            await desk.client.chat.completions.create(model="poet", messages=user_says("x" * 6000))
        assert (caught.value.status_code, caught.value.code) == (413, "payload_too_large")

        # What does not say how long it is, is refused by the one who reads it.
        async def pieces() -> AsyncGenerator[bytes, None]:
            for _ in range(6):
                yield b" " * 1000

        url = f"{desk.server.url}/v1/chat/completions"
        headers = {"authorization": f"Bearer {desk.key}"}
        async with desk.raw.post(url, headers=headers, data=pieces()) as answer:
            assert answer.status == 413
            error = (await answer.json())["error"]
        assert (error["type"], error["code"]) == ("invalid_request_error", "payload_too_large")
        assert await desk.server.usage() == []


async def test_every_route_is_described(desk: OpenAIDesk) -> None:
    described = document(desk.server.gateway.registry.routes, version="1")
    schemas = described["components"]["schemas"]
    for path, fields in (
        ("/v1/chat/completions", {"messages", "tools", "max_completion_tokens"}),
        ("/v1/images/generations", {"prompt", "size"}),
    ):
        content = described["paths"][path]["post"]["requestBody"]["content"]
        name = content["application/json"]["schema"]["$ref"].rpartition("/")[2]
        assert fields <= schemas[name]["properties"].keys()
    assert "get" in described["paths"]["/v1/models"]
    # Google's dialect has the same path, with POST and another name for what follows.
    ways = [ways for path, ways in described["paths"].items() if path.startswith("/v1/models/{")]
    assert any("get" in way for way in ways)
