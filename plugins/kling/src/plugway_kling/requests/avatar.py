"""Videos of a person in an image who speaks, and of one in a video who speaks anew."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import msgspec
from msgspec import Meta

from plugway import Usage
from plugway_kling import usage
from plugway_kling.fields import Id, PlainMode, Prompt
from plugway_kling.media import SOUND_BYTES, check_media, check_url
from plugway_kling.refusal import refused, required
from plugway_kling.requests.multi_elements import examine_video
from plugway_kling.requests.request import Fixed, Job

#: Seconds of a sound that an image speaks, and of a video that is spoken to: at most.
_LONGEST_SOUND, _LONGEST_VIDEO = 300, 60

#: Lip syncs are counted in steps of so many seconds.
_STEP = 5

Milliseconds = Annotated[int, Meta(ge=0, le=600_000)]
Volume = Annotated[float, Meta(ge=0, le=2)]


class Avatar(Job, frozen=True, kw_only=True):
    """Asks for a video of a person who speaks.

    Attributes:
        image: The person.
        audio_id: What `tts` made.
        sound_file: Any other sound of 2 to 300 seconds.
        prompt: What the person does.
        mode: Quality.
    """

    image: str
    audio_id: Id | None = None
    sound_file: str | None = None
    prompt: Prompt | None = None
    mode: PlainMode = "std"

    def examine(self) -> None:
        """Refuse none and both of the sounds, and what is no image or sound."""
        check_url(self.callback_url, "callback_url")
        check_media(self.image, "image")
        _examine_sound(self.audio_id, self.sound_file)

    def used_model(self) -> str:
        """Return the name that stands for the endpoint."""
        return "kling-avatar"

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video, as long as the sound."""
        length = _LONGEST_SOUND if seconds is None else min(seconds, _LONGEST_SOUND)
        return usage.video("kling-avatar", length, {"mode": self.mode})


class IdentifyFace(Fixed, frozen=True, kw_only=True):
    """Asks for the faces in a video of 2 to 60 seconds.

    Attributes:
        video_id: A video that the upstream made.
        video_url: Any other.
    """

    key: ClassVar[str] = "kling-identify-face"
    video_id: Id | None = None
    video_url: str | None = None

    def examine(self) -> None:
        """Refuse none and both of the two."""
        examine_video(self.video_id, self.video_url)


class ChosenFace(msgspec.Struct, frozen=True, kw_only=True):
    """Is the face that speaks, and what it says when; times in milliseconds."""

    face_id: Id
    audio_id: Id | None = None
    sound_file: str | None = None
    sound_start_time: Milliseconds
    sound_end_time: Milliseconds
    sound_insert_time: Milliseconds
    sound_volume: Volume = 1
    original_audio_volume: Volume = 1


class LipSynced(Job, frozen=True, kw_only=True):
    """Is what both kinds of lip sync have in common."""

    def used_model(self) -> str:
        """Return the name that stands for the endpoints."""
        return "kling-lip-sync"

    def usages(self, model: str, seconds: int | None = None) -> tuple[Usage, ...]:
        """Return one video, as long as the one that is spoken to, in whole steps."""
        length = _LONGEST_VIDEO if seconds is None else min(seconds, _LONGEST_VIDEO)
        return usage.video("kling-lip-sync", -(-length // _STEP) * _STEP, {})


class AdvancedLipSync(LipSynced, frozen=True, kw_only=True):
    """Asks for a video in which a face speaks.

    Attributes:
        session_id: What `identify-face` answered.
        face_choose: One face.
    """

    session_id: Id
    face_choose: Annotated[list[ChosenFace], Meta(min_length=1, max_length=1)]

    def examine(self) -> None:
        """Refuse none and both of the sounds, and a sound that ends before it begins."""
        check_url(self.callback_url, "callback_url")
        for at, face in enumerate(self.face_choose):
            place = f"face_choose[{at}]."
            _examine_sound(face.audio_id, face.sound_file, place)
            if face.sound_end_time <= face.sound_start_time:
                raise refused(f"{place}sound_end_time", "expected more than sound_start_time")


class LipSyncInput(msgspec.Struct, frozen=True, kw_only=True):
    """Is what the older lip sync works on."""

    video_id: Id | None = None
    video_url: str | None = None
    mode: Literal["text2video", "audio2video"]


class LipSync(LipSynced, frozen=True, kw_only=True):
    """Asks for a video in which the face speaks, the older way.

    Attributes:
        input: The video, and what is said.
    """

    input: LipSyncInput

    def examine(self) -> None:
        """Refuse what is no address."""
        check_url(self.callback_url, "callback_url")
        check_url(self.input.video_url, "input.video_url")


def _examine_sound(audio_id: Id | None, sound_file: str | None, place: str = "") -> None:
    if audio_id is None and sound_file is None:
        raise required(f"{place}audio_id", f"unless {place}sound_file is set")
    if audio_id is not None and sound_file is not None:
        raise refused(f"{place}sound_file", "it cannot be used with audio_id")
    check_media(sound_file, f"{place}sound_file", most=SOUND_BYTES)
