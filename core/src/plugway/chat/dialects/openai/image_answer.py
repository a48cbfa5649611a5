"""Images, as the official API answers with them."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from plugway.chat.completion import Completion
from plugway.chat.counting import IMAGE_TOKENS, count_request, count_text
from plugway.contract import ChatRequest


class Image(msgspec.Struct, frozen=True, omit_defaults=True):
    """Is one image: its bytes in base64, or where it is."""

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


def image_answer(
    created: int, images: list[Image], types: Sequence[str], usage: ImageTokens
) -> ImageAnswer:
    """Return an answer.

    Args:
        created: Seconds since 1970.
        images: What was made.
        types: Their media types, of those that are known.
        usage: What was used.
    """
    formats = {one.partition("/")[2] for one in types}
    return ImageAnswer(
        created=created,
        data=images,
        output_format=formats.pop() if len(formats) == 1 else msgspec.UNSET,
        usage=usage,
    )


def tokens_of(answers: Sequence[Completion]) -> ImageTokens:
    """Return what chats have used.

    Args:
        answers: Theirs.
    """
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


def estimated_tokens(asked: ChatRequest, images: int) -> ImageTokens:
    """Return what images have used that are not charged by tokens.

    Args:
        asked: What was asked.
        images: How many were made.
    """
    total = count_request(asked)
    pictures = min(total, sum(1 for _ in asked.media()) * IMAGE_TOKENS)
    made = images * IMAGE_TOKENS
    return ImageTokens(
        input_tokens=total,
        output_tokens=made,
        total_tokens=total + made,
        input_tokens_details=Kinds(image_tokens=pictures, text_tokens=total - pictures),
        output_tokens_details=Kinds(image_tokens=made, text_tokens=0),
        estimated=True,
    )
