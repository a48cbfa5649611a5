"""Which parts of an image move, and which stay."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import Meta

from plugway_kling.media import check_media

#: No image that the upstream takes is larger.
Pixel = Annotated[int, Meta(ge=0, le=100_000)]


class Point(msgspec.Struct, frozen=True, kw_only=True):
    """Is a pixel; the origin is the bottom left."""

    x: Pixel
    y: Pixel


class DynamicMask(msgspec.Struct, frozen=True, kw_only=True):
    """Is a part of the image that moves along a line."""

    mask: str
    trajectories: Annotated[list[Point], Meta(min_length=2, max_length=77)]


def examine_masks(static: str | None, dynamic: Sequence[DynamicMask]) -> None:
    """Check the images of masks.

    Args:
        static: The part that stays.
        dynamic: The parts that move.

    Raises:
        BadRequest: One is neither an address nor base64.
    """
    check_media(static, "static_mask")
    for at, mask in enumerate(dynamic):
        check_media(mask.mask, f"dynamic_masks[{at}].mask")
