"""Shapes and sizes of images and videos, as clients write them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import msgspec

from plugway.errors import BadRequest

_SIZE = re.compile(r"([1-9][0-9]{1,4})\s?[xX*]\s?([1-9][0-9]{1,4})")
_ASPECT = re.compile(r"([1-9][0-9]{0,3}):([1-9][0-9]{0,3})")
_RESOLUTION = re.compile(r"[1-9][0-9]{0,3}[kp]?")
_SECONDS = re.compile(r"([1-9][0-9]{0,3})(?:\.0+)?\s?s?")

#: What every model that has shapes knows; a width and a height mean the nearest one.
_SHAPES: Mapping[str, float] = {
    "1:1": 1.0,
    "16:9": 16 / 9,
    "9:16": 9 / 16,
    "4:3": 4 / 3,
    "3:4": 0.75,
}

_WORDS: Mapping[str, str] = {"landscape": "16:9", "portrait": "9:16", "square": "1:1"}

#: What leaves it to the model.
_ANY = ("", "auto", "default")


class Size(msgspec.Struct, frozen=True):
    """Is a width and a height, in the words of models.

    Attributes:
        text: As clients write it, such as `1280x720`.
        aspect: The nearest shape.
        resolution: In one word; None: nothing out of the ordinary.
    """

    text: str
    aspect: str
    resolution: str | None


def size_of(text: str, field: str) -> Size | None:
    """Return what a width and a height mean; None: as the model likes.

    Args:
        text: Such as `1280x720`.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is none.

    Example:
        >>> size_of("1792x1024", "size")
        Size(text='1792x1024', aspect='16:9', resolution=None)
    """
    if text.strip().lower() in _ANY:
        return None
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise BadRequest(f"{field}: expected a width and a height such as 1280x720", field=field)
    width, height = int(found[1]), int(found[2])
    ratio = math.log(width / height)
    aspect = min(_SHAPES, key=lambda name: abs(math.log(_SHAPES[name]) - ratio))
    return Size(f"{width}x{height}", aspect, _word(max(width, height), min(width, height)))


def aspect_of(text: str, field: str) -> str | None:
    """Return a shape as models are told it; None: as the model likes.

    Args:
        text: Such as `16:9`, `landscape`, `portrait` or `square`.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is none.

    Example:
        >>> aspect_of("Portrait", "aspect"), aspect_of("3:2", "aspect")
        ('9:16', '3:2')
    """
    plain = text.strip().lower()
    if plain in _ANY:
        return None
    plain = _WORDS.get(plain, plain)
    if _ASPECT.fullmatch(plain) is None:
        raise BadRequest(f"{field}: expected a shape such as 16:9", field=field)
    return plain


def resolution_of(text: str, field: str) -> str | None:
    """Return a size in one word; None: as the model likes.

    Args:
        text: Such as `2K` or `1080p`.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is none.

    Example:
        >>> resolution_of("2K", "imageSize")
        '2k'
    """
    plain = text.strip().lower()
    if plain in _ANY:
        return None
    if _RESOLUTION.fullmatch(plain) is None:
        raise BadRequest(f"{field}: expected a size such as 2k or 1080p", field=field)
    return plain


def seconds_of(value: float | str, field: str) -> int | None:
    """Return the length of a video; None: as the model likes.

    Args:
        value: A whole number above 0, or its digits, with `s` behind them or not.
        field: Where it stands, for errors.

    Raises:
        BadRequest: It is none.

    Example:
        >>> seconds_of("8", "seconds"), seconds_of(8.0, "seconds"), seconds_of("8s", "duration")
        (8, 8, 8)
    """
    plain = str(value).strip().lower()
    if plain in _ANY:
        return None
    found = _SECONDS.fullmatch(plain)
    if found is None or isinstance(value, bool):
        raise BadRequest(f"{field}: expected a whole number of seconds", field=field)
    return int(found[1])


def _word(longer: int, shorter: int) -> str | None:
    """Return the word for a size that is larger than usual."""
    if longer >= 3840:
        return "4k"
    if longer == 1920 and shorter == 1080:
        return "1080p"
    return "2k" if longer >= 2048 else None
