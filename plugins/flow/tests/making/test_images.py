"""Images: made at once, made of others, made larger."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from flow_desk import Desk

from plugway_flow.emulated.accounts import account
from plugway_flow.emulated.pictures import png, seen

pytestmark = pytest.mark.anyio

MODEL = "gemini-3.0-pro-image"


def image(about: str = "a sailor", mime_type: str = "image/png") -> dict[str, str]:
    """Return an image as requests bring it."""
    return {"mime_type": mime_type, "data": base64.b64encode(png(about, 24, 16)).decode()}


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Run a gateway with one account of the highest tier."""
    async with Desk(tmp_path / "home", account("first", tier="PAYGATE_TIER_TWO")) as desk:
        await desk.channel()
        yield desk


async def test_row_18_an_image_is_kept_and_paid_for(desk: Desk) -> None:
    task = await desk.make(MODEL, prompt="a lighthouse", seed=99_999 + 7, aspect="9:16")
    assert (task.state, task.kind) == ("succeed", "image")
    ((kept, data),) = await desk.kept(task)
    assert (kept.mime_type, seen(data)[0]) == ("image/png", "image/png")
    (use,) = desk.emulator.truth.of("image")
    assert use.body is not None
    (request,) = use.body["requests"]
    assert (request["seed"], request["imageAspectRatio"]) == (7, "IMAGE_ASPECT_RATIO_PORTRAIT")
    assert kept.name == task.upstream_id
    assert await desk.charged() == desk.price(MODEL, "image")
    assert await desk.held() == 0


async def test_several_images_of_others(desk: Desk) -> None:
    task = await desk.make(MODEL, images=[image(), image("a ship")], count=2)
    assert len(await desk.kept(task)) == 2
    uploads = desk.emulator.truth.bodies("upload")
    assert [one["fileName"] for one in uploads] == ["image-1.png", "image-2.png"]
    (body,) = desk.emulator.truth.bodies("image")
    names = [one["name"] for one in body["requests"][0]["imageInputs"]]
    assert len(set(names)) == 2
    assert body["requests"][0]["seed"] != body["requests"][1]["seed"]
    assert await desk.charged() == 2 * desk.price(MODEL, "image")


async def test_row_19_an_image_is_made_larger(desk: Desk) -> None:
    task = await desk.make(f"{MODEL}-landscape-4k")
    ((_, data),) = await desk.kept(task)
    plain = await desk.make(f"{MODEL}-landscape")
    ((_, small),) = await desk.kept(plain)
    assert seen(data)[1] > seen(small)[1]
    prices = desk.price(f"{MODEL}-4k", "image"), desk.price(MODEL, "image")
    assert await desk.charged() == sum(prices)
    assert prices[0] > prices[1]


async def test_the_plain_image_is_delivered_where_it_cannot_be_made_larger(desk: Desk) -> None:
    desk.emulator.mishap("refused", call="upscale_image", code=500)
    task = await desk.make(MODEL, resolution="2k", count=2)
    assert len(await desk.kept(task)) == 2
    # One could not, and the other could.
    prices = desk.price(MODEL, "image") + desk.price(f"{MODEL}-2k", "image")
    assert await desk.charged() == prices


async def test_what_was_made_and_could_not_be_fetched_is_fetched_later(desk: Desk) -> None:
    desk.emulator.mishap("refused", call="link", code=503)
    task = await desk.make(MODEL)
    assert (task.state, await desk.kept(task)) == ("processing", [])
    task = await desk.poll(task)
    assert task.state == "succeed"
    assert len(await desk.kept(task)) == 1
    assert await desk.charged() == desk.price(MODEL, "image")
    assert len(desk.emulator.truth.of("image")) == 1


@pytest.mark.parametrize("takes", ["new", "old"])
async def test_row_14_either_shape_is_found_and_remembered(desk: Desk, takes: Any) -> None:
    desk.emulator.behaviour.takes = takes
    for _ in range(2):
        await desk.make(MODEL, images=[image()])
    tried = [use.status for use in desk.emulator.truth.of("image")]
    assert tried == ([200, 200] if takes == "new" else [400, 200, 200])
    sent = [use.path for use in desk.emulator.truth.of("upload") if use.status == 200]
    path = "/v1/flow/uploadImage" if takes == "new" else "/v1:uploadUserImage"
    assert sent == [path] * 2


async def test_images_that_the_upstream_does_not_take_are_named(desk: Desk) -> None:
    status, code, message = await desk.refused(MODEL, images=[image(mime_type="image/gif")])
    assert (status, code) == (400, "bad_request")
    assert "image/gif" in message
    assert desk.emulator.truth.of("image") == []
    assert await desk.charged() == 0
