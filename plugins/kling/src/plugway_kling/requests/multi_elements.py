"""Videos whose elements are added, swapped or removed, and the selections before that."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import (
    FiveOrTen,
    Fraction,
    Id,
    Image,
    ModelName,
    PlainMode,
    Prompt,
)
from plugway_kling.media import check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.request import Fixed, Job

#: The one model that edits videos; selections are made for it.
MODEL = "kling-v1-6"

#: How many images each way of editing takes: at least, at most.
_IMAGES = {"addition": (1, 2), "swap": (1, 1), "removal": (0, 0)}


class MultiElements(Job, frozen=True, kw_only=True):
    """Asks for a video whose selected elements are changed.

    Attributes:
        model_name: The model.
        session_id: What `init-selection` answered; it lives for 24 hours.
        edit_mode: What is done with the selection.
        image_list: What is added, one or two, or put in its place, one.
        prompt: What is seen.
        negative_prompt: What is not to be seen.
        mode: Quality.
        duration: Seconds.
    """

    model_name: ModelName = MODEL
    session_id: Id
    edit_mode: Literal["addition", "swap", "removal"]
    image_list: list[Image] = msgspec.field(default_factory=list)
    prompt: Prompt
    negative_prompt: Prompt | None = None
    mode: PlainMode = "std"
    duration: FiveOrTen = "5"

    def examine(self) -> None:
        """Refuse a number of images that does not go with the way of editing."""
        check_url(self.callback_url, "callback_url")
        least, most = _IMAGES[self.edit_mode]
        count = len(self.image_list)
        if count < least:
            raise required("image_list", f"with edit_mode {self.edit_mode}")
        if count > most:
            few = "none" if most == 0 else f"at most {most}"
            raise refused("image_list", f"edit_mode {self.edit_mode} takes {few}")
        for at, image in enumerate(self.image_list):
            check_media(image.image, f"image_list[{at}].image")

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video of the length asked for."""
        key = price_keys.key_of(price_keys.MULTI_ELEMENTS, model)
        return usage.video(key, int(self.duration), {"mode": self.mode})


class _Selection(Fixed, frozen=True, kw_only=True):
    """Is a call before the task: of the same model, at its own price."""

    def used_model(self) -> str:
        """Return the model whose credentials hold the session."""
        return MODEL


class InitSelection(_Selection, frozen=True, kw_only=True):
    """Begins a selection in a video of 2 to 5 or of 7 to 10 seconds.

    Attributes:
        video_id: A video that the upstream made.
        video_url: Any other.
    """

    key: ClassVar[str] = "kling-init-selection"
    video_id: Id | None = None
    video_url: str | None = None

    def examine(self) -> None:
        """Refuse none and both of the two."""
        examine_video(self.video_id, self.video_url)


class SelectedPoint(msgspec.Struct, frozen=True, kw_only=True):
    """Is a point of a frame, as parts of its width and height from the top left."""

    x: Fraction
    y: Fraction


class _Points(_Selection, frozen=True, kw_only=True):
    session_id: Id
    frame_index: Annotated[int, Meta(ge=0, le=1_000_000)]
    points: Annotated[list[SelectedPoint], Meta(min_length=1, max_length=10)]


class AddSelection(_Points, frozen=True, kw_only=True):
    """Marks points on a frame.

    Attributes:
        session_id: What `init-selection` answered.
        frame_index: The frame; ten at most may be marked.
        points: One to ten.
    """

    key: ClassVar[str] = "kling-add-selection"


class DeleteSelection(_Points, frozen=True, kw_only=True):
    """Takes points back.

    Attributes:
        session_id: What `init-selection` answered.
        frame_index: The frame.
        points: Exactly as they were added.
    """

    key: ClassVar[str] = "kling-delete-selection"


class ClearSelection(_Selection, frozen=True, kw_only=True):
    """Takes all points back.

    Attributes:
        session_id: What `init-selection` answered.
    """

    key: ClassVar[str] = "kling-clear-selection"
    session_id: Id


class PreviewSelection(_Selection, frozen=True, kw_only=True):
    """Asks how the selection looks.

    Attributes:
        session_id: What `init-selection` answered.
    """

    key: ClassVar[str] = "kling-preview-selection"
    session_id: Id


def examine_video(video_id: Id | None, video_url: str | None) -> None:
    """Check that a video is named in exactly one way.

    Args:
        video_id: A video that the upstream made.
        video_url: Any other.

    Raises:
        BadRequest: Both or none, or no address.
    """
    if video_id is None and video_url is None:
        raise required("video_id", "unless video_url is set")
    if video_id is not None and video_url is not None:
        raise refused("video_url", "it cannot be used with video_id")
    check_url(video_url, "video_url")
