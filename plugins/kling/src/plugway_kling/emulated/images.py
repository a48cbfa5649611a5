"""Tasks below /v1/images."""

from __future__ import annotations

from plugway_kling.emulated import checks
from plugway_kling.emulated.kind import (
    COUNT,
    IMAGE_RATIO,
    IMAGE_RATIOS,
    NEEDED_PROMPT,
    NEGATIVE,
    PROMPT,
    Kind,
    elements,
)
from plugway_kling.emulated.rules import Field, choice, image, items, number

_SERIES = (*map(str, range(2, 10)), "auto")

IMAGES = (
    Kind(
        path="/v1/images/generations",
        makes="images",
        models=(
            "kling-v3",
            "kling-v1",
            "kling-v1-5",
            "kling-v2",
            "kling-v2-new",
            "kling-v2-1",
        ),
        fields=(
            *(NEEDED_PROMPT, NEGATIVE, COUNT, IMAGE_RATIO, elements(10)),
            Field("image", image),
            Field("image_reference", choice("subject", "face")),
            Field("image_fidelity", number(0, 1)),
            Field("human_fidelity", number(0, 1)),
            Field("resolution", choice("1k", "2k")),
        ),
        checks=(checks.reference,),
        slots="n",
    ),
    Kind(
        path="/v1/images/multi-image2image",
        makes="images",
        models=("kling-v2-1", "kling-v2"),
        fields=(
            *(PROMPT, COUNT, IMAGE_RATIO),
            Field(
                "subject_image_list",
                items(1, 4, Field("subject_image", image, needed=True)),
                needed=True,
            ),
            Field("scene_image", image),
            Field("style_image", image),
        ),
        slots="n",
    ),
    Kind(
        path="/v1/images/omni-image",
        makes="images",
        models=("kling-image-o1", "kling-v3-omni"),
        fields=(
            *(NEEDED_PROMPT, COUNT, elements(10)),
            Field("aspect_ratio", choice(*IMAGE_RATIOS, "auto")),
            Field("image_list", items(1, 10, Field("image", image, needed=True))),
            Field("resolution", choice("1k", "2k", "4k")),
            Field("result_type", choice("single", "series")),
            Field("series_amount", choice(*_SERIES)),
        ),
        slots="n",
    ),
    Kind(
        path="/v1/images/editing/expand",
        makes="images",
        fields=(
            *(PROMPT, COUNT),
            Field("image", image, needed=True),
            *(
                Field(f"{side}_expansion_ratio", number(0, 2), needed=True)
                for side in ("up", "down", "left", "right")
            ),
        ),
        slots="n",
    ),
    Kind(
        path="/v1/images/kolors-virtual-try-on",
        makes="images",
        models=("kolors-virtual-try-on-v1", "kolors-virtual-try-on-v1-5"),
        fields=(
            Field("human_image", image, needed=True),
            Field("cloth_image", image, needed=True),
        ),
    ),
)
