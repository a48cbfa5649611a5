"""What a channel to the emulated service lists."""

from __future__ import annotations

from plugway_kling.emulated.kinds import KINDS
from plugway_kling.emulated.newer import MODELS as NEWER

#: Names that a gateway has for what the service does without a model: `kling-` and what the
#: path says. They never reach the service.
STAND_INS = (
    "kling-add-selection",
    "kling-ai-multi-shot",
    "kling-avatar",
    "kling-clear-selection",
    "kling-custom-elements",
    "kling-custom-voices",
    "kling-delete-elements",
    "kling-delete-selection",
    "kling-delete-voices",
    "kling-effects",
    "kling-expand",
    "kling-identify-face",
    "kling-image-recognize",
    "kling-init-selection",
    "kling-lip-sync",
    "kling-preview-selection",
    "kling-query",
    "kling-text-to-audio",
    "kling-tts",
    "kling-video-extend",
    "kling-video-to-audio",
)

#: Every model of either generation, once, and the names for what has none.
MODELS = tuple(
    dict.fromkeys(
        (
            *(model for kind in KINDS for model in kind.models),
            *(model for models in NEWER.values() for model in models),
            *STAND_INS,
        )
    )
)
