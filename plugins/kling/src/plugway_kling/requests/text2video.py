"""Videos from a text."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import price_keys, usage
from plugway_kling.fields import Fraction, Mode, ModelName, Orientation, Prompt, Switch, Voice
from plugway_kling.refusal import refused, required
from plugway_kling.requests.camera_control import CameraControl
from plugway_kling.requests.shots import Scripted


class GeneratedVideo(Scripted, frozen=True, kw_only=True):
    """Is what text2video and image2video have in common.

    Attributes:
        model_name: The model.
        negative_prompt: What is not to be seen.
        sound: Whether the video has sound; later models only.
        voice_list: Voices that speak.
        cfg_scale: How closely the prompt is followed.
        mode: Quality.
        camera_control: How the camera moves.
    """

    model_name: ModelName = "kling-v1"
    negative_prompt: Prompt | None = None
    sound: Switch = "off"
    voice_list: Annotated[list[Voice], Meta(max_length=2)] = msgspec.field(default_factory=list)
    cfg_scale: Fraction = 0.5
    mode: Mode = "std"
    camera_control: CameraControl | None = None

    def examine(self) -> None:
        """Refuse wrong shots, a wrong camera, and voices without sound."""
        self.examine_shots()
        if self.camera_control is not None:
            self.camera_control.examine()
        if self.voice_list and self.sound != "on":
            raise refused("voice_list", "sound must be on")

    def used_model(self) -> str:
        """Return the model."""
        return price_keys.official(self.model_name)

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video of the length asked for."""
        dimensions = {
            "mode": self.mode,
            "sound": self.sound,
            "voice": usage.yes_no(self.voice_list),
        }
        key = price_keys.key_of(price_keys.VIDEO, model)
        return usage.video(key, self.seconds, dimensions)


class Text2Video(GeneratedVideo, frozen=True, kw_only=True):
    """Asks for a video from a text.

    Attributes:
        aspect_ratio: Width to height.
    """

    aspect_ratio: Orientation = "16:9"

    def examine(self) -> None:
        """Refuse a missing prompt, and what all generated videos refuse."""
        GeneratedVideo.examine(self)
        if self.prompt is None and not self.customized:
            raise required("prompt")
