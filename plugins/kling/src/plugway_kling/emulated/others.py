"""Tasks below /v1/audio and /v1/general."""

from __future__ import annotations

from plugway_kling.emulated import checks
from plugway_kling.emulated.kind import Kind
from plugway_kling.emulated.rules import Field, address, flag, image, number, text

_SOURCE = (Field("video_id", text(64)), Field("video_url", address))
_ONE_SOURCE = checks.alternatives("video_id", "video_url")

OTHERS = (
    Kind(
        path="/v1/audio/text-to-audio",
        makes="audios",
        fields=(
            Field("prompt", text(200), needed=True),
            Field("duration", number(3, 10), needed=True),
        ),
    ),
    Kind(
        path="/v1/audio/video-to-audio",
        makes="audios",
        fields=(
            *_SOURCE,
            Field("sound_effect_prompt", text(200)),
            Field("bgm_prompt", text(200)),
            Field("asmr_mode", flag),
        ),
        checks=(_ONE_SOURCE,),
        parent=True,
    ),
    Kind(
        path="/v1/general/ai-multi-shot",
        makes="images",
        fields=(Field("element_frontal_image", image),),
    ),
    Kind(
        path="/v1/general/custom-voices",
        makes="voices",
        fields=(
            Field("voice_name", text(20), needed=True),
            Field("voice_url", address),
            Field("video_id", text(64)),
        ),
        checks=(checks.alternatives("voice_url", "video_id"),),
        most=1_000,
    ),
    Kind(
        path="/v1/general/advanced-custom-elements",
        makes="elements",
        fields=(Field("element_name", text(20), needed=True),),
    ),
    Kind(
        path="/v1/general/custom-elements",
        makes="elements",
        fields=(Field("element_name", text(20), needed=True),),
    ),
)
