"""Videos from an image or two."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from plugway_kling.fields import Element
from plugway_kling.media import check_media
from plugway_kling.refusal import refused, required
from plugway_kling.requests.motion_brush import DynamicMask, examine_masks
from plugway_kling.requests.text2video import GeneratedVideo


class Image2Video(GeneratedVideo, frozen=True, kw_only=True):
    """Asks for a video from its first frame, its last, or both.

    Attributes:
        image: The first frame.
        image_tail: The last frame.
        element_list: Elements that appear; not with voices.
        static_mask: The part of the image that stays.
        dynamic_masks: The parts that move.
    """

    image: str | None = None
    image_tail: str | None = None
    element_list: Annotated[list[Element], Meta(max_length=3)] = msgspec.field(default_factory=list)
    static_mask: str | None = None
    dynamic_masks: Annotated[list[DynamicMask], Meta(max_length=6)] = msgspec.field(
        default_factory=list
    )

    @property
    def brushed(self) -> bool:
        """Return whether parts of the image are told to move or to stay."""
        return self.static_mask is not None or bool(self.dynamic_masks)

    def examine(self) -> None:
        """Refuse missing images, what excludes each other, and what all videos refuse."""
        GeneratedVideo.examine(self)
        if self.image is None and self.image_tail is None:
            raise required("image", "unless image_tail is set")
        check_media(self.image, "image")
        check_media(self.image_tail, "image_tail")
        examine_masks(self.static_mask, self.dynamic_masks)
        used = {
            "image_tail": self.image_tail is not None,
            "dynamic_masks" if self.dynamic_masks else "static_mask": self.brushed,
            "camera_control": self.camera_control is not None,
        }
        both = [name for name, there in used.items() if there]
        if len(both) > 1:
            raise refused(both[1], f"it cannot be used with {both[0]}")
        if self.element_list and self.voice_list:
            raise refused("voice_list", "it cannot be used with element_list")
        if self.multi_shot and self.image is not None and self.image_tail is not None:
            raise refused("image_tail", "it cannot be used with multi_shot")
