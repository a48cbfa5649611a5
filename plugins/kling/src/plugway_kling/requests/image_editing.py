"""Images made larger, tried on, seen from other sides, and taken apart."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from plugway import Usage
from plugway_kling import usage
from plugway_kling.fields import ImageCount, ModelName, Prompt
from plugway_kling.media import check_media, check_url
from plugway_kling.refusal import refused
from plugway_kling.requests.request import Fixed, Job

Expansion = Annotated[float, Meta(ge=0, le=2)]

#: How many times its area an image may grow to.
_GROWTH = 3


class Expand(Job, frozen=True, kw_only=True):
    """Asks for images that show more on their sides.

    Attributes:
        image: The image.
        up_expansion_ratio: Part of its height that is added above.
        down_expansion_ratio: Part of its height that is added below.
        left_expansion_ratio: Part of its width that is added on the left.
        right_expansion_ratio: Part of its width that is added on the right.
        prompt: What is seen there.
        n: How many.
    """

    image: str
    up_expansion_ratio: Expansion
    down_expansion_ratio: Expansion
    left_expansion_ratio: Expansion
    right_expansion_ratio: Expansion
    prompt: Prompt | None = None
    n: ImageCount = 1

    def examine(self) -> None:
        """Refuse what is no image, and more than three times its area."""
        check_url(self.callback_url, "callback_url")
        check_media(self.image, "image")
        height = 1 + self.up_expansion_ratio + self.down_expansion_ratio
        width = 1 + self.left_expansion_ratio + self.right_expansion_ratio
        # A hair more, for sums of parts such as 0.1.
        if height * width > _GROWTH + 1e-6:
            raise refused(
                "up_expansion_ratio", f"the whole would be larger than {_GROWTH} times the image"
            )

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return "kling-expand"

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return the images."""
        return usage.images("kling-expand", self.n)


class TryOn(Job, frozen=True, kw_only=True):
    """Asks for an image of a person in other clothes.

    Attributes:
        model_name: The model.
        human_image: The person.
        cloth_image: The clothes.
    """

    model_name: ModelName = "kolors-virtual-try-on-v1"
    human_image: str
    cloth_image: str | None = None

    def examine(self) -> None:
        """Refuse what is no image."""
        check_url(self.callback_url, "callback_url")
        check_media(self.human_image, "human_image")
        check_media(self.cloth_image, "cloth_image")

    def used_model(self) -> str:
        """Return the model."""
        return self.model_name

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one image."""
        return usage.images(f"kling-virtual-try-on_{model}", 1)


class AiMultiShot(Job, frozen=True, kw_only=True):
    """Asks for a subject seen from other sides.

    Attributes:
        element_frontal_image: The subject from the front.
    """

    element_frontal_image: str

    def examine(self) -> None:
        """Refuse what is no image."""
        check_url(self.callback_url, "callback_url")
        check_media(self.element_frontal_image, "element_frontal_image")

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return "kling-ai-multi-shot"

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one call."""
        return (Usage(key="kling-ai-multi-shot", images=3),)


class ImageRecognize(Fixed, frozen=True, kw_only=True):
    """Asks for the parts of an image: objects, heads, faces, clothes.

    Attributes:
        image: The image.
    """

    key: ClassVar[str] = "kling-image-recognize"
    image: str

    def examine(self) -> None:
        """Refuse what is no image."""
        check_media(self.image, "image")
