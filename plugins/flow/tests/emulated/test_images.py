"""Images of the emulated service: made, made larger, and sent there."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from flow_emulated import Visitor

from plugway_flow.emulated.pictures import jpeg, seen

pytestmark = pytest.mark.anyio

INVALID = (400, "INVALID_ARGUMENT", "")
DENIED = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_MODEL_ACCESS_DENIED")
MISSING = (404, "NOT_FOUND", "")


async def test_images_of_the_new_shape(visitor: Visitor) -> None:
    path, body = await visitor.images_path(), await visitor.image()
    body["requests"] *= 2
    told = await visitor.good(path, body)
    names = [each["name"] for each in told["media"]]
    assert [each["metadata"]["primaryMediaId"] for each in told["workflows"]] == names
    made = []
    for each in told["media"]:
        generated = each["image"]["generatedImage"]
        assert generated["mediaGenerationId"] == each["name"]
        status, content, kind = await visitor.fetch(generated["fifeUrl"])
        assert (status, kind, seen(content)) == (200, "image/png", ("image/png", 64, 36))
        made.append(content)
    assert made[0] != made[1]
    told = await visitor.good(f"/v1/media/{names[0]}")
    assert base64.b64decode(told["image"]["encodedImage"]) == made[0]
    status, link = await visitor.redirect(names[1])
    assert (status, (await visitor.fetch(link))[1]) == (307, made[1])


async def test_images_of_the_old_shape(visitor: Visitor) -> None:
    reference = {"name": await visitor.upload(), "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"}
    asked = {
        "clientContext": {"sessionId": ";1790000000000"},
        "seed": 7,
        "imageModelName": "IMAGEN_3_5",
        "imageAspectRatio": "IMAGE_ASPECT_RATIO_PORTRAIT_THREE_FOUR",
        "prompt": "a lighthouse",
        "imageInputs": [reference],
    }
    path = await visitor.images_path()
    visitor.emulator.behaviour.image_type = "image/jpeg"
    (media,) = (await visitor.good(path, {"requests": [asked]}))["media"]
    _, content, kind = await visitor.fetch(media["image"]["generatedImage"]["fifeUrl"])
    assert (kind, seen(content)) == ("image/jpeg", ("image/jpeg", 48, 64))
    visitor.emulator.behaviour.takes = "new"
    assert await visitor.refused(path, {"requests": [asked]}) == INVALID
    visitor.emulator.behaviour.takes = "old"
    assert await visitor.refused(path, await visitor.image()) == INVALID


async def test_what_a_request_may_not_be(visitor: Visitor) -> None:
    path = await visitor.images_path()
    reference = {"name": "nothing", "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"}
    wrong: list[tuple[dict[str, Any], object]] = [
        ({"imageModelName": "GEM_PIX_9"}, INVALID),
        ({"imageAspectRatio": "VIDEO_ASPECT_RATIO_LANDSCAPE"}, INVALID),
        ({"seed": 0}, INVALID),
        ({"seed": "7"}, INVALID),
        ({"structuredPrompt": {"parts": []}}, INVALID),
        ({"prompt": "a lighthouse"}, INVALID),
        ({"surprise": 1}, INVALID),
        ({"imageInputs": [reference]}, MISSING),
    ]
    for more, refusal in wrong:
        assert await visitor.refused(path, await visitor.image(**more)) == refusal, more
    body = await visitor.image()
    assert await visitor.refused(path, {**body, "requests": body["requests"] * 5}) == INVALID
    assert await visitor.refused(path, {**body, "useNewMedia": False}) == INVALID
    visitor.emulator.behaviour.withdrawn = ("GEM_PIX_2",)
    assert await visitor.refused(path, body) == INVALID
    theirs = path.replace(await visitor.project(), await visitor.project("other"))
    visitor.emulator.behaviour.project_words = "Project not found."
    status, told = await visitor.ask(theirs, body)
    assert (status, told["error"]["message"]) == (404, "Project not found.")


async def test_images_are_blocked(visitor: Visitor) -> None:
    visitor.emulator.behaviour.fates = {"lighthouse": "ERROR_SAFETY"}
    refused = await visitor.refused(await visitor.images_path(), await visitor.image())
    assert refused == (400, "INVALID_ARGUMENT", "PUBLIC_ERROR_UNSAFE_GENERATION")


async def test_images_are_made_larger(visitor: Visitor) -> None:
    name = await visitor.make_image()
    account = visitor.emulator.accounts["demo"]

    async def body(size: str) -> dict[str, Any]:
        asked = f"UPSAMPLE_IMAGE_RESOLUTION_{size}"
        return {
            "mediaId": name,
            "targetResolution": asked,
            "clientContext": await visitor.context(),
        }

    path = "/v1/flow/upsampleImage"
    twice = base64.b64decode((await visitor.good(path, await body("2K")))["encodedImage"])
    assert seen(twice) == ("image/jpeg", 128, 72)
    assert await visitor.refused(path, await body("4K")) == DENIED
    account.tier = "PAYGATE_TIER_TWO"
    visitor.emulator.behaviour.upscaled_bytes = 100_000
    more = base64.b64decode((await visitor.good(path, await body("4K")))["encodedImage"])
    assert (seen(more)[1:], len(more)) == ((256, 144), 100_000)


async def test_images_are_sent_there(visitor: Visitor) -> None:
    name = await visitor.upload()
    assert (await visitor.good(f"/v1/media/{name}"))["projectId"] == await visitor.project()
    given = {
        "rawImageBytes": base64.b64encode(jpeg("a sailor", 24, 16)).decode(),
        "mimeType": "image/jpeg",
        "isUserUploaded": True,
        "aspectRatio": "IMAGE_ASPECT_RATIO_LANDSCAPE",
    }
    context = {"sessionId": ";1790000000000", "tool": "ASSET_MANAGER"}
    old = {"imageInput": given, "clientContext": context}
    told = await visitor.good("/v1:uploadUserImage", old)
    assert (told["width"], told["height"]) == (24, 16)
    made = told["mediaGenerationId"]["mediaGenerationId"]
    inputs = [{"name": made, "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"}]
    await visitor.make_image(imageInputs=inputs)
    given["mimeType"] = "image/png"
    assert await visitor.refused("/v1:uploadUserImage", old) == INVALID
    given["rawImageBytes"] = "bm90aGluZw=="
    assert await visitor.refused("/v1:uploadUserImage", old) == INVALID
    visitor.emulator.behaviour.takes = "new"
    given["mimeType"] = "image/jpeg"
    assert await visitor.refused("/v1:uploadUserImage", old) == MISSING


async def test_a_challenge_is_demanded(visitor: Visitor) -> None:
    path, body = await visitor.images_path(), await visitor.image()
    visitor.emulator.accounts["demo"].state = "challenged"
    visitor.emulator.behaviour.challenge_tokens = ("of-a-person",)
    refused = (403, "PERMISSION_DENIED", "PUBLIC_ERROR_UNUSUAL_ACTIVITY")
    assert await visitor.refused(path, body) == refused
    context = {"token": "of-a-person", "applicationType": "RECAPTCHA_APPLICATION_TYPE_WEB"}
    body["clientContext"]["recaptchaContext"] = context
    await visitor.good(path, body)
    # Each counts once.
    assert await visitor.refused(path, body) == refused
    # What makes nothing needs none.
    await visitor.good("/v1/credits")
