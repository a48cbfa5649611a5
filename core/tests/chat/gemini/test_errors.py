"""Errors: the classes that Google's own package raises, and their bytes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from gemini_front import HELLO, ITS_OWN_WARNING, GeminiFront
from google import genai
from google.genai import errors, types

from plugway import (
    BadRequest,
    ChatModel,
    CredentialExpired,
    QuotaExhausted,
    RateLimited,
    UpstreamError,
    UpstreamTimeout,
    UpstreamUnreachable,
)
from plugway.chat.dialects.gemini.errors import render
from plugway.errors import (
    Conflict,
    InsufficientCredits,
    NoChannel,
    NoPrice,
    NotAuthenticated,
    NotFound,
    NotPermitted,
    PayloadTooLarge,
    PlugwayError,
)

pytestmark = [pytest.mark.anyio, ITS_OWN_WARNING]

Prepare = Callable[[GeminiFront], Awaitable[genai.Client]]


async def wrong_value(front: GeminiFront) -> genai.Client:
    """Have the model's own check refuse: it cannot call functions."""
    front.poet.models = [ChatModel(id="poet")]
    return front.google


async def wrong_key(front: GeminiFront) -> genai.Client:
    """Present a key that nobody has."""
    return front.client("sk-nobody-has-this-one")


async def far_away(front: GeminiFront) -> genai.Client:
    """Present a key that is for another network."""
    return front.client(await front.server.key(front.user, "far", networks=["192.0.2.0/24"]))


async def other_models(front: GeminiFront) -> genai.Client:
    """Present a key that is for another model."""
    return front.client(await front.server.key(front.user, "narrow", models=["parrot"]))


async def too_fast(front: GeminiFront) -> genai.Client:
    """Present a key whose rate is used up."""
    client = front.client(await front.server.key(front.user, "slow", rate="1/day"))
    await client.aio.models.get(model="parrot")
    return client


async def no_credits(front: GeminiFront) -> genai.Client:
    """Present the key of somebody who has nothing."""
    return front.client(await front.server.key(await front.server.user("bob", credits_=0)))


async def no_price(front: GeminiFront) -> genai.Client:
    """Leave the model without a price."""
    front.poet.models = [ChatModel(id="poet", tariff="none", honours={"tools"})]
    return front.google


async def no_channel(front: GeminiFront) -> genai.Client:
    """Ask for a model that no channel has."""
    front.poet.models = [
        ChatModel(id="poet", base="elsewhere", tariff="poet", honours={"tools"}),
    ]
    return front.google


@pytest.mark.parametrize(
    ("prepare", "kind", "code", "status"),
    [
        (wrong_value, errors.ClientError, 400, "INVALID_ARGUMENT"),
        (no_price, errors.ClientError, 400, "FAILED_PRECONDITION"),
        (wrong_key, errors.ClientError, 401, "UNAUTHENTICATED"),
        (far_away, errors.ClientError, 403, "PERMISSION_DENIED"),
        (other_models, errors.ClientError, 404, "NOT_FOUND"),
        (too_fast, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (no_credits, errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (no_channel, errors.ServerError, 503, "UNAVAILABLE"),
    ],
)
@pytest.mark.parametrize("streamed", [False, True])
async def test_refusals(
    front: GeminiFront,
    prepare: Prepare,
    kind: type[errors.APIError],
    code: int,
    status: str,
    streamed: bool,
) -> None:
    models = (await prepare(front)).aio.models
    tool = types.Tool(function_declarations=[types.FunctionDeclaration(name="f")])
    config = types.GenerateContentConfig(tools=[tool])

    async def ask() -> None:
        if streamed:
            ask = models.generate_content_stream
            await anext(await ask(model="poet", contents="hello", config=config))
        else:
            await models.generate_content(model="poet", contents="hello", config=config)

    with pytest.raises(kind) as caught:
        await ask()
    assert (caught.value.code, caught.value.status) == (code, status)
    assert caught.value.message
    assert not front.poet.asked
    assert await front.untouched()


async def test_a_model_that_there_is_not(front: GeminiFront) -> None:
    models = front.google.aio.models
    for ask in (
        models.generate_content(model="nobody", contents="hello"),
        models.generate_content(model="some/body", contents="hello"),
        models.count_tokens(model="nobody", contents="hello"),
        models.get(model="nobody"),
    ):
        with pytest.raises(errors.ClientError) as caught:
            await ask
        assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")
    assert await front.untouched()


@pytest.mark.parametrize(
    ("failure", "kind", "code", "status"),
    [
        (BadRequest("no"), errors.ClientError, 400, "INVALID_ARGUMENT"),
        (QuotaExhausted(), errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        (RuntimeError("a plugin's mistake"), errors.ServerError, 500, "INTERNAL"),
        (UpstreamError(), errors.ServerError, 502, "UNAVAILABLE"),
        (CredentialExpired(), errors.ServerError, 502, "UNAVAILABLE"),
        (UpstreamTimeout(), errors.ServerError, 504, "DEADLINE_EXCEEDED"),
    ],
)
async def test_failures_of_the_upstream(
    front: GeminiFront, failure: Exception, kind: type[errors.APIError], code: int, status: str
) -> None:
    for _ in range(5):
        front.says(failure)
    with pytest.raises(kind) as caught:
        await front.google.aio.models.generate_content(model="poet", contents="hello")
    assert (caught.value.code, caught.value.status) == (code, status)
    assert await front.server.balance(front.user) == (1_000_000, 0)


async def test_the_bytes_of_a_wrong_value(front: GeminiFront) -> None:
    body = {**HELLO, "generation_config": {"top_p": 7}}
    async with front.post("generateContent", body) as answer:
        assert answer.status == 400
        assert answer.content_type == "application/json"
        told = await answer.json()
        request_id = answer.headers["x-request-id"]
    message = "generation_config.top_p: must be between 0 and 1"
    assert told == {
        "error": {
            "code": 400,
            "message": message,
            "status": "INVALID_ARGUMENT",
            "details": [
                {
                    "@type": "type.googleapis.com/google.rpc.BadRequest",
                    "fieldViolations": [
                        {"field": "generation_config.top_p", "description": message}
                    ],
                },
                {
                    "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                    "reason": "BAD_REQUEST",
                    "domain": "plugway",
                    "metadata": {"requestId": request_id},
                },
            ],
        }
    }
    assert await front.untouched()


async def test_when_to_come_again(front: GeminiFront) -> None:
    for _ in range(5):
        front.says(QuotaExhausted("resting", retry_after=41.6))
    async with front.post("generateContent") as answer:
        assert answer.status == 429
        assert answer.headers["retry-after"] == "42"
        details = (await answer.json())["error"]["details"]
    assert {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "42s"} in details


#: Bodies that are no object, or none at all.
NO_BODIES = (b"", b"{", b"[]", b"null", b"\xff", b'{"a":' * 20_000)


async def test_bodies_that_are_none(front: GeminiFront) -> None:
    for method in ("generateContent", "streamGenerateContent", "countTokens"):
        url = f"{front.server.url}/v1beta/models/poet:{method}"
        headers = {"x-goog-api-key": front.key}
        for content in NO_BODIES:
            async with front.http.post(url, data=content, headers=headers) as answer:
                assert answer.status == 400
                assert (await answer.json())["error"]["status"] == "INVALID_ARGUMENT"
    assert await front.untouched()


async def test_what_there_is_not(front: GeminiFront) -> None:
    headers = {"x-goog-api-key": front.key}
    for method, path, status, name in (
        ("POST", "/v1beta/models/poet:embedContent", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models/poet:batchEmbedContents", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models/poet:predictLongRunning", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models/poet:GenerateContent", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models/poet:", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models/:generateContent", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models/poet", 404, "NOT_FOUND"),
        ("POST", "/v1/models/poet:embedContent", 404, "NOT_FOUND"),
        ("POST", "/v1beta/tunedModels/poet:generateContent", 404, "NOT_FOUND"),
        ("GET", "/v1beta/cachedContents", 404, "NOT_FOUND"),
        ("POST", "/v1beta/models", 404, "NOT_FOUND"),
        ("POST", "/v1/models", 404, "NOT_FOUND"),
        ("GET", "/v1beta/models/", 404, "NOT_FOUND"),
        ("DELETE", "/v1beta/models/poet", 405, "UNIMPLEMENTED"),
    ):
        url = front.server.url + path
        async with front.http.request(method, url, json=HELLO, headers=headers) as answer:
            assert answer.status == status, path
            told = (await answer.json())["error"]
        assert (told["code"], told["status"]) == (status, name), path
    assert await front.untouched()


@pytest.mark.parametrize(
    ("error", "status", "name", "reason"),
    [
        (InsufficientCredits(), 429, "RESOURCE_EXHAUSTED", "INSUFFICIENT_CREDITS"),
        (NoPrice(), 400, "FAILED_PRECONDITION", "NO_PRICE"),
        (NotAuthenticated(), 401, "UNAUTHENTICATED", "NOT_AUTHENTICATED"),
        (NotPermitted(), 403, "PERMISSION_DENIED", "NOT_PERMITTED"),
        (NotFound(), 404, "NOT_FOUND", "NOT_FOUND"),
        (Conflict(), 409, "ABORTED", "CONFLICT"),
        (PayloadTooLarge(), 413, "INVALID_ARGUMENT", "PAYLOAD_TOO_LARGE"),
        (RateLimited(), 429, "RESOURCE_EXHAUSTED", "RATE_LIMITED"),
        (PlugwayError(), 500, "INTERNAL", "INTERNAL_ERROR"),
        (UpstreamUnreachable(), 502, "UNAVAILABLE", "UPSTREAM_UNREACHABLE"),
        (NoChannel(), 503, "UNAVAILABLE", "NO_AVAILABLE_CHANNEL"),
    ],
)
def test_names(error: PlugwayError, status: int, name: str, reason: str) -> None:
    body = render(error, "r1")
    told = body.content["error"]
    assert (body.status, told["code"], told["status"]) == (status, status, name)
    assert told["message"] == error.message
    assert [detail["reason"] for detail in told["details"]] == [reason]
