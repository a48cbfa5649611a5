"""Tariff keys, their old names, and other spellings of models."""

from __future__ import annotations

from collections.abc import Mapping

from plugway import TariffRow

VIDEO = "kling-video"
OMNI_VIDEO = "kling-omni-video"
MULTI_IMAGE_VIDEO = "kling-multi-image2video"
MULTI_ELEMENTS = "kling-multi-elements"
MOTION_CONTROL = "kling-motion-control"
IMAGE = "kling-image"
MULTI_IMAGE = "kling-multi-image2image"
OMNI_IMAGE = "kling-omni-image"

#: What costs nothing: queries and lists of presets. Its row says so.
QUERY = "kling-query"

#: One of the upstream's own units, for settlements by what it says it took.
UNIT = "kling-unit"

#: Spellings of earlier gateways; the upstream gets the official one, so no other price applies.
ALIASES: Mapping[str, str] = {"kling-v1.5": "kling-v1-5", "v1.5": "kling-v1-5"}

#: Dimensions that the old names spell out, in their order.
_NAMED = ("mode", "duration")


def official(model: str) -> str:
    """Return a model's official spelling; any other name stays as it is, to the letter.

    Example:
        >>> official("kling-v1.5"), official("Kling-V1-5")
        ('kling-v1-5', 'Kling-V1-5')
    """
    return ALIASES.get(model, model)


def key_of(prefix: str, model: str) -> str:
    """Return the tariff key of a model.

    Example:
        >>> key_of(VIDEO, "kling-v1")
        'kling-video_kling-v1'
    """
    return f"{prefix}_{official(model)}"


def old_name(row: TariffRow) -> str:
    """Return the name that earlier gateways have for a price.

    Example:
        >>> dimensions = {"mode": "pro", "duration": "10"}
        >>> old_name(TariffRow(key="kling-video_kling-v1", price="30", dimensions=dimensions))
        'kling-video_kling-v1_pro_10'
    """
    parts = [row.dimensions[name] for name in _NAMED if name in row.dimensions]
    return "_".join([row.key, *parts])
