"""Videos of several shots, and what those and videos of one have in common."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from plugway_kling.fields import Prompt, Seconds, ShotSeconds
from plugway_kling.media import check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.request import Job


class Shot(msgspec.Struct, frozen=True, kw_only=True):
    """Is one shot of several."""

    prompt: Annotated[str, Meta(max_length=512)]
    duration: ShotSeconds
    index: int = 0


class Scripted(Job, frozen=True, kw_only=True):
    """Is a request for a video of one shot or of several.

    Attributes:
        prompt: What is seen; not read when the shots have their own.
        multi_shot: Whether there are several shots.
        shot_type: Who cuts: `customize` as `multi_prompt` says, or the upstream.
        multi_prompt: One to six shots, together as long as the video.
        duration: Seconds.
    """

    prompt: Prompt | None = None
    multi_shot: bool = False
    shot_type: Literal["customize", "intelligence"] | None = None
    multi_prompt: list[Shot] = msgspec.field(default_factory=list)
    duration: Seconds = "5"

    @property
    def seconds(self) -> int:
        """Return the length asked for."""
        return int(self.duration)

    @property
    def customized(self) -> bool:
        """Return whether the shots have prompts of their own."""
        return self.multi_shot and self.shot_type == "customize"

    def examine_shots(self) -> None:
        """Refuse shots that do not make up the video.

        Raises:
            BadRequest: They do not.
        """
        check_url(self.callback_url, "callback_url")
        if not self.multi_shot:
            return
        if self.shot_type is None:
            raise required("shot_type", "with multi_shot")
        if self.shot_type != "customize":
            return
        if not self.multi_prompt:
            raise required("multi_prompt", "with shot_type customize")
        if len(self.multi_prompt) > 6:
            raise refused("multi_prompt", "expected 1 to 6 shots")
        total = sum(int(shot.duration) for shot in self.multi_prompt)
        if total != self.seconds:
            raise refused(
                "multi_prompt",
                f"the shots have {total} seconds together, the video has {self.seconds}",
            )
