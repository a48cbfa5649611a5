"""Lists of models, in the shape that the client's package expects."""

from __future__ import annotations

import anthropic
import openai
import pytest
from openai_desk import OpenAIDesk

from plugway import ChatModel

pytestmark = pytest.mark.anyio


async def test_all_models_of_a_key(desk: OpenAIDesk) -> None:
    listed = await desk.client.models.list()
    assert listed.object == "list"
    assert [model.id for model in listed.data] == ["parrot", "poet", "poet-image"]
    poet = listed.data[1]
    assert (poet.object, poet.created, poet.owned_by) == ("model", 1_700_000_000, "poets")
    assert await desk.client.models.retrieve("poet") == poet


async def test_a_plugin_can_say_more_of_a_model_and_nothing_else(desk: OpenAIDesk) -> None:
    more = {"display_name": "Bard", "default_top_p": None, "id": "other", "object": "thing"}
    desk.poet.models.append(ChatModel(id="bard", base="poet", shown=more))
    shown = await desk.client.models.retrieve("bard")
    assert (shown.id, shown.object) == ("bard", "model")
    assert shown.model_extra == {"display_name": "Bard", "default_top_p": None}
    assert shown in (await desk.client.models.list()).data


async def test_a_name_with_slashes(desk: OpenAIDesk) -> None:
    desk.poet.models.append(ChatModel(id="poets/dead/poet", base="poet"))
    assert (await desk.client.models.retrieve("poets/dead/poet")).id == "poets/dead/poet"
    url, headers = f"{desk.server.url}/v1/models", {"authorization": f"Bearer {desk.key}"}
    async with desk.raw.get(f"{url}/poets/dead/poet", headers=headers) as answer:
        assert (await answer.json())["id"] == "poets/dead/poet"
    async with desk.raw.get(f"{url}/", headers=headers) as answer:
        assert len((await answer.json())["data"]) == 4


async def test_a_key_sees_its_models_only(desk: OpenAIDesk) -> None:
    limited = await desk.server.key(desk.user, "limited", models=("parrot",))
    async with desk.with_key(limited) as client:
        assert [model.id async for model in client.models.list()] == ["parrot"]
        assert (await client.models.retrieve("parrot")).id == "parrot"
        with pytest.raises(openai.NotFoundError) as caught:
            await client.models.retrieve("poet")
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


async def test_what_no_channel_serves_is_neither_listed_nor_shown(desk: OpenAIDesk) -> None:
    desk.poet.models.append(ChatModel(id="elsewhere"))
    assert "elsewhere" not in [model.id async for model in desk.client.models.list()]
    with pytest.raises(openai.NotFoundError):
        await desk.client.models.retrieve("elsewhere")


async def test_anthropics_package_gets_its_own_shape(desk: OpenAIDesk) -> None:
    async with anthropic.AsyncAnthropic(
        base_url=desk.server.url, api_key=desk.key, max_retries=0
    ) as client:
        page = await client.models.list(limit=2)
        assert [model.id for model in page.data] == ["poet", "parrot"]
        assert page.has_more
        one = await client.models.retrieve("poet")
        assert (one.type, one.id, one.display_name) == ("model", "poet", "Poet")
        with pytest.raises(anthropic.NotFoundError):
            await client.models.retrieve("nobody")
