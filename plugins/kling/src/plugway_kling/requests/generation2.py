"""The newer generation of the API: the model is in the path, the rest in three parts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import ElementId, Id, Orientation, WatermarkInfo
from plugway_kling.media import LARGE_IMAGE_BYTES, check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.motion_control import LONGEST
from plugway_kling.requests.request import Request

LongPrompt = Annotated[str, Meta(max_length=3072)]

#: What the older generation calls a resolution, and prices name it by.
_MODES: Mapping[str, str] = {"720p": "std", "1080p": "pro", "4k": "4k"}

_VIDEOS = frozenset({"feature_video", "base_video", "video"})

#: Seconds of a video that the request does not tell: at most, with the model that takes least.
_LONGEST, _LONGEST_O1 = 15, 10


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """Says how the task is known, and who hears of it."""

    external_task_id: Id | None = None
    callback_url: str | None = None
    watermark_info: WatermarkInfo | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Says what the video is like; not every model has every one of these."""

    resolution: Literal["720p", "1080p", "4k"] = "720p"
    aspect_ratio: Orientation | None = None
    duration: Annotated[int, Meta(ge=3, le=15)] | None = None
    audio: Literal["native", "original", "off"] | None = None
    multi_shot: bool = True
    character_orientation: Literal["image", "video"] | None = None


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """Is one thing that goes into the video; its type says which fields count."""

    type: Annotated[str, Meta(max_length=32)]
    text: LongPrompt | None = None
    url: str | None = None
    element_id: ElementId | None = None
    voice_id: Id | None = None
    id: Id | None = None


class Generation2(Request, frozen=True, kw_only=True):
    """Is what all requests of the newer generation have in common.

    Attributes:
        settings: What the video is like.
        options: How the task is known, and who hears of it.
    """

    settings: Settings = Settings()
    options: Options = Options()

    def told(self) -> tuple[str | None, str | None]:
        """Return the caller's own id of the task and where it wants to hear of it."""
        name = self.options.external_task_id
        return None if name is None else str(name), self.options.callback_url

    def examine(self) -> None:
        """Refuse a callback address that is none."""
        check_url(self.options.callback_url, "options.callback_url")

    def _video(
        self, prefix: str, model: str, seconds: int, types: frozenset[str]
    ) -> tuple[Usage, ...]:
        dimensions = {
            "mode": _MODES[self.settings.resolution],
            "sound": "on" if self.settings.audio == "native" else "off",
            "voice": usage.yes_no("voice" in types),
            "video": usage.yes_no(types & _VIDEOS),
        }
        return usage.video(price_keys.key_of(prefix, model), seconds, dimensions)


class NewTextToVideo(Generation2, frozen=True, kw_only=True):
    """Asks for a video from a text.

    Attributes:
        prompt: What is seen.
    """

    prompt: LongPrompt

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video of the length asked for."""
        return self._video(price_keys.VIDEO, model, self.settings.duration or 5, frozenset())


class _Composed(Generation2, frozen=True, kw_only=True):
    contents: Annotated[list[Content], Meta(min_length=1, max_length=50)]

    @property
    def types(self) -> frozenset[str]:
        """Return which types of content there are."""
        return frozenset(content.type for content in self.contents)

    def examine(self) -> None:
        """Refuse content without what its type needs."""
        Generation2.examine(self)
        for at, content in enumerate(self.contents):
            place = f"contents[{at}]"
            if content.type == "prompt" and content.text is None:
                raise required(f"{place}.text")
            if content.type == "element" and content.element_id is None:
                raise required(f"{place}.element_id")
            if content.type == "voice" and content.voice_id is None:
                raise required(f"{place}.voice_id")
            if content.type in _VIDEOS:
                check_url(content.url, f"{place}.url")
            else:
                check_media(content.url, f"{place}.url", most=LARGE_IMAGE_BYTES)

    def _need(self, type_: str) -> None:
        if type_ not in self.types:
            raise required("contents", f"with one of type {type_}")


class NewImageToVideo(_Composed, frozen=True, kw_only=True):
    """Asks for a video from its first frame.

    Attributes:
        contents: The prompt, the frames, elements and voices.
    """

    def examine(self) -> None:
        """Refuse a missing first frame, and voices without sound."""
        _Composed.examine(self)
        self._need("first_frame")
        if "voice" in self.types and self.settings.audio != "native":
            raise refused("settings.audio", "it must be native with a voice")

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video of the length asked for."""
        return self._video(price_keys.VIDEO, model, self.settings.duration or 5, self.types)


class NewOmniVideo(_Composed, frozen=True, kw_only=True):
    """Asks for a video from all that is given.

    Attributes:
        contents: The prompt, frames, references, elements and one video.
    """

    def examine(self) -> None:
        """Refuse a last frame alone, frames of a video that is edited, and sound with one."""
        _Composed.examine(self)
        types = self.types
        if "last_frame" in types and "first_frame" not in types:
            raise refused("contents", "last_frame needs first_frame")
        if "base_video" in types and "first_frame" in types:
            raise refused("contents", "a frame cannot be used with base_video")
        if types & _VIDEOS and self.settings.audio == "native":
            raise refused("settings.audio", "it cannot be native with a video")

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video: as long as asked for, or as the video that is given."""
        types, length = self.types, self.settings.duration
        longest = _LONGEST_O1 if model == "kling-o1" else _LONGEST
        if "base_video" in types or ("feature_video" in types and length is None):
            length = longest if seconds is None else min(seconds, longest)
        return self._video(price_keys.OMNI_VIDEO, model, length or 5, types)


class NewMotionControl(_Composed, frozen=True, kw_only=True):
    """Asks for a video in which a person moves like one of another video.

    Attributes:
        contents: The person's image, the video, a prompt, an element.
    """

    def examine(self) -> None:
        """Refuse a missing image, a missing video and a missing orientation."""
        _Composed.examine(self)
        self._need("image")
        self._need("video")
        if self.settings.character_orientation is None:
            raise required("settings.character_orientation")

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video, as long as the one that is followed."""
        orientation = self.settings.character_orientation or "video"
        longest = LONGEST["video" if "element" in self.types else orientation]
        length = longest if seconds is None else min(seconds, longest)
        return self._video(price_keys.MOTION_CONTROL, model, length, frozenset())
