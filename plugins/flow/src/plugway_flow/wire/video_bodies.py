"""Requests about videos (reference §5.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from plugway_flow.recipe import Recipe
from plugway_flow.wire.client import Client
from plugway_flow.wire.image_bodies import Post, Shape

#: Asks for videos in the state that they are in.
STATUS = "/video:batchCheckAsyncVideoGenerationStatus"


def generate(
    shape: Shape,
    client: Client,
    recipe: Recipe,
    *,
    prompt: str,
    seed: int,
    scene: str,
    batch: str,
    images: Sequence[str] = (),
    source: str = "",
) -> Post:
    """Ask for a video.

    Args:
        shape: Of the body.
        client: Who asks.
        recipe: What is done, `t2v`, `i2v`, `r2v` or `extend`.
        prompt: What it shows.
        seed: 1 to 99999.
        scene: Unique name of the scene; the new shape has none.
        batch: Unique name of this request; the old shape has none.
        images: Names of uploaded images: first and last frame, or what is shown.
        source: Name of the video that is gone on from.

    Example:
        >>> recipe = Recipe(act="t2v", key="veo_3_1_t2v_fast", aspect="LANDSCAPE")
        >>> post = generate("new", Client(session=";1", project="p"), recipe, prompt="a cat",
        ...                 seed=7, scene="s", batch="b")
        >>> post.path, post.fields["requests"][0]["metadata"]
        ('/video:batchAsyncGenerateVideoText', {})
    """
    new = shape == "new"
    said = {"structuredPrompt": {"parts": [{"text": prompt}]}} if new else {"prompt": prompt}
    request: dict[str, Any] = {
        "aspectRatio": f"VIDEO_ASPECT_RATIO_{recipe.aspect}",
        "seed": seed,
        "textInput": said,
        "videoModelKey": recipe.key,
        "metadata": {} if new else {"sceneId": scene},
    }
    ending = "Text"
    if recipe.act == "extend":
        ending = "ExtendVideo"
        request["videoInput"] = {"mediaId": source}
    elif recipe.act == "i2v" and images:
        ending = _frames(recipe.key, images)
        request["startImage"] = {"mediaId": images[0]}
        if len(images) > 1:
            request["endImage"] = {"mediaId": images[1]}
    elif recipe.act == "r2v" and images:
        ending = "ReferenceImages"
        request["referenceImages"] = [
            {"imageUsageType": "IMAGE_USAGE_TYPE_ASSET", "mediaId": name} for name in images
        ]
    fields: dict[str, Any] = {"clientContext": client.context(paid=True), "requests": [request]}
    if new:
        fields["mediaGenerationContext"] = {
            "batchId": batch,
            "audioFailurePreference": "BLOCK_SILENCED_VIDEOS",
        }
        fields["useV2ModelConfig"] = True
    return Post(f"/video:batchAsyncGenerateVideo{ending}", fields)


def upsample(client: Client, recipe: Recipe, *, media: str, seed: int, scene: str) -> Post:
    """Ask for a video that is there to be made larger.

    Args:
        client: Who asks.
        recipe: Says how large.
        media: Name of the video.
        seed: 1 to 99999.
        scene: Unique name of the scene.

    Example:
        >>> recipe = Recipe(act="t2v", key="veo", aspect="PORTRAIT", upscale="1080p")
        >>> upsample(Client(session=";1", project="p"), recipe, media="m", seed=7,
        ...          scene="s").fields["requests"][0]["videoModelKey"]
        'veo_3_1_upsampler_1080p'
    """
    alone = recipe.act == "upscale"
    request = {
        "aspectRatio": f"VIDEO_ASPECT_RATIO_{recipe.aspect}",
        "resolution": f"VIDEO_RESOLUTION_{recipe.upscale.upper()}",
        "seed": seed,
        "videoInput": {"mediaId": media},
        "videoModelKey": recipe.key if alone else f"veo_3_1_upsampler_{recipe.upscale}",
        "metadata": {"sceneId": scene},
    }
    fields = {"clientContext": client.context(paid=True), "requests": [request]}
    return Post("/video:batchAsyncGenerateVideoUpsampleVideo", fields)


def _frames(key: str, images: Sequence[str]) -> str:
    """Return what frames are asked with: models of two frames take one alone in the same way."""
    two = len(images) > 1 or key.endswith("_fl") or "_fl_" in key
    return "StartAndEndImage" if two else "StartImage"
