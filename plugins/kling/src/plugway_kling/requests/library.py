"""Voices and elements that a caller keeps at the upstream."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from msgspec import Meta

from plugway import Usage
from plugway_kling.fields import ElementId, Id
from plugway_kling.media import check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.request import Fixed, Job

Name = Annotated[str, Meta(max_length=20)]
Description = Annotated[str, Meta(max_length=100)]


class _Made(Job, frozen=True, kw_only=True):
    key: ClassVar[str]

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return self.key

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one."""
        return (Usage(key=self.key),)


class CustomVoice(_Made, frozen=True, kw_only=True):
    """Makes a voice from 5 to 30 seconds of somebody's.

    Attributes:
        voice_name: Its name.
        voice_url: Where it is heard.
        video_id: A video of the upstream's in which it is heard.
    """

    key: ClassVar[str] = "kling-custom-voices"
    voice_name: Name
    voice_url: str | None = None
    video_id: Id | None = None

    def examine(self) -> None:
        """Refuse none and both of the places."""
        check_url(self.callback_url, "callback_url")
        check_url(self.voice_url, "voice_url")
        if self.voice_url is None and self.video_id is None:
            raise required("voice_url", "unless video_id is set")
        if self.voice_url is not None and self.video_id is not None:
            raise refused("video_id", "it cannot be used with voice_url")


class AdvancedCustomElement(_Made, frozen=True, kw_only=True):
    """Makes an element from images or a video.

    Attributes:
        element_name: Its name.
        element_description: What it is.
        reference_type: What it is made from.
        element_image_list: A frontal image and one to three others.
        element_video_list: One video.
        element_voice_id: Its voice.
    """

    key: ClassVar[str] = "kling-custom-elements"
    element_name: Name
    element_description: Description
    reference_type: Literal["video_refer", "image_refer"]
    element_image_list: dict[str, Any] | None = None
    element_video_list: dict[str, Any] | None = None
    element_voice_id: Id | None = None

    def examine(self) -> None:
        """Refuse missing images or a missing video."""
        check_url(self.callback_url, "callback_url")
        if self.reference_type == "image_refer" and not self.element_image_list:
            raise required("element_image_list", "with reference_type image_refer")
        if self.reference_type == "video_refer" and not self.element_video_list:
            raise required("element_video_list", "with reference_type video_refer")


class CustomElement(_Made, frozen=True, kw_only=True):
    """Makes an element, the older way.

    Attributes:
        element_name: Its name.
        element_description: What it is.
        element_frontal_image: The element from the front.
    """

    key: ClassVar[str] = "kling-custom-elements"
    element_name: Name | None = None
    element_description: Description | None = None
    element_frontal_image: str | None = None

    def examine(self) -> None:
        """Refuse what is no image."""
        check_url(self.callback_url, "callback_url")
        check_media(self.element_frontal_image, "element_frontal_image")


class DeleteVoice(Fixed, frozen=True, kw_only=True):
    """Deletes a voice.

    Attributes:
        voice_id: The voice.
    """

    key: ClassVar[str] = "kling-delete-voices"
    voice_id: Id


class DeleteElement(Fixed, frozen=True, kw_only=True):
    """Deletes an element.

    Attributes:
        element_id: The element.
    """

    key: ClassVar[str] = "kling-delete-elements"
    element_id: ElementId
