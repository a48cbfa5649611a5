"""Videos in which a person of an image moves like one of a video."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import Element, ModelName, PlainMode, Prompt
from plugway_kling.media import check_media, check_url
from plugway_kling.requests.request import Job

#: Seconds of the video that is followed, which the request does not tell: at most, by
#: the orientation of the person.
LONGEST = {"image": 10, "video": 30}


class MotionControl(Job, frozen=True, kw_only=True):
    """Asks for a video that follows another's movement.

    Attributes:
        model_name: The model.
        prompt: What is seen besides.
        image_url: Who moves.
        video_url: How.
        element_list: One element at most.
        keep_original_sound: Whether the video's sound stays.
        character_orientation: Which of the two the person faces like.
        mode: Quality.
    """

    model_name: ModelName = "kling-v2-6"
    prompt: Prompt | None = None
    image_url: str
    video_url: str
    element_list: Annotated[list[Element], Meta(max_length=1)] = msgspec.field(default_factory=list)
    keep_original_sound: Literal["yes", "no"] = "yes"
    character_orientation: Literal["image", "video"]
    mode: PlainMode

    def examine(self) -> None:
        """Refuse what is no image and no video."""
        check_url(self.callback_url, "callback_url")
        check_media(self.image_url, "image_url")
        check_url(self.video_url, "video_url")

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video, as long as the one that is followed."""
        key = price_keys.key_of(price_keys.MOTION_CONTROL, model)
        # An element makes the person face like the video, whatever is asked for.
        longest = LONGEST["video" if self.element_list else self.character_orientation]
        length = longest if seconds is None else min(seconds, longest)
        return usage.video(key, length, {"mode": self.mode})
