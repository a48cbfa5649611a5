"""Videos from several images."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import FiveOrTen, Image, ModelName, Orientation, PlainMode, Prompt
from plugway_kling.media import check_media, check_url
from plugway_kling.requests.request import Job


class MultiImage2Video(Job, frozen=True, kw_only=True):
    """Asks for a video with the subjects of one to four images.

    Attributes:
        model_name: The model.
        image_list: The images.
        prompt: What is seen.
        negative_prompt: What is not to be seen.
        mode: Quality.
        duration: Seconds.
        aspect_ratio: Width to height.
    """

    model_name: ModelName = "kling-v1-6"
    image_list: Annotated[list[Image], Meta(min_length=1, max_length=4)]
    prompt: Prompt
    negative_prompt: Prompt | None = None
    mode: PlainMode = "std"
    duration: FiveOrTen = "5"
    aspect_ratio: Orientation = "16:9"

    def examine(self) -> None:
        """Refuse what is no image."""
        check_url(self.callback_url, "callback_url")
        for at, image in enumerate(self.image_list):
            check_media(image.image, f"image_list[{at}].image")

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video of the length asked for."""
        key = price_keys.key_of(price_keys.MULTI_IMAGE_VIDEO, model)
        return usage.video(key, int(self.duration), {"mode": self.mode})
