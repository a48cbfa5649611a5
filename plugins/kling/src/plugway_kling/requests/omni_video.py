"""Videos from any mixture of text, images, elements and a video."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import Element, Mode, ModelName, Orientation, Switch
from plugway_kling.media import check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.shots import Scripted

#: The model with narrower bounds than its successors.
O1 = "kling-video-o1"

#: Seconds of a video that is edited, which the request does not tell: at most.
_LONGEST_O1, _LONGEST = 10, 15

#: Images and elements together: with a video, and without.
_WITH_VIDEO, _WITHOUT_VIDEO = 4, 7


class OmniImage(msgspec.Struct, frozen=True, kw_only=True):
    """Is a reference, or the first or the last frame."""

    image_url: str
    type: Literal["first_frame", "end_frame"] | None = None


class OmniVideoInput(msgspec.Struct, frozen=True, kw_only=True):
    """Is a video whose features are used, or that is edited."""

    video_url: str
    refer_type: Literal["feature", "base"] = "base"
    keep_original_sound: Literal["yes", "no"] | None = None


class OmniVideo(Scripted, frozen=True, kw_only=True):
    """Asks for a video from all that is given.

    Attributes:
        model_name: The model.
        image_list: References, and the first and the last frame.
        element_list: Elements that appear.
        video_list: One video at most.
        sound: Whether sound is made; not with a video.
        mode: Quality.
        aspect_ratio: Width to height; needed unless a frame or a video gives it.
    """

    model_name: ModelName = O1
    image_list: list[OmniImage] = msgspec.field(default_factory=list)
    element_list: list[Element] = msgspec.field(default_factory=list)
    video_list: Annotated[list[OmniVideoInput], Meta(max_length=1)] = msgspec.field(
        default_factory=list
    )
    sound: Switch = "off"
    mode: Mode = "pro"
    aspect_ratio: Orientation | None = None

    @property
    def edits(self) -> bool:
        """Return whether the video is edited: it is as long as what is edited."""
        return any(video.refer_type == "base" for video in self.video_list)

    def _frames(self, type_: str) -> int:
        return sum(image.type == type_ for image in self.image_list)

    def examine(self) -> None:
        """Refuse wrong shots, frames, counts, and what excludes each other."""
        self.examine_shots()
        if self.prompt is None and not self.customized:
            raise required("prompt")
        for at, image in enumerate(self.image_list):
            check_media(image.image_url, f"image_list[{at}].image_url")
        for at, video in enumerate(self.video_list):
            check_url(video.video_url, f"video_list[{at}].video_url")
        self._examine_frames()
        self._examine_counts()
        if self.video_list and self.sound == "on":
            raise refused("sound", "it must be off with video_list")
        if self.aspect_ratio is None and not self.video_list and not self._frames("first_frame"):
            raise required("aspect_ratio", "unless there is a first frame or a video")

    def _examine_frames(self) -> None:
        first, last = self._frames("first_frame"), self._frames("end_frame")
        if first > 1 or last > 1:
            raise refused("image_list", "expected one first_frame and one end_frame at most")
        if last and not first:
            raise refused("image_list", "end_frame needs first_frame")
        if self.edits and first:
            raise refused("image_list", "a frame cannot be used with refer_type base")
        if self.multi_shot and last:
            raise refused("image_list", "end_frame cannot be used with multi_shot")
        if last and self.model_name == O1 and len(self.image_list) > 2:
            raise refused("image_list", f"{O1} takes no end_frame with more than 2 images")

    def _examine_counts(self) -> None:
        most = _WITH_VIDEO if self.video_list else _WITHOUT_VIDEO
        if len(self.image_list) + len(self.element_list) > most:
            fault = "element_list" if len(self.image_list) <= most else "image_list"
            raise refused(fault, f"expected at most {most} images and elements together")
        if not self.element_list or not self._frames("first_frame"):
            return
        if self.model_name == O1 and self._frames("end_frame"):
            raise refused("element_list", f"{O1} takes no elements with both frames")
        if len(self.element_list) > 3:
            raise refused("element_list", "expected at most 3 elements with a first frame")

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video: as long as asked for, or as what is edited."""
        length = self.seconds
        if self.edits:
            longest = _LONGEST_O1 if model == O1 else _LONGEST
            length = longest if seconds is None else min(seconds, longest)
        dimensions = {
            "mode": self.mode,
            "sound": self.sound,
            "video": usage.yes_no(self.video_list),
        }
        key = price_keys.key_of(price_keys.OMNI_VIDEO, model)
        return usage.video(key, length, dimensions)
