"""The models of the emulated service, as requests name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

#: What an account has paid for, least first.
Tier = Literal["PAYGATE_TIER_NOT_PAID", "PAYGATE_TIER_ONE", "PAYGATE_TIER_TWO"]
TIERS: tuple[Tier, ...] = ("PAYGATE_TIER_NOT_PAID", "PAYGATE_TIER_ONE", "PAYGATE_TIER_TWO")

#: What is done, as the paths of submits have it.
Act = Literal[
    "Text", "StartImage", "StartAndEndImage", "ReferenceImages", "ExtendVideo", "Upsample"
]

#: Models of images (reference §5.3).
IMAGES = ("GEM_PIX", "GEM_PIX_2", "NARWHAL", "IMAGEN_3_5")

#: Aspects, without what comes before them.
LANDSCAPE, PORTRAIT = "LANDSCAPE", "PORTRAIT"
ASPECTS = (LANDSCAPE, PORTRAIT, "SQUARE", "LANDSCAPE_FOUR_THREE", "PORTRAIT_THREE_FOUR")


class VideoModel(msgspec.Struct, frozen=True, kw_only=True):
    """Is one model of videos.

    Attributes:
        key: Its name.
        act: What it does.
        aspect: The only aspect that it makes; empty: any.
        tier: The least that an account must have paid for.
        cost: Credits for one video.
        seconds: How long a video lasts; 0: as long as what it is made of.
        least: Fewest images.
        most: Most images.
    """

    key: str
    act: Act
    aspect: str = ""
    tier: Tier = "PAYGATE_TIER_NOT_PAID"
    cost: int = 20
    seconds: float = 8.0
    least: int = 0
    most: int = 0


#: Credits of Omni by its seconds, as sources quote the site's own list.
_OMNI = {"4s": 7, "6s": 10, "8s": 12, "10s": 15}

_PLANS = ("", "_ultra", "_ultra_relaxed")
_LENGTHS = ("_4s", "_6s")


def _cost(key: str) -> int:
    if key.endswith(("_relaxed", "_low_priority")):
        return 0
    if key.startswith("abra_"):
        return _OMNI[key.rpartition("_")[2]]
    if "_lite" in key or key.startswith("veo_2"):
        return 10
    if "_fast" in key:
        return 10 if "_ultra" in key else 20
    return 100


def _model(key: str, act: Act, aspect: str = "", *, least: int = 0, most: int = 0) -> VideoModel:
    length = re.search(r"_(\d+)s(_|$)", key)
    ultra = "_ultra" in key or key.endswith(("_relaxed", "_low_priority"))
    return VideoModel(
        key=key,
        act=act,
        aspect=aspect,
        tier="PAYGATE_TIER_TWO" if ultra else "PAYGATE_TIER_NOT_PAID",
        cost=_cost(key),
        seconds=float(length[1]) if length else 8.0,
        least=least,
        most=most,
    )


def _texts() -> Iterator[VideoModel]:
    for plan in _PLANS:
        yield _model(f"veo_3_1_t2v_fast{plan}", "Text", LANDSCAPE)
        yield _model(f"veo_3_1_t2v_fast_portrait{plan}", "Text", PORTRAIT)
    yield _model("veo_3_1_t2v", "Text", LANDSCAPE)
    yield _model("veo_3_1_t2v_portrait", "Text", PORTRAIT)
    # With a length there is no key of its own for portraits, and never of Lite.
    for length in _LENGTHS:
        yield _model(f"veo_3_1_t2v_fast{length}", "Text")
        yield _model(f"veo_3_1_t2v_fast{length}_relaxed", "Text")
        yield _model(f"veo_3_1_t2v_quality{length}", "Text")
    for length in ("", *_LENGTHS):
        yield _model(f"veo_3_1_t2v_lite{length}", "Text")
        yield _model(f"veo_3_1_t2v_lite{length}_low_priority", "Text")
    for key in ("veo_2_1_fast_d_15_t2v", "veo_2_0_t2v"):
        yield _model(key, "Text")


def _frames() -> Iterator[VideoModel]:
    for aspect, only in (("", ""), ("_portrait", PORTRAIT)):
        yield from _starts(f"veo_3_1_i2v_s{aspect}", only)
        for plan in _PLANS:
            yield from _starts(f"veo_3_1_i2v_s_fast{aspect}{plan}", only)
            # Sources differ in where the mark for two frames is.
            if plan:
                key = f"veo_3_1_i2v_s_fast{aspect}_fl{plan}"
                yield _model(key, "StartAndEndImage", only, least=1, most=2)
        # The reference has the same key for one and for two.
        key = f"veo_3_1_i2v_s_fast{aspect}_ultra_relaxed"
        yield _model(key, "StartAndEndImage", only, least=1, most=2)
    for length in _LENGTHS:
        for family in ("lite", "fast", "quality"):
            yield from _starts(f"veo_3_1_i2v_s_{family}{length}", "")
    yield _model("veo_3_1_i2v_lite", "StartImage", least=1, most=1)
    yield _model("veo_3_1_interpolation_lite", "StartAndEndImage", least=2, most=2)
    for key in ("veo_2_1_fast_d_15_i2v", "veo_2_0_i2v"):
        yield _model(key, "StartImage", least=1, most=1)
        yield _model(key, "StartAndEndImage", least=1, most=2)


def _starts(name: str, only: str) -> Iterator[VideoModel]:
    yield _model(name, "StartImage", only, least=1, most=1)
    yield _model(f"{name}_fl", "StartAndEndImage", only, least=1, most=2)


def _references() -> Iterator[VideoModel]:
    yield from _shown("veo_3_0_r2v_fast")
    for aspect in (LANDSCAPE, PORTRAIT):
        for plan in _PLANS:
            yield from _shown(f"veo_3_1_r2v_fast_{aspect.lower()}{plan}", aspect)


def _shown(key: str, aspect: str = "") -> Iterator[VideoModel]:
    """Yield a model of references: with none it is asked for as one of text is."""
    yield _model(key, "ReferenceImages", aspect, least=1, most=3)
    yield _model(key, "Text", aspect)


def _omni() -> Iterator[VideoModel]:
    for length in _OMNI:
        yield _model(f"abra_t2v_{length}", "Text")
        yield _model(f"abra_i2v_{length}", "StartImage", least=1, most=1)
        yield from _shown(f"abra_r2v_{length}")


def _others() -> Iterator[VideoModel]:
    for aspect in (LANDSCAPE, PORTRAIT):
        yield _model(f"veo_3_1_extend_{aspect.lower()}", "ExtendVideo", aspect)
        for plan in _PLANS:
            yield _model(f"veo_3_1_extend_fast_{aspect.lower()}{plan}", "ExtendVideo", aspect)
    for key, tier, cost in (("1080p", TIERS[1], 0), ("4k", TIERS[2], 50)):
        name = f"veo_3_1_upsampler_{key}"
        yield VideoModel(key=name, act="Upsample", tier=tier, cost=cost, seconds=0)


#: Models of videos by key and act (reference §5.7, and the site's list as sources quote it).
VIDEOS: dict[tuple[str, Act], VideoModel] = {
    (model.key, model.act): model
    for models in (_texts(), _frames(), _references(), _omni(), _others())
    for model in models
}
