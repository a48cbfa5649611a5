"""Videos made longer, and with effects."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling.fields import Fraction, Id, Prompt
from plugway_kling.media import check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.request import Job


class _VideoJob(Job, frozen=True, kw_only=True):
    """Is a task of one model at one price."""

    key: ClassVar[str]

    def examine(self) -> None:
        """Refuse a callback address that is none."""
        check_url(self.callback_url, "callback_url")

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return self.key

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one task."""
        return (Usage(key=self.key, videos=1),)


class VideoExtend(_VideoJob, frozen=True, kw_only=True):
    """Asks for four to five seconds more of a video that the upstream made.

    Attributes:
        video_id: The video.
        prompt: What is seen.
        negative_prompt: What is not to be seen.
        cfg_scale: How closely the prompt is followed.
    """

    key: ClassVar[str] = "kling-video-extend"
    video_id: Id
    prompt: Prompt | None = None
    negative_prompt: Prompt | None = None
    cfg_scale: Fraction = 0.5


class EffectInput(msgspec.Struct, frozen=True, kw_only=True):
    """Is what an effect works on: one image or two, as its scene needs."""

    image: str | None = None
    images: Annotated[list[str], Meta(min_length=2, max_length=2)] | None = None


class Effects(_VideoJob, frozen=True, kw_only=True):
    """Asks for a video with an effect.

    Attributes:
        effect_scene: The effect.
        input: What it works on.
    """

    key: ClassVar[str] = "kling-effects"
    effect_scene: Annotated[str, Meta(max_length=128)]
    input: EffectInput

    def examine(self) -> None:
        """Refuse none and both of one image and two."""
        _VideoJob.examine(self)
        one, two = self.input.image, self.input.images
        if one is None and two is None:
            raise required("input.image", "unless input.images is set")
        if one is not None and two is not None:
            raise refused("input.images", "it cannot be used with input.image")
        check_media(one, "input.image")
        for at, image in enumerate(two or ()):
            check_media(image, f"input.images[{at}]")
