"""Tasks below /v1/videos."""

from __future__ import annotations

from plugway_kling.emulated import checks
from plugway_kling.emulated.kind import (
    CAMERA,
    DURATION,
    MODE,
    NEEDED_PROMPT,
    NEGATIVE,
    PROMPT,
    RATIO,
    SHOTS,
    SOUND,
    TWO_DURATIONS,
    TWO_MODES,
    VOICES,
    Kind,
    elements,
)
from plugway_kling.emulated.rules import (
    Field,
    address,
    choice,
    image,
    items,
    number,
    record,
    text,
    whole,
)

_CFG = Field("cfg_scale", number(0, 1))
_IMAGES = items(1, 4, Field("image", image, needed=True))
_POINTS = items(2, 77, Field("x", number(0, 65_535)), Field("y", number(0, 65_535)))
_MASK = (Field("mask", image, needed=True), Field("trajectories", _POINTS, needed=True))
_KEEP = Field("keep_original_sound", choice("yes", "no"))
_FACE = (
    Field("face_id", text(64), needed=True),
    Field("audio_id", text(64)),
    Field("sound_file", text(8 << 20)),
    Field("sound_start_time", whole(0, 600_000)),
    Field("sound_end_time", whole(0, 600_000)),
    Field("sound_insert_time", whole(0, 600_000)),
    Field("sound_volume", number(0, 2)),
    Field("original_audio_volume", number(0, 2)),
)

_TEXT_MODELS = (
    "kling-v1",
    "kling-v1-6",
    "kling-v2-master",
    "kling-v2-1-master",
    "kling-v2-5-turbo",
    "kling-v2-6",
    "kling-v3",
)
_IMAGE_MODELS = (
    "kling-v1",
    "kling-v1-5",
    "kling-v1-6",
    "kling-v2-master",
    "kling-v2-1",
    "kling-v2-1-master",
    "kling-v2-5-turbo",
    "kling-v2-6",
    "kling-v3",
)

VIDEOS = (
    Kind(
        path="/v1/videos/text2video",
        makes="videos",
        models=_TEXT_MODELS,
        fields=(PROMPT, NEGATIVE, *SHOTS, SOUND, VOICES, _CFG, MODE, CAMERA, RATIO, DURATION),
        checks=(checks.shots, checks.length, checks.camera),
    ),
    Kind(
        path="/v1/videos/image2video",
        makes="videos",
        models=_IMAGE_MODELS,
        fields=(
            *(PROMPT, NEGATIVE, *SHOTS, SOUND, VOICES, _CFG, MODE, CAMERA, DURATION, elements(3)),
            Field("image", image),
            Field("image_tail", image),
            Field("static_mask", image),
            Field("dynamic_masks", items(1, 6, *_MASK)),
        ),
        checks=(checks.frames, checks.shots, checks.length, checks.camera, checks.voices),
    ),
    Kind(
        path="/v1/videos/multi-image2video",
        makes="videos",
        models=("kling-v1-6",),
        fields=(
            *(NEEDED_PROMPT, NEGATIVE, TWO_MODES, TWO_DURATIONS, RATIO),
            Field("image_list", _IMAGES, needed=True),
        ),
        info=False,
    ),
    Kind(
        path="/v1/videos/omni-video",
        makes="videos",
        models=("kling-video-o1", "kling-v3-omni"),
        fields=(
            *(PROMPT, *SHOTS, SOUND, MODE, RATIO, DURATION, elements(7)),
            Field(
                "image_list",
                items(
                    1,
                    7,
                    Field("image_url", image, needed=True),
                    Field("type", choice("first_frame", "end_frame")),
                ),
            ),
            Field(
                "video_list",
                items(
                    1,
                    1,
                    Field("video_url", address, needed=True),
                    Field("refer_type", choice("feature", "base")),
                    _KEEP,
                ),
            ),
        ),
        checks=(checks.shots, checks.length, checks.omni),
    ),
    Kind(
        path="/v1/videos/motion-control",
        makes="videos",
        models=("kling-v2-6", "kling-v3"),
        fields=(
            *(PROMPT, _KEEP, elements(1)),
            Field("mode", choice("std", "pro"), needed=True),
            Field("image_url", image, needed=True),
            Field("video_url", address, needed=True),
            Field("character_orientation", choice("image", "video"), needed=True),
        ),
    ),
    Kind(
        path="/v1/videos/multi-elements",
        makes="videos",
        models=("kling-v1-6",),
        fields=(
            *(NEEDED_PROMPT, NEGATIVE, TWO_MODES, TWO_DURATIONS),
            Field("session_id", text(64), needed=True),
            Field("edit_mode", choice("addition", "swap", "removal"), needed=True),
            Field("image_list", items(1, 2, Field("image", image, needed=True))),
        ),
        checks=(checks.edit,),
    ),
    Kind(
        path="/v1/videos/video-extend",
        makes="videos",
        fields=(PROMPT, NEGATIVE, _CFG, Field("video_id", text(64), needed=True)),
        parent=True,
    ),
    Kind(
        path="/v1/videos/advanced-lip-sync",
        makes="videos",
        fields=(
            Field("session_id", text(64), needed=True),
            Field("face_choose", items(1, 1, *_FACE), needed=True),
        ),
        by_external_id=False,
        parent=True,
    ),
    Kind(
        path="/v1/videos/lip-sync",
        makes="videos",
        fields=(
            Field(
                "input",
                record(Field("video_id", text(64)), Field("video_url", address)),
                needed=True,
            ),
        ),
        parent=True,
    ),
    Kind(
        path="/v1/videos/avatar/image2video",
        makes="videos",
        fields=(
            *(PROMPT, TWO_MODES),
            Field("image", image, needed=True),
            Field("audio_id", text(64)),
            Field("sound_file", text(8 << 20)),
        ),
        checks=(checks.alternatives("audio_id", "sound_file"),),
    ),
    Kind(
        path="/v1/videos/effects",
        makes="videos",
        fields=(
            Field("effect_scene", text(64), needed=True),
            Field("input", record(Field("image", image)), needed=True),
        ),
    ),
)
