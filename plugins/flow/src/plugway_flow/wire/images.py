"""Answers about images (reference §5.2, §5.3)."""

from __future__ import annotations

import msgspec

from plugway import EmptyAnswer, SafetyBlocked, UnreadableAnswer
from plugway_flow.wire.reading import Fields, at, decoded, items, link, text, unreadable
from plugway_flow.wire.state import failure_of, word_of

_MADE = "a request for images"
_LARGER = "a request for a larger image"
_UPLOADED = "an upload"

#: Where a new answer and an old one keep the image, below `media[]`.
_PLACES = (("image", "generatedImage"), ("image",), ("generatedImage",))


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """Is an image that was made.

    Attributes:
        name: The upstream's name for it; empty: it gave none.
        url: Where it is, for a while; empty: it came with the answer.
        data: Its bytes; None: they are behind the URL.
    """

    name: str
    url: str = ""
    data: bytes | None = None


class _Encoded(msgspec.Struct, frozen=True, rename="camel"):
    encoded_image: bytes


def made(answer: Fields) -> tuple[Image, ...]:
    """Return the images of an answer; those that were filtered out are left out.

    Args:
        answer: As decoded.

    Raises:
        SafetyBlocked: None was made because of the upstream's rules.
        EmptyAnswer: There is none.
        UnreadableAnswer: It is not understood.

    Example:
        >>> made({"media": [{"name": "m", "image": {"generatedImage": {"fifeUrl":
        ...     "https://lh3.example/a"}}}]})
        (Image(name='m', url='https://lh3.example/a', data=None),)
    """
    if not isinstance(at(answer, "media"), list):
        raise unreadable(answer, _MADE)
    entries = items(answer, "media")
    found = tuple([image for entry in entries if (image := _image(entry)) is not None])
    if found:
        return found
    if not at(answer, "media"):
        raise EmptyAnswer("The upstream made no image.")
    for entry in entries:
        failure = failure_of(entry)
        if failure.unsafe:
            raise SafetyBlocked(f"The upstream made no image: {failure.reason}.")
        if word_of(entry).startswith(("ERROR", "FAILED")):
            raise EmptyAnswer(f"The upstream made no image: {failure.reason}.")
    raise unreadable(answer, _MADE)


def larger(body: bytes) -> bytes:
    """Return the larger image.

    Args:
        body: The answer.

    Raises:
        UnreadableAnswer: It holds none.
    """
    try:
        data = msgspec.json.decode(body, type=_Encoded).encoded_image
    except (ValueError, RecursionError):
        raise unreadable(decoded(body, _LARGER), _LARGER) from None
    if not data:
        raise UnreadableAnswer("The upstream's larger image is empty.")
    return data


def uploaded(answer: Fields) -> str:
    """Return the name of an image that was handed in.

    Args:
        answer: As decoded; the old shape or the new one.

    Raises:
        UnreadableAnswer: It names none.

    Example:
        >>> uploaded({"mediaGenerationId": {"mediaGenerationId": "m"}})
        'm'
    """
    name = (
        text(answer, "media", "name")
        or text(answer, "mediaGenerationId", "mediaGenerationId")
        or text(answer, "mediaGenerationId")
    )
    if not name:
        raise unreadable(answer, _UPLOADED)
    return name


def _image(entry: Fields) -> Image | None:
    for place in _PLACES:
        name = text(entry, "name") or text(entry, *place, "mediaGenerationId")
        if url := link(entry, *place, "fifeUrl"):
            return Image(name=name, url=url)
        if encoded := text(entry, *place, "encodedImage"):
            try:
                return Image(name=name, data=msgspec.convert(encoded, bytes))
            except msgspec.ValidationError:
                return None
    return None
