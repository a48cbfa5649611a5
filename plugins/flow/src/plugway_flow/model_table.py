"""The models that are built in (reference: "Front models"), in the words of the settings.

The upstream's names follow the reference's rules. What it leaves open, the lengths of some
families and their names for a first frame alone, is as the upstream's own list of models has it
in public copies of September 2026; operators can say it otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from plugway_flow.model_names import images, pairs, veo, veo_lite
from plugway_flow.model_settings import (
    AspectName,
    FormSettings,
    ModelSettings,
    ModelType,
    Resolution,
)

_ALL: tuple[AspectName, ...] = get_args(AspectName)


def table() -> dict[str, ModelSettings]:
    """Return the built-in models, by family.

    Example:
        >>> table()["veo_3_1_t2v"].keys["portrait"]
        'veo_3_1_t2v_portrait'
    """
    return {**_images(), **_texts(), **_frames(), **_references(), **_others()}


def _images() -> dict[str, ModelSettings]:
    def model(name: str, title: str, key: str, *, large: bool) -> ModelSettings:
        aspects = _ALL if large else _ALL[:2]
        resolutions: tuple[Resolution, ...] = ("2k", "4k") if large else ()
        return ModelSettings(
            type="image",
            title=title,
            key=key,
            aspects=aspects,
            resolutions=resolutions,
            forms=images(name, aspects, resolutions),
        )

    rows = (
        ("gemini-2.5-flash-image", "Gemini 2.5 Flash Image", "GEM_PIX", False),
        ("gemini-3.0-pro-image", "Gemini 3.0 Pro Image", "GEM_PIX_2", True),
        ("gemini-3.1-flash-image", "Gemini 3.1 Flash Image", "NARWHAL", True),
        ("imagen-4.0-generate-preview", "Imagen 4", "IMAGEN_3_5", False),
    )
    return {name: model(name, title, key, large=large) for name, title, key, large in rows}


def _texts() -> dict[str, ModelSettings]:
    fast, quality, lite = "veo_3_1_t2v_fast", "veo_3_1_t2v", "veo_3_1_t2v_lite"
    return {
        fast: ModelSettings(
            type="t2v",
            title="Veo 3.1 Fast",
            keys={
                **_ultra(fast),
                # One for both shapes, and for every account.
                "4s": "veo_3_1_t2v_fast_4s",
                "6s": "veo_3_1_t2v_fast_6s",
            },
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            forms=veo(fast, ultra=True),
        ),
        quality: ModelSettings(
            type="t2v",
            title="Veo 3.1",
            keys={
                "portrait": "veo_3_1_t2v_portrait",
                "4s": "veo_3_1_t2v_quality_4s",
                "6s": "veo_3_1_t2v_quality_6s",
            },
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            forms=veo(quality),
        ),
        lite: ModelSettings(
            type="t2v",
            title="Veo 3.1 Lite",
            keys={"4s": "veo_3_1_t2v_lite_4s", "6s": "veo_3_1_t2v_lite_6s"},
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            forms=veo_lite(lite),
        ),
        # Gone from the upstream's list in 2026; kept for clients and accounts of before.
        **_older("veo_2_1_fast_d_15_t2v", "t2v", "Veo 2.1 Fast"),
        **_older("veo_2_0_t2v", "t2v", "Veo 2"),
    }


def _frames() -> dict[str, ModelSettings]:
    fast, quality = "veo_3_1_i2v_s_fast_fl", "veo_3_1_i2v_s"
    lite, between = "veo_3_1_i2v_lite", "veo_3_1_interpolation_lite"
    return {
        fast: ModelSettings(
            type="i2v",
            title="Veo 3.1 Fast, from frames",
            key=fast,
            keys=_one(
                {
                    "": fast,
                    "portrait": "veo_3_1_i2v_s_fast_portrait_fl",
                    "ultra": "veo_3_1_i2v_s_fast_ultra_fl",
                    "portrait ultra": "veo_3_1_i2v_s_fast_portrait_ultra_fl",
                    "relaxed": "veo_3_1_i2v_s_fast_ultra_relaxed",
                    "portrait relaxed": "veo_3_1_i2v_s_fast_portrait_ultra_relaxed",
                    "4s": "veo_3_1_i2v_s_fast_4s_fl",
                    "6s": "veo_3_1_i2v_s_fast_6s_fl",
                }
            ),
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            # The names of the earlier system have the shape behind `_fl`. That one asked for
            # portrait videos by the landscape model's name, which has no portrait ones any more.
            forms={**veo("veo_3_1_i2v_s_fast", behind="fl", ultra=True), **pairs(fast)},
        ),
        quality: ModelSettings(
            type="i2v",
            title="Veo 3.1, from frames",
            key="veo_3_1_i2v_s_fl",
            keys=_one(
                {
                    "": "veo_3_1_i2v_s_fl",
                    "portrait": "veo_3_1_i2v_s_portrait_fl",
                    "4s": "veo_3_1_i2v_s_quality_4s_fl",
                    "6s": "veo_3_1_i2v_s_quality_6s_fl",
                }
            ),
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            forms=veo(quality),
        ),
        lite: ModelSettings(
            type="i2v",
            title="Veo 3.1 Lite, from the first frame",
            keys={"4s": "veo_3_1_i2v_s_lite_4s", "6s": "veo_3_1_i2v_s_lite_6s"},
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            most_images=1,
            forms=veo_lite(lite),
        ),
        between: ModelSettings(
            type="i2v",
            title="Veo 3.1 Lite, between two frames",
            keys={"4s": "veo_3_1_i2v_s_lite_4s_fl", "6s": "veo_3_1_i2v_s_lite_6s_fl"},
            seconds=(8, 4, 6),
            resolutions=("1080p", "4k"),
            least_images=2,
            forms=veo_lite(between),
        ),
        **_older("veo_2_1_fast_d_15_i2v", "i2v", "Veo 2.1 Fast, from frames"),
        **_older("veo_2_0_i2v", "i2v", "Veo 2, from frames"),
    }


def _references() -> dict[str, ModelSettings]:
    fast = "veo_3_1_r2v_fast"
    return {
        fast: ModelSettings(
            type="r2v",
            title="Veo 3.1 Fast, from references",
            keys={
                "landscape": "veo_3_1_r2v_fast_landscape",
                "portrait": "veo_3_1_r2v_fast_portrait",
                "landscape ultra": "veo_3_1_r2v_fast_landscape_ultra",
                "portrait ultra": "veo_3_1_r2v_fast_portrait_ultra",
                "landscape relaxed": "veo_3_1_r2v_fast_landscape_ultra_relaxed",
                "portrait relaxed": "veo_3_1_r2v_fast_portrait_ultra_relaxed",
            },
            seconds=(8,),
            resolutions=("1080p", "4k"),
            forms=veo(fast, ultra=True, seconds=(8,)),
        ),
        # The earlier system sets no limit, but the upstream takes three (reference: "Video").
        **_older("veo_3_0_r2v_fast", "r2v", "Veo 3 Fast, from references"),
    }


def _others() -> dict[str, ModelSettings]:
    return {
        "veo_3_1_extend": ModelSettings(
            type="extend",
            title="Veo 3.1, going on",
            key="veo_3_1_extend_landscape",
            keys={"portrait": "veo_3_1_extend_portrait"},
            seconds=(7,),
            resolutions=("1080p", "4k"),
            forms=pairs("veo_3_1_extend"),
        ),
        "veo_3_1_upsampler": ModelSettings(
            type="upscale",
            title="Veo 3.1, made larger",
            keys={"1080p": "veo_3_1_upsampler_1080p", "4k": "veo_3_1_upsampler_4k"},
            resolutions=("1080p", "4k"),
            forms={
                "veo_3_1_upsampler_1080p": FormSettings(resolution="1080p"),
                "veo_3_1_upsampler_4k": FormSettings(resolution="4k", tier="ultra"),
            },
        ),
        "omni": ModelSettings(
            type="omni",
            title="Gemini Omni Flash",
            key="abra_t2v_8s",
            keys={
                "images": "abra_r2v_8s",
                **{f"{one}s": f"abra_t2v_{one}s" for one in (4, 6, 10)},
                **{f"images {one}s": f"abra_r2v_{one}s" for one in (4, 6, 10)},
            },
            seconds=(8, 4, 6, 10),
            forms={
                "omni_portrait": FormSettings(aspect="portrait"),
                "omni_landscape": FormSettings(aspect="landscape", listed=False),
            },
        ),
    }


def _older(name: str, kind: ModelType, title: str) -> dict[str, ModelSettings]:
    """Describe one whose upstream name says nothing more: the request says the shape."""
    return {name: ModelSettings(type=kind, title=title, forms=pairs(name))}


def _ultra(name: str) -> dict[str, str]:
    """Return the keys of a model that has others for Ultra accounts, and in relaxed mode."""
    return {
        "portrait": f"{name}_portrait",
        "ultra": f"{name}_ultra",
        "portrait ultra": f"{name}_portrait_ultra",
        "relaxed": f"{name}_ultra_relaxed",
        "portrait relaxed": f"{name}_portrait_ultra_relaxed",
    }


def _one(keys: Mapping[str, str]) -> dict[str, str]:
    """Add the keys for the first frame alone: those without `_fl`."""
    alone = {
        f"one {words}".strip(): key.removesuffix("_fl")
        for words, key in keys.items()
        if key.endswith("_fl")
    }
    return {**{words: key for words, key in keys.items() if words}, **alone}
