"""Errors: the official package raises its own exceptions, and nothing is charged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import aiohttp
import anthropic
import pytest
from anthropic_gateway import ASKED, AnthropicGateway
from poet import PoetModels, PoetPlugin

from plugway import (
    ChatEvent,
    ChatModel,
    ChatRequest,
    Media,
    PlugwayError,
    QuotaExhausted,
    SafetyBlocked,
    Turn,
    UpstreamError,
    UpstreamTimeout,
)
from plugway.testing.server import GatewayServer

pytestmark = pytest.mark.anyio

TOOL = {"name": "f", "input_schema": {"type": "object"}}


async def refused(
    house: AnthropicGateway, class_: type[anthropic.APIStatusError], type_: str, **options: Any
) -> anthropic.APIStatusError:
    """Ask, and return what the package raises; nothing was charged."""
    for stream in (False, True):
        with pytest.raises(class_) as caught:
            await house.ask(**options, stream=stream)
        assert type(caught.value) is class_
        assert caught.value.type == type_
        assert caught.value.request_id
        body = caught.value.body
        assert isinstance(body, dict)
        assert set(body) == {"type", "error", "request_id"}
        assert body["type"] == "error"
        assert body["request_id"] == caught.value.request_id
    assert await house.charged() == 0
    return caught.value


async def test_a_wrong_value(house: AnthropicGateway) -> None:
    error = await refused(house, anthropic.BadRequestError, "invalid_request_error", max_tokens=0)
    assert error.api_message == "max_tokens: expected int >= 1"
    assert house.poet.asked == []


async def test_no_key_and_a_wrong_one(house: AnthropicGateway) -> None:
    house.client = house.made(api_key="sk-wrong-wrong-wrong")
    await refused(house, anthropic.AuthenticationError, "authentication_error")
    house.key = ""
    status, body = await house.post(dict(ASKED))
    assert (status, body["error"]["type"]) == (401, "authentication_error")


async def test_no_credits(house: AnthropicGateway) -> None:
    poor = await house.server.user("bob", credits_=0)
    house.client = house.made(api_key=await house.server.key(poor))
    await refused(house, anthropic.PaymentRequiredError, "billing_error")
    assert await house.server.balance(poor) == (0, 0)


async def test_a_key_that_is_for_another_place(house: AnthropicGateway) -> None:
    key = await house.server.key(house.user, "far", networks=["203.0.113.0/24"])
    house.client = house.made(api_key=key)
    await refused(house, anthropic.PermissionDeniedError, "permission_error")


async def test_an_unknown_model_and_one_that_the_key_does_not_see(house: AnthropicGateway) -> None:
    await refused(house, anthropic.NotFoundError, "not_found_error", model="nobody")
    key = await house.server.key(house.user, "narrow", models=["parrot"])
    house.client = house.made(api_key=key)
    await refused(house, anthropic.NotFoundError, "not_found_error")
    with pytest.raises(anthropic.NotFoundError):
        await house.client.messages.count_tokens(model="poet", messages=ASKED["messages"])
    assert (await house.ask(model="parrot")).content[0].type == "text"


async def test_too_many_requests(house: AnthropicGateway) -> None:
    key = await house.server.key(house.user, "slow", rate="1/minute")
    house.client = house.made(api_key=key)
    await house.ask()
    before = await house.charged()
    with pytest.raises(anthropic.RateLimitError) as caught:
        await house.ask()
    assert caught.value.type == "rate_limit_error"
    assert int(caught.value.response.headers["retry-after"]) >= 1
    assert await house.charged() == before


async def test_an_exhausted_upstream(house: AnthropicGateway) -> None:
    house.poet.script.extend([[QuotaExhausted(retry_after=30.0, acted=False)]] * 20)
    error = await refused(house, anthropic.RateLimitError, "rate_limit_error")
    assert error.response.headers["retry-after"] == "30"


async def test_no_channel(tmp_path: Path) -> None:
    plugin = PoetPlugin()
    async with GatewayServer(tmp_path / "home", plugins={"poet": plugin}) as server:
        house = AnthropicGateway(server, plugin)
        await house.prepare(channel=False)
        error = await refused(house, anthropic.ServiceUnavailableError, "overloaded_error")
        assert isinstance(error, anthropic.InternalServerError)
        await house.close()


@pytest.mark.parametrize(
    ("raised", "class_", "type_"),
    [
        (UpstreamError(), anthropic.InternalServerError, "api_error"),
        (RuntimeError("a bug"), anthropic.InternalServerError, "api_error"),
        (UpstreamTimeout(), anthropic.GatewayTimeoutError, "timeout_error"),
        (SafetyBlocked(acted=False), anthropic.BadRequestError, "invalid_request_error"),
    ],
)
async def test_a_failing_upstream(
    house: AnthropicGateway,
    raised: PlugwayError | RuntimeError,
    class_: type[anthropic.APIStatusError],
    type_: str,
) -> None:
    house.poet.script.extend([[raised]] * 20)
    with pytest.raises(class_) as caught:
        await house.ask()
    assert (type(caught.value), caught.value.type) == (class_, type_)
    assert "a bug" not in str(caught.value.body)


async def test_a_body_that_is_too_large(tmp_path: Path) -> None:
    plugin = PoetPlugin()
    environ = {"PLUGWAY__SERVER__MAX_BODY_BYTES": "5000"}
    async with GatewayServer(
        tmp_path / "home", plugins={"poet": plugin}, environ=environ
    ) as server:
        house = AnthropicGateway(server, plugin)
        await house.prepare()
        # What says how long it is, is refused before anybody looks where it goes.
        with pytest.raises(anthropic.ContentTooLargeError):
            await house.ask(system="x" * 6000)

        async def pieces() -> AsyncGenerator[bytes, None]:
            for _ in range(6):
                yield b" " * 1000

        async with (
            aiohttp.ClientSession(headers={"x-api-key": house.key}) as session,
            session.post(server.url + "/v1/messages", data=pieces()) as response,
        ):
            assert response.status == 413
            assert (await response.json())["error"]["type"] == "request_too_large"
        await house.close()


async def test_a_model_without_a_price(house: AnthropicGateway) -> None:
    house.poet.models.append(ChatModel(id="priceless", base="poet", tariff="priceless"))
    error = await refused(
        house, anthropic.BadRequestError, "invalid_request_error", model="priceless"
    )
    assert "no price" in str(error.api_message)


async def test_what_the_model_cannot_do(house: AnthropicGateway) -> None:
    error = await refused(
        house, anthropic.BadRequestError, "invalid_request_error", model="parrot", tools=[TOOL]
    )
    assert error.api_message == "tools: parrot cannot call functions"
    error = await refused(
        house,
        anthropic.BadRequestError,
        "invalid_request_error",
        model="parrot",
        output_config={"format": {"type": "json_schema", "schema": {}}},
    )
    assert error.api_message == "output_config.format: parrot cannot be held to JSON"


async def test_the_wrong_method_and_no_json(house: AnthropicGateway) -> None:
    with pytest.raises(anthropic.APIStatusError) as caught:
        await house.client.get("/v1/messages", cast_to=object)
    assert (caught.value.status_code, caught.value.type) == (405, "invalid_request_error")
    for content in (b"", b"{", b"\xff", b"[]", b'"' * 9, b"[" * 100_000):
        with pytest.raises(anthropic.BadRequestError):
            await house.client.post("/v1/messages", content=content, cast_to=object)


class Looker(PoetModels):
    """Fetches what it is shown before it answers."""

    async def answer(
        self, request: ChatRequest, model: ChatModel, turn: Turn
    ) -> AsyncGenerator[ChatEvent, None]:
        """Load all media, then say the next answer of the script."""
        for message in request.messages:
            for part in message.parts:
                if isinstance(part, Media):
                    await turn.load(part)
        async for event in super().answer(request, model, turn):
            yield event


async def test_private_addresses_are_not_fetched_for_a_client(tmp_path: Path) -> None:
    met: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        met.append(await reader.read(10))
        writer.close()

    inside = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = inside.sockets[0].getsockname()[1]
    plugin = PoetPlugin()
    plugin.poet = Looker("poet")
    async with inside, GatewayServer(tmp_path / "home", plugins={"poet": plugin}) as server:
        house = AnthropicGateway(server, plugin)
        await house.prepare()
        for url in (
            f"http://127.0.0.1:{port}/a.png",
            f"http://localhost:{port}/a.png",
            "http://169.254.169.254/latest/meta-data",
            "http://[::1]/a.png",
        ):
            image = {"type": "image", "source": {"type": "url", "url": url}}
            await refused(
                house,
                anthropic.BadRequestError,
                "invalid_request_error",
                messages=[{"role": "user", "content": [image]}],
            )
        await house.close()
    assert met == []
