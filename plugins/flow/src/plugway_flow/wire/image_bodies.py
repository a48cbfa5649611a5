"""Requests about images (reference §5.2, §5.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote

import msgspec

from plugway_flow.wire.client import Client

Shape = Literal["new", "old"]


class Post(msgspec.Struct, frozen=True):
    """Is a request.

    Attributes:
        path: Below the version.
        fields: Of its body.
    """

    path: str
    fields: dict[str, Any]


def generate(
    shape: Shape,
    client: Client,
    *,
    prompt: str,
    key: str,
    aspect: str,
    seeds: Sequence[int],
    references: Sequence[str] = (),
    batch: str = "",
) -> Post:
    """Ask for images, one for each seed.

    Args:
        shape: Of the body.
        client: Who asks.
        prompt: What they show.
        key: The upstream's name of the model.
        aspect: As in `Recipe`.
        seeds: One for each image.
        references: Names of uploaded images.
        batch: Unique name of this request; the old shape has none.

    Example:
        >>> post = generate("old", Client(session=";1", project="p"), prompt="a cat",
        ...                 key="GEM_PIX", aspect="LANDSCAPE", seeds=[7])
        >>> post.path, post.fields["requests"][0]["prompt"]
        ('/projects/p/flowMedia:batchGenerateImages', 'a cat')
    """
    inputs = [{"name": name, "imageInputType": "IMAGE_INPUT_TYPE_REFERENCE"} for name in references]
    common: dict[str, Any] = {
        "imageModelName": key,
        "imageAspectRatio": f"IMAGE_ASPECT_RATIO_{aspect}",
        "imageInputs": inputs,
    }
    path = f"/projects/{quote(client.project, safe='')}/flowMedia:batchGenerateImages"
    if shape == "old":
        context: dict[str, Any] = {"sessionId": client.session}
        said: dict[str, Any] = {"prompt": prompt}
        outer: dict[str, Any] = {}
    else:
        context = client.context()
        said = {"structuredPrompt": {"parts": [{"text": prompt}]}}
        outer = {
            "clientContext": context,
            "mediaGenerationContext": {"batchId": batch},
            "useNewMedia": True,
        }
    requests = [{"clientContext": context, "seed": seed, **common, **said} for seed in seeds]
    return Post(path, {**outer, "requests": requests})


def upload(
    shape: Shape, client: Client, data: bytes, mime_type: str, *, name: str, aspect: str
) -> Post:
    """Hand in an image.

    Args:
        shape: Of the request.
        client: Who does.
        data: The image.
        mime_type: Its type.
        name: Its file name; the old shape has none.
        aspect: As in `Recipe`; the new shape has none.
    """
    if shape == "old":
        image = {
            "rawImageBytes": data,
            "mimeType": mime_type,
            "isUserUploaded": True,
            "aspectRatio": f"IMAGE_ASPECT_RATIO_{aspect}",
        }
        context = {"sessionId": client.session, "tool": "ASSET_MANAGER"}
        return Post(":uploadUserImage", {"imageInput": image, "clientContext": context})
    fields = {
        "clientContext": client.context(),
        "fileName": name,
        "imageBytes": data,
        "isHidden": False,
        "isUserUploaded": True,
        "mimeType": mime_type,
    }
    return Post("/flow/uploadImage", fields)


def upsample(client: Client, media: str, size: str) -> Post:
    """Ask for an image that is there to be made larger.

    Args:
        client: Who asks.
        media: Name of the image.
        size: `2k` or `4k`.
    """
    fields = {
        "mediaId": media,
        "targetResolution": f"UPSAMPLE_IMAGE_RESOLUTION_{size.upper()}",
        "clientContext": client.context(paid=True),
    }
    return Post("/flow/upsampleImage", fields)
