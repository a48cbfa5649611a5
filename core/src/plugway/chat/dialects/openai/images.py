"""`POST /v1/images/generations`."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Annotated, Literal

import msgspec
from starlette.responses import Response

from plugway.calls.body import ClientDeparted
from plugway.chat.body import read_body
from plugway.chat.chat import IGNORED
from plugway.chat.counting import count_text
from plugway.contract import ChatRequest, Media, Message, Text
from plugway.errors import BadRequest, EmptyAnswer, PlugwayError, SafetyBlocked

if TYPE_CHECKING:
    from starlette.types import ASGIApp

    from plugway.chat.completion import Completion
    from plugway.gateway import Gateway
    from plugway.request import Request

#: Parameters that only the official models follow; a prompt can say the same in words.
_NOT_DONE = ("background", "moderation", "output_format", "quality", "size", "style")

#: What leaves these to the model anyway.
_AS_IT_LIKES = (None, "auto")


class ImageBody(msgspec.Struct, frozen=True, kw_only=True):
    """Is the body of a request; fields that are not here are passed over."""

    model: Annotated[str, msgspec.Meta(min_length=1)]
    prompt: Annotated[str, msgspec.Meta(min_length=1, max_length=32_000)]
    n: Annotated[int, msgspec.Meta(ge=1, le=10)] | None = None
    size: (
        Annotated[str, msgspec.Meta(pattern="^(auto|[1-9][0-9]{1,4}x[1-9][0-9]{1,4})$")] | None
    ) = None
    quality: Literal["low", "medium", "high", "xhigh", "max", "auto", "standard", "hd"] | None = (
        None
    )
    style: Literal["vivid", "natural"] | None = None
    background: Literal["transparent", "opaque", "auto"] | None = None
    moderation: Literal["low", "auto"] | None = None
    output_format: Literal["png", "webp", "jpeg", "gif", "svg"] | None = None
    response_format: Literal["url", "b64_json"] | None = None
    stream: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is one image: its bytes in base64, or where it is if the model only says that."""

    b64_json: str | None = None
    url: str | None = None


class Kinds(msgspec.Struct, frozen=True, kw_only=True):
    """Tells tokens apart."""

    image_tokens: int
    text_tokens: int


class ImageTokens(msgspec.Struct, frozen=True, kw_only=True):
    """States what was used.

    Attributes:
        estimated: The gateway counted, since the upstream did not say.
    """

    input_tokens: int
    output_tokens: int
    total_tokens: int
    input_tokens_details: Kinds
    output_tokens_details: Kinds
    estimated: bool | msgspec.UnsetType = msgspec.UNSET


class ImageAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Holds the images."""

    created: int
    data: list[Image]
    output_format: str | msgspec.UnsetType = msgspec.UNSET
    usage: ImageTokens


class Images:
    """Makes images with models that chat."""

    def __init__(self, gateway: Gateway) -> None:
        """Take what answers.

        Args:
            gateway: Its chat is used when a request comes.
        """
        self._gateway = gateway

    async def create(self, request: Request) -> ASGIApp:
        """Make images, one answer after another until there are enough.

        Each answer is charged as one of a chat. One that fails after others brought images
        ends the work, and what came is returned.

        Args:
            request: The client's.

        Raises:
            EmptyAnswer: The model answered without an image.
            SafetyBlocked: Its rules do not allow this one.
            PlugwayError: As `Chat.complete` does.
        """
        body = await read_body(request, ImageBody)
        self._check(body, request)
        asked = ChatRequest(
            model=body.model,
            messages=(Message("user", (Text(body.prompt),)),),
            user=body.safety_identifier or body.user,
            given={"messages": "prompt", "model": "model"},
        )
        answers: list[Completion] = []
        images: list[Media] = []
        for _ in range(body.n or 1):
            try:
                answer = await self._gateway.chat.complete(request, asked)
            except ClientDeparted:
                raise
            except PlugwayError:
                if not images:
                    raise
                break
            answers.append(answer)
            images += [media for media in answer.media if media.kind == "image"]
            if len(images) >= (body.n or 1):
                break
        if not images:
            raise _nothing(answers[-1])
        content = msgspec.json.encode(_answered(answers, images))
        headers = _headers(body)
        return Response(content, media_type="application/json", headers=headers)

    def _check(self, body: ImageBody, request: Request) -> None:
        if body.response_format == "url":
            raise BadRequest(
                "response_format: images are not kept here, so they have no URL: use b64_json",
                field="response_format",
            )
        if body.stream:
            raise BadRequest("stream: images come whole here", field="stream")
        model = self._gateway.chat.model(body.model, request.principal)
        if "image" not in model.gives:
            raise BadRequest(f"model: {model.id} makes no images", field="model")


def _answered(answers: list[Completion], images: list[Media]) -> ImageAnswer:
    formats = {media.mime_type.partition("/")[2] for media in images}
    return ImageAnswer(
        created=answers[0].heading.created,
        data=[_image(media) for media in images],
        output_format=formats.pop() if len(formats) == 1 else msgspec.UNSET,
        usage=_tokens(answers),
    )


def _image(media: Media) -> Image:
    if media.data is None:
        return Image(url=media.url)
    return Image(b64_json=base64.b64encode(media.data).decode())


def _tokens(answers: list[Completion]) -> ImageTokens:
    asked = sum([answer.tokens.input for answer in answers])
    given = sum([answer.tokens.output for answer in answers])
    # Upstreams count all of an answer; what is neither text nor thought is the image.
    words = sum([count_text(answer.text) + answer.tokens.thought for answer in answers])
    return ImageTokens(
        input_tokens=asked,
        output_tokens=given,
        total_tokens=asked + given,
        input_tokens_details=Kinds(image_tokens=0, text_tokens=asked),
        output_tokens_details=Kinds(
            image_tokens=max(0, given - words), text_tokens=min(given, words)
        ),
        estimated=any([answer.estimated for answer in answers]) or msgspec.UNSET,  # noqa: C419
    )


def _headers(body: ImageBody) -> dict[str, str]:
    ignored = [name for name in _NOT_DONE if getattr(body, name) not in _AS_IT_LIKES]
    return {IGNORED: ", ".join(ignored)} if ignored else {}


def _nothing(answer: Completion) -> PlugwayError:
    said = " ".join(answer.text.split())[:200]
    told = f"The model made no image; it said: {said}" if said else "The model made no image."
    if answer.finish.reason in ("safety", "recitation"):
        return SafetyBlocked(told)
    return EmptyAnswer(told)
