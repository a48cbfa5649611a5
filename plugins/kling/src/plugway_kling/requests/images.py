"""Images from a text, an image, or several."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import (
    Element,
    Fraction,
    Image,
    ImageCount,
    ImageRatio,
    ModelName,
    PlainMode,
    Prompt,
)
from plugway_kling.media import check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.request import Job

#: Images and elements together.
_REFERENCES = 10


class Generations(Job, frozen=True, kw_only=True):
    """Asks for images.

    Attributes:
        model_name: The model. The documents of 2026 disagree on the default; this is the
            later and the dearer one.
        prompt: What is seen.
        negative_prompt: What is not to be seen; not with an image.
        image: What they resemble.
        image_reference: In what they resemble it.
        image_fidelity: How closely.
        human_fidelity: How closely in the face.
        element_list: Elements that appear.
        resolution: Size.
        n: How many.
        aspect_ratio: Width to height.
        mode: No field of the official API; the operator's prices know it.
    """

    model_name: ModelName = "kling-v3"
    prompt: Prompt
    negative_prompt: Prompt | None = None
    image: str | None = None
    image_reference: Literal["subject", "face"] | None = None
    image_fidelity: Fraction = 0.5
    human_fidelity: Fraction = 0.45
    element_list: Annotated[list[Element], Meta(max_length=_REFERENCES)] = msgspec.field(
        default_factory=list
    )
    resolution: Literal["1k", "2k"] = "1k"
    n: ImageCount = 1
    aspect_ratio: ImageRatio = "16:9"
    mode: PlainMode = "std"

    def examine(self) -> None:
        """Refuse a reference without image, and a negative prompt or many elements with one."""
        check_url(self.callback_url, "callback_url")
        check_media(self.image, "image")
        if self.image is None and self.image_reference is not None:
            raise required("image", "with image_reference")
        if self.image is not None and self.negative_prompt is not None:
            raise refused("negative_prompt", "it cannot be used with image")
        if self.image is not None and len(self.element_list) >= _REFERENCES:
            raise refused(
                "element_list", f"expected at most {_REFERENCES} images and elements together"
            )

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return the images."""
        dimensions = {
            "mode": self.mode,
            "resolution": self.resolution,
            "input": "text" if self.image is None and not self.element_list else "image",
        }
        return usage.images(price_keys.key_of(price_keys.IMAGE, model), self.n, dimensions)


class SubjectImage(msgspec.Struct, frozen=True, kw_only=True):
    """Is an image of a subject."""

    subject_image: str


class MultiImage2Image(Job, frozen=True, kw_only=True):
    """Asks for images with the subjects of one to four others.

    Attributes:
        model_name: The model. The documents of 2026 disagree on the default; this is the one
            with a price in the operator's table.
        prompt: What is seen.
        subject_image_list: The subjects.
        scene_image: Where they are.
        style_image: What it all looks like.
        n: How many.
        aspect_ratio: Width to height.
    """

    model_name: ModelName = "kling-v2"
    prompt: Prompt | None = None
    subject_image_list: Annotated[list[SubjectImage], Meta(min_length=1, max_length=4)]
    scene_image: str | None = None
    style_image: str | None = None
    n: ImageCount = 1
    aspect_ratio: ImageRatio = "16:9"

    def examine(self) -> None:
        """Refuse what is no image."""
        check_url(self.callback_url, "callback_url")
        for at, one in enumerate(self.subject_image_list):
            check_media(one.subject_image, f"subject_image_list[{at}].subject_image")
        check_media(self.scene_image, "scene_image")
        check_media(self.style_image, "style_image")

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return the images."""
        return usage.images(price_keys.key_of(price_keys.MULTI_IMAGE, model), self.n)


class OmniImage(Job, frozen=True, kw_only=True):
    """Asks for images, or for a series of them, from all that is given.

    Attributes:
        model_name: The model.
        prompt: What is seen.
        image_list: References.
        element_list: Elements that appear.
        resolution: Size.
        result_type: Images on their own, or a series.
        n: How many on their own.
        series_amount: How many in a series: 2 to 9, or as the upstream thinks fit.
        aspect_ratio: Width to height.
    """

    model_name: ModelName = "kling-image-o1"
    prompt: Prompt
    image_list: list[Image] = msgspec.field(default_factory=list)
    element_list: list[Element] = msgspec.field(default_factory=list)
    resolution: Literal["1k", "2k", "4k"] = "1k"
    result_type: Literal["single", "series"] = "single"
    n: ImageCount = 1
    series_amount: (
        Annotated[str, Meta(pattern="^([2-9]|auto)$")] | Annotated[int, Meta(ge=2, le=9)]
    ) = 4
    aspect_ratio: ImageRatio | Literal["auto"] = "auto"

    def examine(self) -> None:
        """Refuse what is no image, and too many references."""
        check_url(self.callback_url, "callback_url")
        for at, one in enumerate(self.image_list):
            check_media(one.image, f"image_list[{at}].image")
        if len(self.image_list) + len(self.element_list) > _REFERENCES:
            raise refused(
                "image_list", f"expected at most {_REFERENCES} images and elements together"
            )

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return the images; as many as there can be where the upstream decides."""
        count = self.n
        if self.result_type == "series":
            count = 9 if self.series_amount == "auto" else int(self.series_amount)
        key = price_keys.key_of(price_keys.OMNI_IMAGE, model)
        return usage.images(key, count, {"resolution": self.resolution})
