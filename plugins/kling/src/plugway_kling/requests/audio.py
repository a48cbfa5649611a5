"""Sounds from a text, for a video, and speech."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from plugway import Usage
from plugway_kling.fields import Id
from plugway_kling.media import check_url
from plugway_kling.requests.multi_elements import examine_video
from plugway_kling.requests.request import Fixed, Job

SoundPrompt = Annotated[str, Meta(max_length=200)]


class _Audio(Job, frozen=True, kw_only=True):
    key: ClassVar[str]

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return self.key

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one task."""
        return (Usage(key=self.key),)


class TextToAudio(_Audio, frozen=True, kw_only=True):
    """Asks for a sound.

    Attributes:
        prompt: What is heard.
        duration: Seconds, in tenths.
    """

    key: ClassVar[str] = "kling-text-to-audio"
    prompt: SoundPrompt
    duration: Annotated[float, Meta(ge=3, le=10)]

    def examine(self) -> None:
        """Refuse a callback address that is none."""
        check_url(self.callback_url, "callback_url")


class VideoToAudio(_Audio, frozen=True, kw_only=True):
    """Asks for the sound of a video of 3 to 20 seconds.

    Attributes:
        video_id: A video that the upstream made.
        video_url: Any other.
        sound_effect_prompt: What is heard.
        bgm_prompt: What music is heard.
        asmr_mode: Whether details are heard more.
    """

    key: ClassVar[str] = "kling-video-to-audio"
    video_id: Id | None = None
    video_url: str | None = None
    sound_effect_prompt: SoundPrompt | None = None
    bgm_prompt: SoundPrompt | None = None
    asmr_mode: bool = False

    def examine(self) -> None:
        """Refuse none and both of the videos."""
        check_url(self.callback_url, "callback_url")
        examine_video(self.video_id, self.video_url)


class Tts(Fixed, frozen=True, kw_only=True):
    """Asks for speech; the answer has it.

    Attributes:
        text: What is said.
        voice_id: Who says it.
        voice_language: In what language.
        voice_speed: How fast.
    """

    key: ClassVar[str] = "kling-tts"
    text: Annotated[str, Meta(max_length=1000)]
    voice_id: Id
    voice_language: Literal["zh", "en"] = "zh"
    voice_speed: Annotated[float, Meta(ge=0.8, le=2)] = 1.0
