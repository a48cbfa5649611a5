"""Requests, as the reference has them."""

from __future__ import annotations

from typing import Any

import pytest

from plugway_flow.recipe import Act, Recipe
from plugway_flow.wire import image_bodies, video_bodies
from plugway_flow.wire.client import Client
from plugway_flow.wire.image_bodies import Shape

CLIENT = Client(session=";1700000000123", project="p", tier="pro")
CONTEXT = {"sessionId": ";1700000000123", "projectId": "p", "tool": "PINHOLE"}
PAID = {**CONTEXT, "userPaygateTier": "PAYGATE_TIER_ONE"}


def images(shape: Shape) -> dict[str, Any]:
    """Return the body of a request for two images."""
    return image_bodies.generate(
        shape,
        CLIENT,
        prompt="a cat",
        key="GEM_PIX",
        aspect="PORTRAIT",
        seeds=[7, 8],
        references=["m1"],
        batch="b",
    ).fields


def video(shape: Shape, act: Act, key: str = "veo", **more: Any) -> tuple[str, dict[str, Any]]:
    """Return path and body of a request for a video."""
    recipe = Recipe(act=act, key=key, aspect="LANDSCAPE")
    post = video_bodies.generate(
        shape, CLIENT, recipe, prompt="a cat", seed=7, scene="s", batch="b", **more
    )
    return post.path, post.fields


def test_images_in_the_old_shape() -> None:
    first, second = images("old")["requests"]
    inputs = [{"name": "m1", "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"}]
    assert first == {
        "clientContext": {"sessionId": ";1700000000123"},
        "seed": 7,
        "imageModelName": "GEM_PIX",
        "imageAspectRatio": "IMAGE_ASPECT_RATIO_PORTRAIT",
        "prompt": "a cat",
        "imageInputs": inputs,
    }
    assert second == {**first, "seed": 8}
    assert list(images("old")) == ["requests"]


def test_images_in_the_new_shape() -> None:
    body = images("new")
    requests = body.pop("requests")
    assert body == {
        "clientContext": CONTEXT,
        "mediaGenerationContext": {"batchId": "b"},
        "useNewMedia": True,
    }
    assert requests[0]["structuredPrompt"] == {"parts": [{"text": "a cat"}]}
    assert "prompt" not in requests[0]


def test_uploads() -> None:
    new = image_bodies.upload("new", CLIENT, b"x", "image/png", name="a.png", aspect="SQUARE")
    assert new.path == "/flow/uploadImage"
    assert new.fields == {
        "clientContext": CONTEXT,
        "fileName": "a.png",
        "imageBytes": b"x",
        "isHidden": False,
        "isUserUploaded": True,
        "mimeType": "image/png",
    }
    old = image_bodies.upload("old", CLIENT, b"x", "image/png", name="a.png", aspect="SQUARE")
    assert old.path == ":uploadUserImage"
    assert old.fields == {
        "imageInput": {
            "rawImageBytes": b"x",
            "mimeType": "image/png",
            "isUserUploaded": True,
            "aspectRatio": "IMAGE_ASPECT_RATIO_SQUARE",
        },
        "clientContext": {"sessionId": ";1700000000123", "tool": "ASSET_MANAGER"},
    }


def test_row_19_larger_images_and_videos() -> None:
    post = image_bodies.upsample(CLIENT, "m", "4k")
    assert post.path == "/flow/upsampleImage"
    assert post.fields == {
        "mediaId": "m",
        "targetResolution": "UPSAMPLE_IMAGE_RESOLUTION_4K",
        "clientContext": PAID,
    }
    recipe = Recipe(act="t2v", key="veo", aspect="PORTRAIT", upscale="1080p")
    post = video_bodies.upsample(CLIENT, recipe, media="m", seed=7, scene="s")
    assert post.path == "/video:batchAsyncGenerateVideoUpsampleVideo"
    assert post.fields["requests"] == [
        {
            "aspectRatio": "VIDEO_ASPECT_RATIO_PORTRAIT",
            "resolution": "VIDEO_RESOLUTION_1080P",
            "seed": 7,
            "videoInput": {"mediaId": "m"},
            "videoModelKey": "veo_3_1_upsampler_1080p",
            "metadata": {"sceneId": "s"},
        }
    ]


def test_videos_in_both_shapes() -> None:
    path, old = video("old", "t2v")
    assert path == "/video:batchAsyncGenerateVideoText"
    request = {
        "aspectRatio": "VIDEO_ASPECT_RATIO_LANDSCAPE",
        "seed": 7,
        "textInput": {"prompt": "a cat"},
        "videoModelKey": "veo",
        "metadata": {"sceneId": "s"},
    }
    assert old == {"clientContext": PAID, "requests": [request]}
    said = {"structuredPrompt": {"parts": [{"text": "a cat"}]}}
    assert video("new", "t2v")[1] == {
        "clientContext": PAID,
        "requests": [{**request, "textInput": said, "metadata": {}}],
        "mediaGenerationContext": {
            "batchId": "b",
            "audioFailurePreference": "BLOCK_SILENCED_VIDEOS",
        },
        "useV2ModelConfig": True,
    }


@pytest.mark.parametrize(
    ("act", "key", "more", "ending", "fields"),
    [
        ("i2v", "veo_lite", {"images": ["a"]}, "StartImage", {"startImage": {"mediaId": "a"}}),
        ("i2v", "veo_fl", {"images": ["a"]}, "StartAndEndImage", {"startImage": {"mediaId": "a"}}),
        (
            "i2v",
            "veo",
            {"images": ["a", "b"]},
            "StartAndEndImage",
            {"startImage": {"mediaId": "a"}, "endImage": {"mediaId": "b"}},
        ),
        (
            "r2v",
            "veo",
            {"images": ["a", "b"]},
            "ReferenceImages",
            {
                "referenceImages": [
                    {"imageUsageType": "IMAGE_USAGE_TYPE_ASSET", "mediaId": name} for name in "ab"
                ]
            },
        ),
        ("r2v", "veo", {}, "Text", {}),
        ("extend", "veo", {"source": "v"}, "ExtendVideo", {"videoInput": {"mediaId": "v"}}),
    ],
)
def test_what_videos_are_made_of(
    act: Act, key: str, more: dict[str, Any], ending: str, fields: dict[str, Any]
) -> None:
    path, body = video("new", act, key, **more)
    assert path == f"/video:batchAsyncGenerateVideo{ending}"
    (request,) = body["requests"]
    usual = {"aspectRatio", "seed", "textInput", "videoModelKey", "metadata"}
    assert {name: value for name, value in request.items() if name not in usual} == fields


def test_row_20_no_challenge_token_is_made_up() -> None:
    bodies = [images("new"), images("old"), video("new", "t2v")[1], video("old", "t2v")[1]]
    assert "captcha" not in repr(bodies).lower()


def test_a_project_of_the_upstreams_leads_nowhere_else() -> None:
    client = Client(session=";1", project="../p?x=1#")
    post = image_bodies.generate(
        "new", client, prompt="a ship", key="GEM_PIX", aspect="SQUARE", seeds=[1]
    )
    assert post.path == "/projects/..%2Fp%3Fx%3D1%23/flowMedia:batchGenerateImages"
