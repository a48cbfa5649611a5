"""The operator's own price list: 41 prices in currency units, by key, mode and seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from plugway import TariffRow

#: A task of 5 and 10 seconds in mode std, then in mode pro.
VIDEOS: Mapping[str, tuple[str, str, str, str]] = {
    "kling-video_kling-v1": ("5", "10", "15", "30"),
    "kling-video_kling-v1-5": ("5", "10", "15", "30"),
    "kling-video_kling-v1-6": ("10", "20", "30", "60"),
    "kling-video_kling-v2-master": ("15", "30", "45", "90"),
    "kling-video_kling-v2-1-master": ("15", "30", "45", "90"),
    "kling-multi-image2video_kling-v1-6": ("30", "60", "90", "180"),
    "kling-multi-elements_kling-v1-6": ("50", "100", "150", "300"),
}

#: An image in mode std, then in mode pro.
IMAGES: Mapping[str, tuple[str, str]] = {
    "kling-image_kling-v1": ("5", "15"),
    "kling-image_kling-v1-5": ("5", "15"),
    "kling-image_kling-v1-6": ("10", "30"),
    "kling-image_kling-v2-master": ("15", "45"),
    "kling-image_kling-v2-1-master": ("15", "45"),
}

#: An image whatever its mode.
MULTI_IMAGES: Mapping[str, str] = {"kling-multi-image2image_kling-v2": "30"}

#: A call.
SELECTIONS: Mapping[str, str] = {"kling-init-selection": "5", "kling-add-selection": "2"}

#: Keys whose videos have one price for a whole task.
PER_TASK = frozenset(VIDEOS)


def listed() -> Iterator[TariffRow]:
    """Yield the 41 rows."""
    for key, (std_5, std_10, pro_5, pro_10) in VIDEOS.items():
        for mode, seconds, price in (
            ("std", "5", std_5),
            ("std", "10", std_10),
            ("pro", "5", pro_5),
            ("pro", "10", pro_10),
        ):
            yield TariffRow(key=key, price=price, dimensions={"mode": mode, "duration": seconds})
    for key, (std, pro) in IMAGES.items():
        yield TariffRow(key=key, unit="image", price=std, dimensions={"mode": "std"})
        yield TariffRow(key=key, unit="image", price=pro, dimensions={"mode": "pro"})
    for key, price in MULTI_IMAGES.items():
        yield TariffRow(key=key, unit="image", price=price)
    for key, price in SELECTIONS.items():
        yield TariffRow(key=key, price=price)
