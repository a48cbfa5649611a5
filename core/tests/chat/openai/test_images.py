"""Images made by models that chat."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import openai
import pytest
from openai_desk import PNG, OpenAIDesk
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from plugway import (
    Finish,
    Media,
    Message,
    Mount,
    Text,
    TextDelta,
    TokenCount,
    UpstreamError,
    hookimpl,
)

pytestmark = pytest.mark.anyio

PICTURE = Media(mime_type="image/png", data=PNG)

WRONG: list[tuple[str, dict[str, Any]]] = [
    ("model", {"model": None}),
    ("model", {"model": "parrot"}),
    ("model", {"model": "nobody"}),
    ("prompt", {"prompt": ""}),
    ("prompt", {"prompt": 3}),
    ("prompt", {"prompt": "x" * 32_001}),
    ("n", {"n": 0}),
    ("n", {"n": 11}),
    ("n", {"n": "1"}),
    ("size", {"size": "big"}),
    ("size", {"size": 1024}),
    ("quality", {"quality": "best"}),
    ("style", {"style": "baroque"}),
    ("background", {"background": "red"}),
    ("moderation", {"moderation": "none"}),
    ("output_format", {"output_format": "bmp"}),
    ("response_format", {"response_format": "xml"}),
    ("stream", {"stream": True}),
    ("user", {"user": []}),
]


async def test_an_image(desk: OpenAIDesk) -> None:
    desk.says(TextDelta("Here"), PICTURE, TokenCount(input=4, output=300))
    answer = await desk.client.images.generate(model="poet-image", prompt="A rose", user="u")
    assert answer.data is not None
    [image] = answer.data
    assert image.b64_json is not None
    assert base64.b64decode(image.b64_json) == PNG
    assert image.url is None
    assert answer.created > 0
    assert answer.output_format == "png"
    usage = answer.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (4, 300, 304)
    assert usage.output_tokens_details is not None
    assert usage.output_tokens_details.image_tokens == 299
    assert usage.output_tokens_details.text_tokens == 1
    assert usage.input_tokens_details.text_tokens == 4
    assert await desk.spent() == 4 + 2 * 300 + 100
    [asked] = desk.poet.asked
    assert asked.messages == (Message("user", (Text("A rose"),)),)
    assert asked.user == "u"


async def test_several_images_are_asked_for_until_there_are_enough(desk: OpenAIDesk) -> None:
    desk.says(PICTURE, PICTURE)
    desk.says(TextDelta("No."))
    desk.says(PICTURE)
    answer = await desk.client.images.generate(model="poet-image", prompt="Roses", n=3)
    assert answer.data is not None
    assert len(answer.data) == 3
    assert len(desk.poet.asked) == 3
    assert answer.usage is not None
    # Six for each prompt, one for the word.
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (18, 1)
    assert answer.usage.model_extra == {"estimated": True}
    assert await desk.spent() == 18 + 2 + 300


async def test_what_came_before_a_failure_is_kept_since_it_was_paid_for(desk: OpenAIDesk) -> None:
    desk.says(PICTURE)
    desk.says(UpstreamError("broke"))
    answer = await desk.client.images.generate(model="poet-image", prompt="Roses", n=3)
    assert answer.data is not None
    assert len(answer.data) == 1
    assert await desk.spent() == 6 + 100


async def test_a_client_that_leaves_gets_no_more_images_made(desk: OpenAIDesk) -> None:
    desk.says(PICTURE)
    desk.says(TextDelta("Well"), asyncio.Event())
    asking = asyncio.create_task(
        desk.client.images.generate(model="poet-image", prompt="Roses", n=3)
    )
    async with asyncio.timeout(10):
        while len(desk.poet.asked) < 2:
            await asyncio.sleep(0.01)
    asking.cancel()
    # The second answer came as far as one word.
    assert await desk.calls(2) == [(200, 6 + 100, None), (499, 6 + 2, "client_departed")]
    assert desk.poet.left == 1
    assert len(desk.poet.asked) == 2
    with pytest.raises(asyncio.CancelledError):
        await asking


async def test_a_model_that_says_only_where_the_image_is(desk: OpenAIDesk) -> None:
    desk.says(Media(mime_type="image/png", url="https://example.com/a.png"))
    answer = await desk.client.images.generate(model="poet-image", prompt="A rose")
    assert answer.data is not None
    assert (answer.data[0].url, answer.data[0].b64_json) == ("https://example.com/a.png", None)


async def test_an_image_by_its_place(desk: OpenAIDesk) -> None:
    desk.says(TextDelta("Here"), PICTURE)
    answer = await desk.client.images.generate(
        model="poet-image", prompt="A rose", response_format="url"
    )
    assert answer.data is not None
    [image] = answer.data
    assert image.b64_json is None
    assert image.url is not None
    # Whoever has the address needs no key.
    async with desk.raw.get(image.url) as fetched:
        assert (fetched.status, fetched.content_type) == (200, "image/png")
        assert await fetched.read() == PNG


async def test_an_image_of_an_image(desk: OpenAIDesk) -> None:
    desk.says(PICTURE)
    answer = await desk.client.images.edit(
        model="poet-image", prompt="A red one", image=("rose.png", PNG, "image/png")
    )
    assert answer.data is not None
    assert len(answer.data) == 1
    [asked] = desk.poet.asked
    assert asked.messages == (Message("user", (Text("A red one"), PICTURE)),)


async def test_no_image_came(desk: OpenAIDesk) -> None:
    desk.says(TextDelta("I would\nrather not."))
    with pytest.raises(openai.InternalServerError) as caught:
        await desk.client.images.generate(model="poet-image", prompt="A rose")
    assert (caught.value.status_code, caught.value.code) == (502, "empty_answer")
    assert "I would rather not." in caught.value.message
    # The words are charged, as those of any chat; an image is not.
    assert await desk.spent() == 6 + 2 * 5
    desk.says(Finish("safety"))
    with pytest.raises(openai.BadRequestError) as refusal:
        await desk.client.images.generate(model="poet-image", prompt="A rose")
    assert refusal.value.code == "content_policy_violation"


async def test_a_failure_is_not_charged(desk: OpenAIDesk) -> None:
    desk.says(UpstreamError("broke"))
    with pytest.raises(openai.InternalServerError):
        await desk.client.images.generate(model="poet-image", prompt="A rose", n=2)
    assert await desk.spent() == 0


async def test_a_wrong_value_is_named(desk: OpenAIDesk) -> None:
    for field, body in WRONG:
        asked = {"model": "poet-image", "prompt": "A rose", **body}
        status, answer = await desk.post(asked, "/v1/images/generations")
        assert status == (404 if body.get("model") == "nobody" else 400), body
        assert answer["error"]["param"] == field
    assert not desk.poet.asked
    assert await desk.spent() == 0


async def test_what_cannot_be_followed_is_named(desk: OpenAIDesk) -> None:
    desk.says(PICTURE)
    answer = await desk.client.images.with_raw_response.generate(
        model="poet-image",
        prompt="A rose",
        size="1024x1536",
        quality="high",
        background="auto",
        response_format="b64_json",
    )
    assert answer.headers["x-plugway-ignored"] == "quality, size"
    desk.says(PICTURE)
    answer = await desk.client.images.with_raw_response.generate(
        model="poet-image", prompt="A rose", size="auto"
    )
    assert "x-plugway-ignored" not in answer.headers


class Painter:
    """Has images of its own at the same path."""

    @hookimpl
    def register_routes(self) -> Iterable[Mount]:
        """Return the route."""

        async def paint(request: Request) -> PlainTextResponse:
            return PlainTextResponse("painted")

        yield Mount(path="/v1/images/generations", endpoint=paint, methods={"POST"})


async def test_a_plugin_may_own_the_path(tmp_path: Path) -> None:
    async with OpenAIDesk(tmp_path / "home", plugins={"painter": Painter()}) as desk:
        headers = {"authorization": f"Bearer {desk.key}"}
        url = f"{desk.server.url}/v1/images/generations"
        async with desk.raw.post(url, headers=headers, json={}) as answer:
            assert await answer.text() == "painted"
        assert len((await desk.client.models.list()).data) == 3
