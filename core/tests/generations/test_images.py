"""`/v1/images` with models that make images as tasks."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path

import openai
import pytest
from studio import PNG, STILL_PRICE, made, picture
from studio_desk import StudioDesk

from plugway import Media, SafetyBlocked, TaskUpdate

pytestmark = pytest.mark.anyio


async def test_images_by_their_bytes_and_by_their_place(desk: StudioDesk) -> None:
    desk.comes_to(made(picture("a"), picture("b")))
    raw = await desk.client.images.with_raw_response.generate(
        model="still", prompt="A rose", n=2, size="1792x1024", quality="high"
    )
    answer = raw.parse()
    assert answer.data is not None
    assert [base64.b64decode(image.b64_json or "") for image in answer.data] == [PNG, PNG]
    assert answer.output_format == "png"
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (6, 2 * 258)
    assert answer.usage.input_tokens_details.text_tokens == 6
    assert answer.usage.model_extra == {"estimated": True}
    assert raw.headers["x-plugway-ignored"] == "quality"
    assert raw.headers["x-plugway-task"].startswith("image_")
    [asked] = desk.studio.models.asked
    assert (asked.aspect, asked.resolution, asked.count) == ("16:9", None, 2)
    # The second one was asked for, and is charged.
    assert await desk.spent() == (2 * STILL_PRICE, 0)

    desk.comes_to(made(picture()))
    answer = await desk.client.images.generate(
        model="still", prompt="A rose", response_format="url"
    )
    assert answer.data is not None
    async with desk.raw.get(answer.data[0].url or "") as fetched:
        assert (fetched.content_type, await fetched.read()) == ("image/png", PNG)


async def test_images_of_images(desk: StudioDesk) -> None:
    desk.comes_to(made(picture()))
    files = [("a.png", PNG, "image/png"), ("b.png", PNG + b"b", "image/png")]
    await desk.client.images.edit(model="still", prompt="Together", image=files, n=1)
    desk.comes_to(made(picture()))
    url = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    body = {"model": "still", "prompt": "Redder", "images": [{"image_url": url}]}
    status, _, _ = await desk.ask("POST", "/v1/images/edits", body)
    assert status == 200
    first, second = desk.studio.models.asked
    assert [one.data for one in first.media()] == [PNG, PNG + b"b"]
    assert list(second.media()) == [Media(mime_type="image/png", data=PNG)]
    for field, wrong in (
        ("mask", {"mask": {"image_url": url}}),
        ("image", {"images": []}),
        ("images[0].file_id", {"images": [{"file_id": "file-1"}]}),
        ("n", {"n": 11}),
        ("model", {"model": "clip"}),
    ):
        status, said, _ = await desk.ask("POST", "/v1/images/edits", {**body, **wrong})
        assert (status, said["error"]["param"]) == (400, field)
    # The package sends a mask as a file.
    with pytest.raises(openai.BadRequestError) as caught:
        await desk.client.images.edit(model="still", prompt="x", image=files, mask=PNG)
    assert caught.value.param == "mask"


async def test_a_refusal_and_a_failure(desk: StudioDesk) -> None:
    desk.comes_to(SafetyBlocked("no roses"))
    with pytest.raises(openai.BadRequestError) as caught:
        await desk.client.images.generate(model="still", prompt="A rose")
    assert caught.value.code == "content_policy_violation"
    desk.comes_to(TaskUpdate(state="failed", answer="{}", reason="safety_blocked: no thorns"))
    with pytest.raises(openai.BadRequestError) as caught:
        await desk.client.images.generate(model="still", prompt="A rose")
    assert (caught.value.code, "no thorns" in caught.value.message) == (
        "content_policy_violation",
        True,
    )
    assert await desk.spent() == (0, 0)


async def test_an_image_whose_client_left_or_waited_long_enough(tmp_path: Path) -> None:
    environ = {"PLUGWAY__CHAT__MEDIA_WAIT": "0.05"}
    async with StudioDesk(tmp_path / "home", environ=environ) as desk:
        status, said, headers = await desk.ask(
            "POST", "/v1/images/generations", {"model": "still", "prompt": "A rose"}
        )
        assert (status, said["error"]["code"]) == (504, "upstream_timeout")
        # The official package would have it made again.
        assert headers["x-should-retry"] == "false"
        place = f"/v1/images/generations/{headers['x-plugway-task']}"
        assert f"GET {place}" in said["error"]["message"]
        status, said, _ = await desk.ask("GET", place)
        assert (said["object"], said["status"], said["data"]) == ("image.generation", "queued", [])
        await desk.upstream_says(made(picture()))
        status, said, _ = await desk.ask("GET", place)
        assert (said["status"], said["progress"], said["prompt"]) == ("completed", 100, "A rose")
        async with desk.raw.get(said["data"][0]["url"]) as fetched:
            assert await fetched.read() == PNG
        other = await desk.server.key(await desk.server.user("bob"))
        for path, key in ((place, other), (place.replace("image_", "video_"), None)):
            status, said, _ = await desk.ask("GET", path, key=key)
            assert (status, said["error"]["param"]) == (404, "image_id")

        taken = asyncio.Event()
        desk.comes_to(taken, made(picture()))
        asking = asyncio.create_task(desk.client.images.generate(model="still", prompt="A lily"))
        await desk.until(lambda: len(desk.studio.models.asked) == 2)
        asking.cancel()
        await asyncio.wait((asking,))
        taken.set()
        async with asyncio.timeout(10):
            while not (task := await desk.task(2)).ended:
                await asyncio.sleep(0.005)
        status, said, _ = await desk.ask("GET", f"/v1/images/generations/image_{task.call_id}")
        assert (status, said["status"]) == (200, "completed")
        assert await desk.spent() == (2 * STILL_PRICE, 0)
