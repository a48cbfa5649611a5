"""What a client asks of images, as the official API has it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec

from plugway.chat.wishes import Wished, Wishes, wished
from plugway.contract import ChatRequest, Media, Message, Text

#: Parameters that only the official models follow; a prompt can say the same in words.
_NOT_DONE = (
    "background",
    "input_fidelity",
    "moderation",
    "output_compression",
    "output_format",
    "quality",
    "style",
)

#: What leaves these to the model anyway.
_AS_IT_LIKES = (None, "auto")


class ImageBody(Wishes, frozen=True, kw_only=True):
    """Is the body of a request; fields that are not here are passed over.

    Attributes:
        response_format: `b64_json`, or `url` for the place where the image is kept for a while.
        seed: For one that can be had again.
    """

    model: Annotated[str, msgspec.Meta(min_length=1)]
    prompt: Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)]
    n: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"] | None = (
        None
    )
    style: Literal["vivid", "natural"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    moderation: Literal["low", "auto"] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    output_compression: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = None
    seed: Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)] | None = None
    user: str | None = None
    safety_identifier: str | None = None


class EditBody(ImageBody, frozen=True, kw_only=True):
    """Is the body of a request to make something of images.

    Attributes:
        image: Files of a form, or as `images`.
        images: Objects with an `image_url`, or `data:` URLs.
        mask: Refused: no model here knows what it is.
        input_fidelity: How near to the images.
    """

    image: Any = None
    images: Any = None
    mask: Any = None
    input_fidelity: Literal["high", "low"] | None = None


def asked_of(body: ImageBody, media: Sequence[Media] = ()) -> tuple[ChatRequest, Wished]:
    """Return what a body asks, in the form of all dialects.

    Args:
        body: The request's.
        media: Images that came with it.

    Raises:
        BadRequest: A wish cannot be read; the field is named.
    """
    wishes = wished(body)
    given = {
        "messages": "prompt",
        "media": "image",
        "model": "model",
        "count": "n",
        **wishes.given,
    }
    if body.seed is not None:
        given["seed"] = "seed"
    asked = ChatRequest(
        model=body.model,
        messages=(Message("user", (Text(body.prompt), *media)),),
        seed=body.seed,
        user=body.safety_identifier or body.user,
        given=given,
        **wishes.attributes,
    )
    return asked, wishes


def not_done(body: ImageBody) -> list[str]:
    """Return what is asked for and no model here follows.

    Args:
        body: The request's.
    """
    return [name for name in _NOT_DONE if getattr(body, name, None) not in _AS_IT_LIKES]
