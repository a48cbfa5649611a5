"""What a body says of the images and videos that it wants, whatever its dialect."""

from __future__ import annotations

from typing import Any

import msgspec

from plugway.chat.sizes import aspect_of, resolution_of, seconds_of, size_of
from plugway.errors import BadRequest


class ImageConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Says how images are to be, as Google's API does."""

    aspect_ratio: str | None = None
    image_size: str | None = None


class GenerationConfig(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Holds what Google's API says of images, where clients of other APIs write it too."""

    image_config: ImageConfig | None = None


class Wishes(msgspec.Struct, frozen=True, kw_only=True):
    """Says how images and videos are to be: no part of an official chat API.

    Attributes:
        aspect: Shape, such as `16:9`.
        aspect_ratio: The same.
        size: Width and height, such as `1280x720`.
        resolution: Size in one word, such as `2k` or `1080p`.
        seconds: Length of a video.
        duration: The same.
        generation_config: As in Google's API, its `imageConfig`.
    """

    aspect: str | None = None
    aspect_ratio: str | None = None
    size: str | None = None
    resolution: str | None = None
    seconds: float | str | None = None
    duration: float | str | None = None
    generation_config: GenerationConfig | None = msgspec.field(
        default=None, name="generationConfig"
    )


class Wished(msgspec.Struct, frozen=True, kw_only=True):
    """Holds attributes of a `ChatRequest`, and what the client calls them.

    Attributes:
        attributes: Those that the client gave.
        given: Where they stand.
        size: Width and height, if the client gave them.
    """

    attributes: dict[str, Any]
    given: dict[str, str]
    size: str = ""


def wished(body: Wishes) -> Wished:
    """Return what a body wants of images and videos.

    Args:
        body: Its fields.

    Raises:
        BadRequest: One cannot be read, or two differ; the field is named.

    Example:
        >>> wished(Wishes(size="720x1280", seconds="8")).attributes
        {'seconds': 8, 'aspect': '9:16'}
    """
    found = _Found()
    for field, text in (("aspect", body.aspect), ("aspect_ratio", body.aspect_ratio)):
        found.add("aspect", field, None if text is None else aspect_of(text, field))
    if body.resolution is not None:
        found.add("resolution", "resolution", resolution_of(body.resolution, "resolution"))
    for field, length in (("seconds", body.seconds), ("duration", body.duration)):
        found.add("seconds", field, None if length is None else seconds_of(length, field))
    config = None if body.generation_config is None else body.generation_config.image_config
    if config is not None:
        place = "generationConfig.imageConfig"
        for name, field, text in (
            ("aspect", f"{place}.aspectRatio", config.aspect_ratio),
            ("resolution", f"{place}.imageSize", config.image_size),
        ):
            read = aspect_of if name == "aspect" else resolution_of
            found.add(name, field, None if text is None else read(text, field))
    size = None if body.size is None else size_of(body.size, "size")
    if size is not None:
        # What says the same in the words of models comes first.
        found.attributes.setdefault("aspect", size.aspect)
        found.given.setdefault("aspect", "size")
        if size.resolution is not None and "resolution" not in found.attributes:
            found.add("resolution", "size", size.resolution)
    return Wished(
        attributes=found.attributes, given=found.given, size="" if size is None else size.text
    )


class _Found:
    """Collects attributes, each of which may stand in more than one place."""

    def __init__(self) -> None:
        self.attributes: dict[str, Any] = {}
        self.given: dict[str, str] = {}

    def add(self, name: str, field: str, value: object) -> None:
        if value is None:
            return
        if self.attributes.setdefault(name, value) != value:
            raise BadRequest(f"{field}: does not go with {self.given[name]}", field=field)
        self.given.setdefault(name, field)
