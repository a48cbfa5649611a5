"""The shape that a request asks for, among those that a model has."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from plugway_flow.model_settings import AspectName

#: Width to height. What the upstream calls landscape and portrait is 16:9 and 9:16.
RATIOS: Mapping[AspectName, tuple[int, int]] = {
    "landscape": (16, 9),
    "portrait": (9, 16),
    "square": (1, 1),
    "four-three": (4, 3),
    "three-four": (3, 4),
}

_WIDE = frozenset({"landscape", "four-three"})
_RATIO = re.compile(r"([1-9][0-9]{0,4})[:x/]([1-9][0-9]{0,4})")


def ratio(aspect: AspectName) -> str:
    """Return a shape as clients write it.

    Example:
        >>> ratio("four-three")
        '4:3'
    """
    width, height = RATIOS[aspect]
    return f"{width}:{height}"


def nearest(text: str, aspects: Sequence[AspectName], *, about: bool = False) -> AspectName | None:
    """Return the shape that is meant.

    One of the five must be there as it is. Any other is the nearest one that lies the same way:
    no wide one is made of an upright one, or of a square.

    Args:
        text: Such as `16:9`, `1024x1792` or `portrait`.
        aspects: Those that there are.
        about: It was made of a size in pixels, so that none of the five is meant as it is.

    Returns:
        None: there is none, or it is no shape.

    Example:
        >>> nearest("4:7", ["landscape", "portrait"])
        'portrait'
        >>> nearest("3:2", ["landscape", "square", "four-three"])
        'four-three'
        >>> nearest("4:3", ["landscape", "portrait"]) is None
        True
    """
    text = text.strip().lower().replace("_", "-")
    found = _RATIO.fullmatch(text)
    if found is None:
        return next((aspect for aspect in aspects if aspect == text), None)
    width, height = int(found[1]), int(found[2])
    exact = [aspect for aspect, (w, h) in RATIOS.items() if width * h == height * w]
    if exact and (exact[0] in aspects or exact[0] == "square" or not about):
        return exact[0] if exact[0] in aspects else None
    wide = width > height
    # What is almost square is square, where the model has that.
    alike = [one for one in aspects if one == "square" or (one in _WIDE) == wide]

    def distance(aspect: AspectName) -> float:
        across, up = RATIOS[aspect]
        return abs(math.log(width * up / (height * across)))

    return min(alike, key=distance, default=None)
