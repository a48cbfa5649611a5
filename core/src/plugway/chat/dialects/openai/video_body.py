"""What a client asks of a video, as the official API has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

import msgspec

from plugway.chat.wishes import Wished, Wishes, wished
from plugway.contract import ChatRequest, Media, Message, Text
from plugway.errors import BadRequest

_Prompt = Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)]
_Seed = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]

#: Videos that a list shows where the client does not say, and at the most.
PAGE, LONGEST_PAGE = 20, 100


class VideoBody(Wishes, frozen=True, kw_only=True):
    """Is the body of a request for a video; fields that are not here are passed over.

    Attributes:
        prompt: What is to be seen.
        model: One of `GET /v1/models` that makes videos.
        input_reference: A file of a form, an object with an `image_url`, or a list of either:
            the first frame, the last one, or what is to be seen, as the model takes them.
        seed: For one that can be had again.
        user: The client's own name for whom it asks.
    """

    prompt: _Prompt
    model: Annotated[str, msgspec.Meta(min_length=1)]
    input_reference: Any = None
    seed: _Seed | None = None
    user: str | None = None


class RemixBody(Wishes, frozen=True, kw_only=True):
    """Is the body of a request for another video that begins with one made here.

    Attributes:
        prompt: What is to be seen.
        model: One that goes on from videos; as officially, none is needed: the same model.
        seed: For one that can be had again.
    """

    prompt: _Prompt
    model: Annotated[str, msgspec.Meta(min_length=1)] | None = None
    seed: _Seed | None = None


class ExtensionBody(RemixBody, frozen=True, kw_only=True):
    """Is the body of a request for more of a video made here.

    Attributes:
        video: The video, as `{"id": "video_…"}`.
    """

    video: Any = None


class VideoQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Says which videos are listed.

    Attributes:
        after: Name of the video after which they come.
        limit: How many, 1 to 100.
        order: By time; `desc`: the newest first.
    """

    after: str | None = None
    limit: int = PAGE
    order: Literal["asc", "desc"] = "desc"


class ContentQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Says what of a video is wanted.

    Attributes:
        variant: `video`; there is nothing else.
    """

    variant: Literal["video"] = "video"


def asked_of(
    body: VideoBody | RemixBody, model: str, media: Sequence[Media] = (), source: str = ""
) -> tuple[ChatRequest, Wished]:
    """Return what a body asks, in the form of all dialects.

    Args:
        body: The request's.
        model: Name of the model.
        media: Images that came with it.
        source: Where the video stands that it goes on from; empty: there is none.

    Raises:
        BadRequest: A wish cannot be read; the field is named.
    """
    wishes = wished(body)
    given = {
        "messages": "prompt",
        "media": "input_reference",
        "model": "model",
        **wishes.given,
    }
    if body.seed is not None:
        given["seed"] = "seed"
    if source:
        given["source"] = source
    asked = ChatRequest(
        model=model,
        messages=(Message("user", (Text(body.prompt), *media)),),
        seed=body.seed,
        user=body.user if isinstance(body, VideoBody) else None,
        given=given,
        **wishes.attributes,
    )
    return asked, wishes


def named_video(value: Any) -> str:
    """Return the name of the video that is to be gone on from.

    Args:
        value: The field `video`, as decoded.

    Raises:
        BadRequest: It names none.
    """
    match value:
        case {"id": str(name)} if name:
            return name
        case str(name) if name:
            return name
    raise BadRequest("video: expected the id of a video made here", field="video")


def query_of(query: Mapping[str, str]) -> VideoQuery:
    """Return which videos are wanted.

    Args:
        query: As the client wrote it; other names are passed over.

    Raises:
        BadRequest: A value is wrong; the field is named.
    """
    text = query.get("limit", str(PAGE))
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0
    if not 1 <= limit <= LONGEST_PAGE:
        raise BadRequest(f"limit: expected a number from 1 to {LONGEST_PAGE}", field="limit")
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise BadRequest("order: expected asc or desc", field="order")
    return VideoQuery(
        after=query.get("after"), limit=limit, order="asc" if order == "asc" else "desc"
    )
