"""The default prices: what Google publishes for its own API; PRICES.md says where.

A model of the operator's that names no tariff key and has no price of its own is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from plugway import TariffRow
from plugway_flow.model_table import table
from plugway_flow.models import price_key

#: Currency units for one image, as it is and made larger.
IMAGES: Mapping[str, Mapping[str, str]] = {
    "gemini-2.5-flash-image": {"": "0.039"},
    "gemini-3.0-pro-image": {"": "0.134", "2k": "0.168", "4k": "0.24"},
    "gemini-3.1-flash-image": {"": "0.067", "2k": "0.101", "4k": "0.151"},
    "imagen-4.0-generate-preview": {"": "0.04"},
}

#: Currency units for a second of video.
SECOND: Mapping[str, str] = {
    "veo_3_1_t2v_fast": "0.15",
    "veo_3_1_t2v": "0.40",
    "veo_3_1_t2v_lite": "0.05",
    "veo_2_1_fast_d_15_t2v": "0.15",
    "veo_2_0_t2v": "0.35",
    "veo_3_1_i2v_s_fast_fl": "0.15",
    "veo_3_1_i2v_s": "0.40",
    "veo_3_1_i2v_lite": "0.05",
    "veo_3_1_interpolation_lite": "0.05",
    "veo_2_1_fast_d_15_i2v": "0.15",
    "veo_2_0_i2v": "0.35",
    "veo_3_1_r2v_fast": "0.15",
    "veo_3_0_r2v_fast": "0.15",
    "veo_3_1_extend": "0.40",
    # What is paid for is the making larger.
    "veo_3_1_upsampler": "0",
    "omni": "0.10",
}

#: What comes on top for a second that is made larger.
LARGER: Mapping[str, str] = {"1080p": "0.03", "4k": "0.20"}

#: Seconds of a video whose length is not known.
USUAL = 8


def rows() -> Iterator[TariffRow]:
    """Yield the default prices: of an image, and of a video by its length.

    The row without a length is for the usual one.
    """
    models = table()
    for name, prices in IMAGES.items():
        for resolution, price in prices.items():
            key = price_key(name, models[name], resolution)
            yield TariffRow(key=key, unit="image", price=price)
    for name, price in SECOND.items():
        model = models[name]
        plain = () if model.type == "upscale" else ("",)
        for resolution in (*plain, *model.resolutions):
            key = price_key(name, model, resolution)
            second = Decimal(price) + Decimal(LARGER.get(resolution, "0"))
            usual = next(iter(model.seconds), USUAL)
            yield TariffRow(key=key, unit="video", price=str(second * usual))
            for length in model.seconds[1:]:
                yield TariffRow(
                    key=key,
                    unit="video",
                    price=str(second * length),
                    dimensions={"seconds": str(length)},
                )
