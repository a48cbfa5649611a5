"""The default prices: the operator's table, and what is derived from the upstream's.

The table has prices of its own for the models of its time. All others come from the units that
the upstream takes, at the rate of the table's kling-v1 in mode std: 5 currency units for the one
unit of a video of 5 seconds; and of its kling-v1-5 images: 5 for the four image units of one.

A row that names fewer dimensions is the dearest of its kind, so that a request which leaves
something open, or says something new, is never priced below what it may cost.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

from plugway import TariffRow
from plugway_kling import price_keys
from plugway_kling.listed import listed

#: Currency units for one unit, and for one image unit, of the upstream.
PER_UNIT = Decimal(5)
PER_IMAGE_UNIT = Decimal("1.25")

Dimensions = Mapping[str, str]

_SILENT = {"sound": "off"}
_UNVOICED = {"sound": "on", "voice": "no"}
_NO_VIDEO_SILENT = {"video": "no", "sound": "off"}
_NO_VIDEO_SOUND = {"video": "no", "sound": "on"}

#: Units a second: for each model, rows of mode std, pro and 4k, the dearest first.
_SECONDS: Mapping[str, tuple[tuple[Dimensions, tuple[str, ...]], ...]] = {
    "kling-video_kling-v2-1": (({}, ("0.4", "0.7")),),
    "kling-video_kling-v2-5-turbo": (({}, ("0.3", "0.5")),),
    "kling-video_kling-2.5-turbo": (({}, ("0.3", "0.5")),),
    "kling-video_kling-v2-6": (
        ({}, ("1.2", "1.2")),
        (_UNVOICED, ("1.0", "1.0")),
        (_SILENT, ("0.3", "0.5")),
    ),
    "kling-video_kling-2.6": (
        ({}, ("1.2", "1.2")),
        (_UNVOICED, ("1.0", "1.0")),
        (_SILENT, ("0.3", "0.5")),
    ),
    "kling-video_kling-v3": (
        ({}, ("0.9", "1.2", "3.0")),
        (_SILENT, ("0.6", "0.8", "3.0")),
    ),
    "kling-video_kling-3.0": (
        ({}, ("0.9", "1.2", "3.0")),
        (_SILENT, ("0.6", "0.8", "3.0")),
    ),
    "kling-video_kling-3.0-turbo": (({}, ("0.8", "1.0")),),
    "kling-omni-video_kling-video-o1": (
        ({}, ("0.9", "1.2")),
        ({"video": "no"}, ("0.6", "0.8")),
    ),
    "kling-omni-video_kling-o1": (
        ({}, ("0.9", "1.2")),
        ({"video": "no"}, ("0.6", "0.8")),
    ),
    "kling-omni-video_kling-v3-omni": (
        ({}, ("0.9", "1.2", "3.0")),
        (_NO_VIDEO_SOUND, ("0.8", "1.0", "3.0")),
        (_NO_VIDEO_SILENT, ("0.6", "0.8", "3.0")),
    ),
    "kling-omni-video_kling-3.0-omni": (
        ({}, ("0.9", "1.2", "3.0")),
        (_NO_VIDEO_SOUND, ("0.8", "1.0", "3.0")),
        (_NO_VIDEO_SILENT, ("0.6", "0.8", "3.0")),
    ),
    "kling-motion-control_kling-v2-6": (({}, ("0.5", "0.8")),),
    "kling-motion-control_kling-2.6": (({}, ("0.5", "0.8")),),
    "kling-motion-control_kling-v3": (({}, ("0.9", "1.2")),),
    "kling-motion-control_kling-3.0": (({}, ("0.9", "1.2")),),
    "kling-avatar": (({}, ("0.4", "0.8")),),
}
_MODES = ("std", "pro", "4k")

#: Units a call. Where the upstream publishes none, that of the nearest which it does: an
#: extension costs what it did for the dearest model, an effect as much, an element as a voice.
_CALLS: Mapping[str, str] = {
    "kling-video-extend": "3.5",
    "kling-effects": "3.5",
    "kling-identify-face": "0.05",
    "kling-tts": "0.05",
    "kling-text-to-audio": "0.25",
    "kling-video-to-audio": "0.25",
    "kling-custom-voices": "0.05",
    "kling-custom-elements": "0.05",
    "kling-image-recognize": "0.1",
}

#: Image units an image.
_IMAGES: tuple[tuple[str, Dimensions, str], ...] = (
    ("kling-image_kling-v2", {}, "8"),
    ("kling-image_kling-v2", {"input": "text"}, "4"),
    ("kling-image_kling-v2-new", {}, "8"),
    ("kling-image_kling-v2-1", {}, "8"),
    ("kling-image_kling-v2-1", {"input": "text"}, "4"),
    ("kling-image_kling-v3", {}, "8"),
    ("kling-omni-image_kling-image-o1", {}, "16"),
    ("kling-omni-image_kling-image-o1", {"resolution": "1k"}, "8"),
    ("kling-omni-image_kling-image-o1", {"resolution": "2k"}, "8"),
    ("kling-omni-image_kling-v3-omni", {}, "16"),
    ("kling-omni-image_kling-v3-omni", {"resolution": "1k"}, "8"),
    ("kling-omni-image_kling-v3-omni", {"resolution": "2k"}, "8"),
    ("kling-expand", {}, "8"),
    ("kling-virtual-try-on_kolors-virtual-try-on-v1", {}, "20"),
    ("kling-virtual-try-on_kolors-virtual-try-on-v1-5", {}, "20"),
)

#: What costs nothing, and says so.
_FREE = (
    price_keys.QUERY,
    "kling-delete-selection",
    "kling-clear-selection",
    "kling-preview-selection",
    "kling-delete-voices",
    "kling-delete-elements",
)


def rows() -> Iterator[TariffRow]:
    """Yield every default price: the operator's 41, then the derived ones."""
    yield from listed()
    yield from _videos()
    yield from _images()
    for key, units in _CALLS.items():
        yield TariffRow(key=key, price=_price(units, PER_UNIT))
    yield TariffRow(key="kling-ai-multi-shot", price=_price("20", PER_IMAGE_UNIT))
    for key in _FREE:
        yield TariffRow(key=key, price="0")
    unit = price_keys.UNIT
    yield TariffRow(key=unit, unit="unit", price=str(PER_UNIT))
    yield TariffRow(
        key=unit, unit="unit", price=str(PER_IMAGE_UNIT), dimensions={"package": "image"}
    )


def _videos() -> Iterator[TariffRow]:
    for key, groups in _SECONDS.items():
        for dimensions, prices in groups:
            for mode, units in zip(_MODES, prices, strict=False):
                yield TariffRow(
                    key=key,
                    unit="second",
                    price=_price(units, PER_UNIT),
                    dimensions={"mode": mode, **dimensions},
                )
    # Half a unit for each five seconds.
    yield TariffRow(key="kling-lip-sync", unit="second", price=_price("0.1", PER_UNIT))


def _images() -> Iterator[TariffRow]:
    for key, dimensions, units in _IMAGES:
        price = _price(units, PER_IMAGE_UNIT)
        yield TariffRow(key=key, unit="image", price=price, dimensions=dimensions)
    # The documented model of this year, at the price of the one that it replaces.
    yield TariffRow(key="kling-multi-image2image_kling-v2-1", unit="image", price="30")


def _price(units: str, rate: Decimal) -> str:
    price = Decimal(units) * rate
    return format(price.normalize(), "f")


def models() -> tuple[str, ...]:
    """Return every model that has a price, and the names that stand for endpoints without one.

    Example:
        >>> models()[:2]
        ('kling-v1', 'kling-v1-5')
    """
    without = {price_keys.QUERY, price_keys.UNIT}
    named = (row.key for row in rows() if row.key not in without and "selection" not in row.key)
    return tuple(dict.fromkeys(key.partition("_")[2] or key for key in named))
