"""The list of models, with the official package."""

from __future__ import annotations

from datetime import UTC, datetime

import anthropic
import pytest
from anthropic_gateway import AnthropicGateway

from plugway import BadRequest, ChatModel
from plugway.chat.dialects.anthropic.listing import described, listing

pytestmark = pytest.mark.anyio


async def test_the_list(house: AnthropicGateway) -> None:
    page = await house.client.models.list()
    assert [model.id for model in page.data] == ["poet", "parrot", "poet-image"]
    assert (page.has_more, page.first_id, page.last_id) == (False, "poet", "poet-image")
    poet = page.data[0]
    assert (poet.type, poet.display_name, poet.lifecycle) == ("model", "Poet", "active")
    assert poet.created_at == datetime.fromtimestamp(1_700_000_000, UTC)
    assert poet.max_tokens == 65_536
    assert poet.capabilities is not None
    assert poet.capabilities.thinking.supported
    assert poet.capabilities.image_input.supported
    assert not poet.capabilities.batch.supported


async def test_page_by_page(house: AnthropicGateway) -> None:
    found = [model.id async for model in house.client.models.list(limit=1)]
    assert found == ["poet", "parrot", "poet-image"]
    page = await house.client.models.list(limit=1, before_id="poet-image")
    assert ([model.id for model in page.data], page.has_more) == (["parrot"], True)


async def test_one_model(house: AnthropicGateway) -> None:
    model = await house.client.models.retrieve("parrot")
    assert (model.id, model.created_at) == ("parrot", datetime.fromtimestamp(0, UTC))
    with pytest.raises(anthropic.NotFoundError):
        await house.client.models.retrieve("nobody")


async def test_a_key_sees_only_its_models(house: AnthropicGateway) -> None:
    key = await house.server.key(house.user, "narrow", models=["parrot"])
    client = house.made(api_key=key)
    assert [model.id async for model in client.models.list()] == ["parrot"]
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("poet")


async def test_lifecycles(house: AnthropicGateway) -> None:
    client = house.client
    assert (await client.models.list(lifecycle=["active", "retired"])).data
    gone = await client.models.list(lifecycle=["retired"])
    assert (gone.data, gone.first_id, gone.last_id, gone.has_more) == ([], None, None, False)


async def test_wrong_queries(house: AnthropicGateway) -> None:
    for query in (
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"limit": "1e2"},
        {"limit": "²"},
        {"limit": ""},
        {"after_id": "nobody"},
        {"before_id": "nobody"},
        {"after_id": "poet", "before_id": "poet"},
        {"lifecycle": "young"},
    ):
        with pytest.raises(anthropic.BadRequestError):
            await house.client.models.list(extra_query=query)


async def test_errors_have_the_shape_of_this_api(house: AnthropicGateway) -> None:
    nobody = house.made(api_key="sk-nobody-has-this-key-0123456789")
    for asking, kind, type_ in (
        (nobody.models.list(), anthropic.AuthenticationError, "authentication_error"),
        (house.client.models.retrieve("nobody"), anthropic.NotFoundError, "not_found_error"),
        (house.client.models.list(limit=0), anthropic.BadRequestError, "invalid_request_error"),
    ):
        with pytest.raises(kind) as caught:
            await asking
        body = caught.value.body
        assert isinstance(body, dict)
        assert (body["type"], body["error"]["type"]) == ("error", type_)
        assert caught.value.request_id == body["request_id"]


def test_a_wrong_query_is_named() -> None:
    for name in ("limit", "after_id", "before_id", "lifecycle"):
        with pytest.raises(BadRequest) as caught:
            listing([ChatModel(id="poet")], {name: "x"})
        assert caught.value.field == name


def test_what_is_told_is_all_that_the_package_knows() -> None:
    told = described(ChatModel(id="poet"))
    info = anthropic.types.ModelInfo.model_validate(told)
    assert set(told) == set(anthropic.types.ModelInfo.model_fields)
    assert info.model_dump(mode="json", exclude_unset=True) == told
