"""Lists of models, as Google's own package reads them."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from gemini_front import ITS_OWN_WARNING, GeminiFront
from google.genai import errors

from plugway import ChatModel

pytestmark = [pytest.mark.anyio, ITS_OWN_WARNING]


async def listed(front: GeminiFront, query: str = "") -> tuple[int, Any]:
    """Return status and JSON of a list."""
    url = f"{front.server.url}/v1beta/models{query}"
    async with front.http.get(url, headers={"x-goog-api-key": front.key}) as answer:
        return answer.status, await answer.json()


@pytest.mark.parametrize("version", [None, "v1", "v1beta"])
async def test_models(front: GeminiFront, version: str | None) -> None:
    client = front.client(front.key, version)
    found = [model async for model in await client.aio.models.list()]
    assert [model.name for model in found] == ["models/parrot", "models/poet", "models/poet-image"]
    assert await asyncio.to_thread(lambda: len(list(client.models.list()))) == 3
    for model in found:
        assert model.name
        assert await client.aio.models.get(model=model.name) == model
        answer = await client.aio.models.generate_content(model=model.name, contents="hello")
        assert answer.text == "hello"


async def test_a_model_whose_name_has_slashes(front: GeminiFront) -> None:
    front.poet.models = [ChatModel(id="poets/great/one", base="poet")]
    for version in ("v1", "v1beta"):
        models = front.client(front.key, version).aio.models
        assert (await models.get(model="poets/great/one")).name == "models/poets/great/one"
        answer = await models.generate_content(model="poets/great/one", contents="hello")
        assert answer.text == "hello"


async def test_a_model(front: GeminiFront) -> None:
    model = await front.google.aio.models.get(model="models/poet")
    assert model.name == "models/poet"
    assert model.display_name == "Poet"
    assert model.version == "001"
    assert (model.input_token_limit, model.output_token_limit) == (1_048_576, 65_536)
    assert model.supported_actions == ["generateContent", "countTokens"]
    assert (model.temperature, model.max_temperature, model.thinking) == (1.0, 2.0, True)
    plain = await front.google.aio.models.get(model="parrot")
    assert plain.description == "Says what it hears."
    assert (plain.temperature, plain.thinking) == (None, None)


async def test_the_bytes_of_a_model(front: GeminiFront) -> None:
    url = f"{front.server.url}/v1beta/models/poet-image"
    async with front.http.get(url, headers={"x-goog-api-key": front.key}) as answer:
        assert answer.headers["content-type"] == "application/json; charset=UTF-8"
        assert await answer.json() == {
            "name": "models/poet-image",
            "baseModelId": "poet",
            "version": "001",
            "displayName": "poet-image",
            "inputTokenLimit": 1_048_576,
            "outputTokenLimit": 65_536,
            "supportedGenerationMethods": ["generateContent", "countTokens"],
        }


async def test_pages(front: GeminiFront) -> None:
    names = [f"models/m{number:02}" for number in range(60)]
    front.poet.models = [ChatModel(id=name.removeprefix("models/"), base="poet") for name in names]
    _, first = await listed(front)
    assert [model["name"] for model in first["models"]] == names[:50]
    _, second = await listed(front, f"?pageToken={first['nextPageToken']}&page_size=10")
    assert [model["name"] for model in second["models"]] == names[50:]
    assert "nextPageToken" not in second
    _, huge = await listed(front, "?pageSize=5000000")
    assert len(huge["models"]) == 60
    pager = await front.google.aio.models.list(config={"page_size": 7})
    assert [model.name async for model in pager] == names


async def test_no_models(front: GeminiFront) -> None:
    front.poet.models = []
    assert await listed(front) == (200, {"models": []})


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?pageSize=-1", "pageSize"),
        ("?page_size=many", "page_size"),
        ("?pageToken=!", "pageToken"),
        ("?pageToken=" + base64.urlsafe_b64encode(b"\xff").decode(), "pageToken"),
    ],
)
async def test_pages_that_there_are_not(front: GeminiFront, query: str, field: str) -> None:
    status, told = await listed(front, query)
    assert (status, told["error"]["status"]) == (400, "INVALID_ARGUMENT")
    violations = told["error"]["details"][0]["fieldViolations"]
    assert [violation["field"] for violation in violations] == [field]


async def test_a_key_sees_its_models_only(front: GeminiFront) -> None:
    client = front.client(await front.server.key(front.user, "narrow", models=["parrot"]))
    found = [model async for model in await client.aio.models.list()]
    assert [model.name for model in found] == ["models/parrot"]
    assert (await client.aio.models.get(model="parrot")).name == "models/parrot"
    with pytest.raises(errors.ClientError) as caught:
        await client.aio.models.get(model="poet")
    assert caught.value.code == 404
    answer = await client.aio.models.generate_content(model="parrot", contents="hello")
    assert answer.text == "hello"


async def test_lists_count_against_rates_and_ask_where_from(front: GeminiFront) -> None:
    slow = front.client(await front.server.key(front.user, "slow", rate="1/day"))
    await slow.aio.models.list()
    far = front.client(await front.server.key(front.user, "far", networks=["192.0.2.0/24"]))
    for client, code in ((slow, 429), (far, 403)):
        for ask in (
            client.aio.models.list(),
            client.aio.models.get(model="poet"),
            client.aio.models.count_tokens(model="poet", contents="hello"),
        ):
            with pytest.raises(errors.ClientError) as caught:
                await ask
            assert caught.value.code == code
