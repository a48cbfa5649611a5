"""What a request uses, in the units of the tariff.

Where a request leaves open what its price depends on, the dearest reading counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from plugway import Usage
from plugway_kling.listed import PER_TASK

#: Units that one settlement may name; the dearest documented task takes 60.
MOST_UNITS = 10_000


def video(key: str, seconds: int, dimensions: Mapping[str, str]) -> tuple[Usage, ...]:
    """State one video.

    Args:
        key: Tariff key. Those of the operator's table are priced for a whole task of a mode
            and a duration, all others for a second.
        seconds: Its length.
        dimensions: What else its price may depend on: mode, sound, voice, video.

    Example:
        >>> video("kling-video_kling-v3", 7, {"mode": "pro"})[0].quantity
        Decimal('7')
    """
    if key in PER_TASK:
        stated = {**dimensions, "duration": str(seconds)}
        return (Usage(key=key, dimensions=stated, videos=1),)
    quantity = Decimal(seconds)
    return (
        Usage(key=key, unit="second", quantity=quantity, dimensions=dict(dimensions), videos=1),
    )


def images(key: str, count: int, dimensions: Mapping[str, str] | None = None) -> tuple[Usage, ...]:
    """State images.

    Args:
        key: Tariff key.
        count: How many.
        dimensions: What else their price may depend on: mode, input, resolution.

    Example:
        >>> images("kling-image_kling-v1", 9)[0].unit
        'image'
    """
    quantity = Decimal(count)
    stated = dict(dimensions or {})
    return (Usage(key=key, unit="image", quantity=quantity, dimensions=stated, images=count),)


def yes_no(value: object) -> str:
    """Return a dimension's word for whether something is there.

    Example:
        >>> yes_no([]), yes_no(["voice"])
        ('no', 'yes')
    """
    return "yes" if value else "no"


def whole_seconds(value: object, most: int) -> int | None:
    """Read a length that the upstream told, such as "5.041".

    Args:
        value: Text or number.
        most: The longest possible: what was held.

    Returns:
        Whole seconds, rounded half up, from 1 to `most`; None: it is no length.

    Example:
        >>> whole_seconds("5.041", 15), whole_seconds("", 15), whole_seconds("1e9", 15)
        (5, None, 15)
    """
    length = _number(value)
    if length is None or length <= 0:
        return None
    if length >= most:
        return most
    return max(1, int(length.quantize(Decimal(1), rounding=ROUND_HALF_UP)))


def units(value: object) -> Decimal | None:
    """Read a deduction that the upstream told, such as "1.5".

    Args:
        value: Text or number.

    Returns:
        Units; None: it is no number, below 0, absurdly many or absurdly fine.

    Example:
        >>> units("1.5"), units("-1"), units(None)
        (Decimal('1.5'), None, None)
    """
    number = _number(value)
    if number is None or not 0 <= number <= MOST_UNITS:
        return None
    exponent = number.as_tuple().exponent
    return number if isinstance(exponent, int) and exponent >= -6 else None


def _number(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = str(value)
    if len(text) > 40:
        return None
    try:
        number = Decimal(text)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
